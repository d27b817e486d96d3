"""Enumerations: lookup by value and name, iteration, flags and their operators, use as keys."""

from enum import Enum, Flag, IntEnum, auto

from common import main


class Colour(Enum):
    RED = 1
    GREEN = 2
    BLUE = 3

    @property
    def brighter(self):
        return Colour(self.value % 3 + 1)


class Level(IntEnum):
    LOW = 10
    MIDDLE = 20
    HIGH = 30


class Access(Flag):
    READ = auto()
    WRITE = auto()
    RUN = auto()
    ALL = READ | WRITE | RUN


def work():
    counts = dict.fromkeys(Colour, 0)
    total = 0
    names = list(Colour.__members__)
    for i in range(2500):
        colour = Colour(i % 3 + 1)
        counts[colour.brighter] += 1
        total += Colour[names[i % 3]].value
        total += colour is Colour.RED
        total += Level.HIGH - Level(10 + i % 3 * 10)
        if Level.LOW < Level.MIDDLE <= i:
            total += len(colour.name)
    for i in range(700):
        access = Access.READ | Access(i % 8)
        if access & Access.WRITE:
            total += (access ^ Access.ALL).value
        total += Access.RUN in access
    for i in range(4):
        made = Enum("Made", ["A", "B", "C"])
        total += len(made)
    return total + sum(member.value * count for member, count in counts.items())


if __name__ == "__main__":
    main(work, 46826)
