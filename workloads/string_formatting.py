"""Formatting strings: f-strings, str.format, the % operator, format specifications and repr()."""

from common import fold, main


class Money:
    def __init__(self, cents):
        self.cents = cents

    def __format__(self, spec):
        return f"{self.cents // 100}.{self.cents % 100:02d}{spec}"

    def __repr__(self):
        return f"Money({self.cents!r})"


def work():
    lengths = []
    for i in range(1500):
        value = i * 7.25
        line = f"{i:>6d}|{value:10.3f}|{i:#x}|{i / 3:e}|{'item':^12}|{Money(i):EUR}"
        lengths.append(len(line))
        lengths.append(len("%5d %-8s %08.2f %r" % (i, "name", value, str(i))))
        lengths.append(len("{0:,} {name!s:>10} {1:.1%}".format(i * 1000, i / 1500, name=i)))
        lengths.append(len(repr([Money(i), (i, value), {"a": None}])))
        lengths.append(len(str(value)) + len(f"{i:b}") + len(f"{value!r:*<20}"))
    return fold(lengths)


if __name__ == "__main__":
    main(work, 372468615)
