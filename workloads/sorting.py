"""Sorting: integers, strings, tuples and objects, with keys, comparison functions and __lt__."""

from functools import cmp_to_key
from operator import itemgetter

from common import Numbers, fold, main


class Version:
    __slots__ = ("parts",)

    def __init__(self, parts):
        self.parts = parts

    def __lt__(self, other):
        return self.parts < other.parts


def sample(count, seed, limit):
    numbers = Numbers(seed)
    return [numbers.below(limit) for _ in range(count)]


INTEGERS = sample(4000, 1, 10**6)
STRINGS = [f"{value:x}" for value in sample(2500, 2, 10**6)]
TUPLES = [(value % 50, value, -value) for value in sample(2500, 3, 10**6)]
VERSIONS = [Version((value // 1000, value % 1000)) for value in sample(700, 4, 10**6)]


def quicksort(items):
    if len(items) < 2:
        return items
    pivot = items[len(items) // 2]
    return (quicksort([x for x in items if x < pivot]) + [x for x in items if x == pivot]
            + quicksort([x for x in items if x > pivot]))


def work():
    out = [sorted(INTEGERS)[100], sorted(INTEGERS, reverse=True)[100], quicksort(INTEGERS[:1200])[9]]
    out.append(int(sorted(STRINGS)[77], 16))
    out.append(int(sorted(STRINGS, key=len)[5], 16))
    out.append(sorted(TUPLES)[300][1])
    out.append(sorted(TUPLES, key=itemgetter(0, 2))[300][1])
    out.append(sorted(VERSIONS)[50].parts[1])
    out.append(sorted(INTEGERS[:700], key=cmp_to_key(lambda a, b: a % 1000 - b % 1000))[50])
    almost = sorted(INTEGERS)
    almost[500:510] = almost[509:499:-1]
    almost.sort()
    return fold(out + almost[::500])


if __name__ == "__main__":
    main(work, 884049391)
