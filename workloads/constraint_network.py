"""A network of one-way and two-way constraints that plans and propagates: small methods, many objects."""

from collections import deque

from common import main


class Cell:
    def __init__(self, value=0):
        self.value = value
        self.strength = 0
        self.source = None
        self.rules = []


class Rule:
    """A relation between cells; it writes one of them, the weakest that it may write."""

    def __init__(self, strength, cells):
        self.strength = strength
        self.cells = cells
        self.output = None
        for cell in cells:
            cell.rules.append(self)

    def writable(self):
        return self.cells

    def choose(self):
        weakest = min(self.writable(), key=strength_of)
        return weakest if weakest.strength < self.strength else None

    def inputs(self):
        return [cell for cell in self.cells if cell is not self.output]


class Fixed(Rule):
    def __init__(self, strength, cell, value):
        super().__init__(strength, [cell])
        self.value = value

    def compute(self):
        self.output.value = self.value


class Equal(Rule):
    def compute(self):
        (other,) = self.inputs()
        self.output.value = other.value


class Scaled(Rule):
    """b = a * factor + offset, in both directions."""

    def __init__(self, strength, a, b, factor, offset):
        super().__init__(strength, [a, b])
        self.factor, self.offset = factor, offset

    def compute(self):
        a, b = self.cells
        if self.output is b:
            b.value = a.value * self.factor + self.offset
        else:
            a.value = (b.value - self.offset) // self.factor


def strength_of(cell):
    return cell.strength


class Network:
    def __init__(self):
        self.enforced = 0

    def add(self, rule):
        """Enforces the rule; one that it overrides is tried elsewhere."""
        waiting = deque([rule])
        while waiting:
            current = waiting.popleft()
            output = current.choose()
            if output is None:
                continue
            overridden = output.source
            current.output = output
            output.source = current
            self.settle(output)
            self.enforced += 1
            if overridden is not None:
                overridden.output = None
                waiting.append(overridden)

    def remove(self, rule):
        output = rule.output
        for cell in rule.cells:
            cell.rules.remove(rule)
        if output is None:
            return
        output.source, output.strength, rule.output = None, 0, None
        self.settle(output)
        for other in sorted(output.rules, key=lambda found: -found.strength):
            if other.output is None:
                self.add(other)

    def settle(self, start):
        """Recomputes everything downstream of a cell."""
        waiting = deque([start])
        steps = 0
        while waiting and steps < 5000:
            steps += 1
            cell = waiting.popleft()
            rule = cell.source
            if rule is not None:
                strengths = [other.strength for other in rule.inputs()]
                cell.strength = min(strengths + [rule.strength])
                rule.compute()
            for other in cell.rules:
                if other is not rule and other.output is not None and other.output is not cell:
                    waiting.append(other.output)


def chain(length):
    network = Network()
    cells = [Cell() for _ in range(length)]
    for a, b in zip(cells, cells[1:]):
        network.add(Equal(50, [a, b]))
    network.add(Fixed(20, cells[-1], 7))
    total = 0
    for value in range(12):
        edit = Fixed(60, cells[0], value)
        network.add(edit)
        total += cells[-1].value
        network.remove(edit)
    return total + network.enforced


def projection(count):
    network = Network()
    total = 0
    pairs = []
    for i in range(count):
        source, target = Cell(), Cell()
        network.add(Scaled(50, source, target, 3, 5))
        network.add(Fixed(20, source, i))
        pairs.append((source, target))
    for i, (source, target) in enumerate(pairs):
        edit = Fixed(80, target, i * 3 + 8)
        network.add(edit)
        total += source.value + target.value
        network.remove(edit)
        total += target.value
    return total + network.enforced


def work():
    return chain(60) * 100000 + projection(250)


if __name__ == "__main__":
    main(work, 19923375)
