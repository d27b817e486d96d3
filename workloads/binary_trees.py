"""Allocation: perfect binary trees of tuples, lists and objects, built, walked and dropped."""

from common import main


class Node:
    __slots__ = ("left", "right")

    def __init__(self, left, right):
        self.left = left
        self.right = right

    def count(self):
        return 1 + self.left.count() + self.right.count() if self.left else 1


def objects(depth):
    return Node(objects(depth - 1), objects(depth - 1)) if depth else Node(None, None)


def tuples(depth):
    return (tuples(depth - 1), tuples(depth - 1)) if depth else ()


def lists(depth):
    return [lists(depth - 1), lists(depth - 1)] if depth else []


def count(tree):
    return 1 + count(tree[0]) + count(tree[1]) if tree else 1


def work():
    kept = tuples(10)
    total = 0
    for depth in range(4, 12):
        total += objects(depth).count() + count(tuples(depth)) - count(lists(depth - 1))
    return total + count(kept)


if __name__ == "__main__":
    main(work, 14279)
