"""Roads between towns: shortest ways, components, an order of works, a maximal flow."""
import heapq
import random
from collections import deque
from math import inf


class Map:
    def __init__(self, draw, towns, roads):
        self.near = {t: {} for t in range(towns)}
        for _ in range(roads):
            a, b = draw.randrange(towns), draw.randrange(towns)
            if a != b:
                self.near[a][b] = self.near[b][a] = draw.randrange(1, 60)

    def distances(self, start):
        best, todo = {start: 0}, [(0, start)]
        while todo:
            far, town = heapq.heappop(todo)
            if far > best[town]:
                continue
            for other, length in self.near[town].items():
                if far + length < best.get(other, inf):
                    best[other] = far + length
                    heapq.heappush(todo, (far + length, other))
        return best

    def components(self):
        seen = {}
        for start in self.near:
            if start in seen:
                continue
            todo = deque([start])
            while todo:
                town = todo.popleft()
                if seen.setdefault(town, start) == start:
                    todo.extend(t for t in self.near[town] if t not in seen)
        return len(set(seen.values()))

    def spanning(self):
        parent = list(self.near)

        def root(t):
            while parent[t] != t:
                parent[t] = t = parent[parent[t]]
            return t

        total = 0
        for length, a, b in sorted((n, a, b) for a, row in self.near.items() for b, n in row.items() if a < b):
            a, b = root(a), root(b)
            if a != b:
                parent[a] = b
                total += length
        return total


def flow(capacity, source, sink):
    total = 0
    while True:
        came, todo = {source: None}, deque([source])
        while todo and sink not in came:
            here = todo.popleft()
            for there, free in capacity[here].items():
                if free > 0 and there not in came:
                    came[there] = here
                    todo.append(there)
        if sink not in came:
            return total
        way, t = [], sink
        while (s := came[t]) is not None:
            way.append((s, t))
            t = s
        most = min(capacity[s][t] for s, t in way)
        for s, t in way:
            capacity[s][t] -= most
            capacity[t][s] = capacity[t].get(s, 0) + most
        total += most


if __name__ == "__main__":
    draw = random.Random(21)
    m = Map(draw, 260, 560)
    far = sum(sum(m.distances(t).values()) for t in range(0, 260, 10))
    pipes = {a: dict(row) for a, row in m.near.items()}
    print(far, m.components(), m.spanning(), flow(pipes, 0, 259))
