"""Structural pattern matching: literals, sequences, mappings, classes, captures and guards."""

from common import Numbers, main


class Leaf:
    __match_args__ = ("value",)

    def __init__(self, value):
        self.value = value


class Branch:
    __match_args__ = ("operator", "left", "right")

    def __init__(self, operator, left, right):
        self.operator, self.left, self.right = operator, left, right


def simplified(node):
    match node:
        case Leaf():
            return node
        case Branch("*", Leaf(0), _) | Branch("*", _, Leaf(0)):
            return Leaf(0)
        case Branch("+", Leaf(0), other) | Branch("+", other, Leaf(0)):
            return simplified(other)
        case Branch(operator, left, right):
            return Branch(operator, simplified(left), simplified(right))


def value_of(node):
    match node:
        case Leaf(value):
            return value
        case Branch("+", left, right):
            return value_of(left) + value_of(right)
        case Branch("*", left, right):
            return value_of(left) * value_of(right) % 1009
        case Branch("-", left, right):
            return value_of(left) - value_of(right)


def command(words):
    match words:
        case ["go", ("north" | "south") as where]:
            return len(where)
        case ["go", *rest] if len(rest) > 1:
            return len(rest)
        case ["take", {"item": str(name), **others}]:
            return len(name) + len(others)
        case ["set", int(x), float() | int() as y]:
            return x + int(y)
        case []:
            return 1
        case _:
            return 2


COMMANDS = [
    ["go", "north"], ["go", "left", "right"], ["take", {"item": "lamp", "count": 2, "lit": True}],
    ["set", 3, 4.5], ["set", 3, "x"], [], "text", ["take", {}], ["go", "south"],
]


def tree(numbers, depth):
    if depth == 0:
        return Leaf(numbers.below(6))
    operator = "+*-"[numbers.below(3)]
    return Branch(operator, tree(numbers, depth - 1), tree(numbers, depth - 1))


TREE = tree(Numbers(71), 9)


def work():
    total = 0
    for _ in range(4):
        total += value_of(TREE) - value_of(simplified(TREE))
        total += value_of(TREE)
    for i in range(800):
        for words in COMMANDS:
            total += command(words)
    return total


if __name__ == "__main__":
    main(work, 28788)
