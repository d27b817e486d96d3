"""What all workloads share: their command line, and numbers that are the same on every Python."""

import sys


class Numbers:
    """A linear congruential generator; its upper bits serve as the numbers."""

    __slots__ = ("state",)

    def __init__(self, seed):
        self.state = seed

    def below(self, limit):
        self.state = (self.state * 6364136223846793005 + 1442695040888963407) & 0xFFFFFFFFFFFFFFFF
        return (self.state >> 33) % limit


def shuffled(items, seed):
    numbers = Numbers(seed)
    items = list(items)
    for i in range(len(items) - 1, 0, -1):
        j = numbers.below(i + 1)
        items[i], items[j] = items[j], items[i]
    return items


def fold(values):
    """One number for a sequence of integers, in which their order counts."""
    total = 0
    for value in values:
        total = (total * 1000003 + value) % 2147483647
    return total


def loops_wanted(arguments):
    """The number of iterations: the only argument, an integer from 0."""
    text = arguments[1] if len(arguments) == 2 else ""
    if not (text.isascii() and text.isdigit()):
        print(f"usage: {arguments[0]} LOOPS (an integer from 0)", file=sys.stderr)
        sys.exit(2)
    return int(text)


def main(work, expected):
    """Does the work LOOPS times; a result other than the expected one ends the program with 1."""
    for _ in range(loops_wanted(sys.argv)):
        found = work()
        if found != expected:
            sys.exit(f"{sys.argv[0]}: the result is {found!r}, it must be {expected!r}")
