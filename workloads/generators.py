"""Generators: plain ones, recursion with yield from, generator expressions, send() and close()."""

from common import main, shuffled


class Node:
    def __init__(self, key):
        self.key = key
        self.left = self.right = None

    def insert(self, key):
        node = self
        while True:
            side = "left" if key < node.key else "right"
            below = getattr(node, side)
            if below is None:
                setattr(node, side, Node(key))
                return
            node = below

    def __iter__(self):
        if self.left:
            yield from self.left
        yield self.key
        if self.right:
            yield from self.right


def running_mean():
    total = count = 0
    mean = None
    while True:
        total += yield mean
        count += 1
        mean = total // count


def pairs(source):
    previous = next(source)
    for item in source:
        yield previous, item
        previous = item


KEYS = shuffled(range(900), 11)
TREE = Node(450)
for number in KEYS:
    TREE.insert(number)


def work():
    total = 0
    for _ in range(5):
        total += sum(b - a for a, b in pairs(iter(TREE)))
        total += sum(key * key for key in TREE if key & 1)
    means = running_mean()
    next(means)
    for key in KEYS:
        total += means.send(key)
    means.close()
    return total


if __name__ == "__main__":
    main(work, 607917005)
