"""Named tuples and plain tuples: creation, fields, unpacking, comparison, _replace, swaps."""

from collections import namedtuple
from typing import NamedTuple

from common import main

Point = namedtuple("Point", "x y z", defaults=(0,))


class Reading(NamedTuple):
    sensor: str
    value: int
    unit: str = "mm"

    def scaled(self, factor):
        return self._replace(value=self.value * factor)


def work():
    total = 0
    points = [Point(i, -i) for i in range(2000)]
    for point in points:
        x, y, z = point
        total += x * 2 + y + z + point.x - point[1]
    readings = [Reading(f"s{i % 7}", i) for i in range(1000)]
    for reading in readings:
        total += reading.scaled(2).value + len(reading.unit)
    total += max(readings, key=lambda reading: (reading.sensor, reading.value)).value
    total += sum(a < b for a, b in zip(points, points[1:])) + len(points[5]._asdict())
    a, b, c, d = 1, 2, 3, 4
    for i in range(9000):
        a, b = b, a
        a, b, c = c, a, b
        first, *rest = (a, b, c, d)
        (p, q), r = (first, i), rest[0]
        total += p + r + (q & 1)
    return total


if __name__ == "__main__":
    main(work, 7041495)
