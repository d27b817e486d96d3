"""A discrete-event simulation of a factory: a heap of events, polymorphic stations, queues."""

from collections import deque
from heapq import heappop, heappush

from common import Numbers, main


class Part:
    def __init__(self, number, route):
        self.number = number
        self.route = route
        self.stage = 0

    def next_station(self):
        station = self.route[self.stage] if self.stage < len(self.route) else None
        self.stage += 1
        return station


class Station:
    def __init__(self, plant, seed):
        self.plant = plant
        self.waiting = deque()
        self.busy = False
        self.done = 0
        self.numbers = Numbers(seed)

    def accept(self, part):
        self.waiting.append(part)
        if not self.busy:
            self.start()

    def start(self):
        self.busy = True
        self.plant.after(self.duration(), self.finish, self.waiting.popleft())

    def finish(self, part):
        self.done += 1
        self.busy = False
        if self.waiting:
            self.start()
        self.plant.forward(self.outcome(part))

    def outcome(self, part):
        return part


class Lathe(Station):
    def duration(self):
        return 4 + self.numbers.below(5)


class Oven(Station):
    def duration(self):
        return 7


class Inspection(Station):
    def duration(self):
        return 1 + self.numbers.below(3)

    def outcome(self, part):
        if self.numbers.below(10) == 0:
            part.stage = 0
        return part


class Plant:
    def __init__(self):
        self.now = 0
        self.events = []
        self.sequence = 0
        self.finished = []
        self.stations = [Lathe(self, 1), Lathe(self, 2), Oven(self, 3), Inspection(self, 4)]

    def after(self, delay, action, part):
        self.sequence += 1
        heappush(self.events, (self.now + delay, self.sequence, action, part))

    def forward(self, part):
        station = part.next_station()
        if station is None:
            self.finished.append(part.number)
        else:
            station.accept(part)

    def run(self):
        while self.events:
            self.now, _, action, part = heappop(self.events)
            action(part)


def work():
    plant = Plant()
    first, second, oven, check = plant.stations
    routes = [[first, oven, check], [second, check, oven, check], [first, second, check]]
    for number in range(1800):
        plant.after(number * 5, plant.forward, Part(number, routes[number % 3]))
    plant.run()
    total = sum(i * number for i, number in enumerate(plant.finished))
    return plant.now, total, [station.done for station in plant.stations]


if __name__ == "__main__":
    main(work, (9279, 1942145685, [1331, 1387, 1319, 2706]))
