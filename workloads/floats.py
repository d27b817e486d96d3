"""Floating-point arithmetic on scalars and small objects: normalization, integration, an iteration."""

from math import cos, hypot, sin, sqrt

from common import main


class Vector:
    __slots__ = ("x", "y", "z")

    def __init__(self, i):
        self.x = sin(i)
        self.y = cos(i) * 3
        self.z = self.x * self.x / 2

    def normalize(self):
        norm = sqrt(self.x * self.x + self.y * self.y + self.z * self.z)
        self.x /= norm
        self.y /= norm
        self.z /= norm


def simpson(function, low, high, steps):
    width = (high - low) / steps
    total = function(low) + function(high)
    for i in range(1, steps):
        total += function(low + i * width) * (4 if i & 1 else 2)
    return total * width / 3


def logistic(value, rounds):
    for _ in range(rounds):
        value = 3.2 * value * (1.0 - value)
    return value


def work():
    vectors = [Vector(i) for i in range(4000)]
    total = 0.0
    for vector in vectors:
        vector.normalize()
        total += vector.x + abs(vector.y) + vector.z
    total += simpson(lambda x: 1.0 / (1.0 + x * x), 0.0, 1.0, 4000) * 4
    total += logistic(0.25, 30000)
    for i in range(4000):
        total += hypot(i * 0.5, 3.0) / (1 + i)
    return round(total, 6)


if __name__ == "__main__":
    main(work, 5921.426184)
