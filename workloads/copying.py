"""copy and deepcopy: nested containers, instances, cycles and __deepcopy__."""

import copy

from common import main


class Leaf:
    def __init__(self, value):
        self.value = value
        self.notes = ["note", value]


class Tree:
    def __init__(self, depth):
        self.children = [Tree(depth - 1) for _ in range(2)] if depth else [Leaf(1), Leaf(2)]
        self.parent = None
        for child in self.children:
            child.parent = self

    def total(self):
        return sum(c.total() if isinstance(c, Tree) else c.value for c in self.children)


class Handle:
    def __init__(self, number):
        self.number = number

    def __deepcopy__(self, memo):
        return Handle(self.number + 1)


TREE = Tree(3)
TABLE = {f"row{i}": [i, (i, [i]), {"x": {i}}] for i in range(40)}


def work():
    total = 0
    for _ in range(8):
        total += copy.deepcopy(TREE).total()
        total += len(copy.deepcopy(TABLE)["row7"][1])
    for i in range(500):
        total += copy.copy(TREE).total() if i % 50 == 0 else len(copy.copy(TABLE))
        total += copy.deepcopy(Handle(i)).number
    return total


if __name__ == "__main__":
    main(work, 145298)
