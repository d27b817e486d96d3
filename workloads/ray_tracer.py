"""A ray tracer: vectors as objects with operators, spheres and a floor, shadows and reflection."""

from math import sqrt

from common import main


class Vector:
    __slots__ = ("x", "y", "z")

    def __init__(self, x, y, z):
        self.x, self.y, self.z = x, y, z

    def __add__(self, other):
        return Vector(self.x + other.x, self.y + other.y, self.z + other.z)

    def __sub__(self, other):
        return Vector(self.x - other.x, self.y - other.y, self.z - other.z)

    def __mul__(self, factor):
        return Vector(self.x * factor, self.y * factor, self.z * factor)

    def dot(self, other):
        return self.x * other.x + self.y * other.y + self.z * other.z

    def unit(self):
        return self * (1 / sqrt(self.dot(self)))


class Sphere:
    def __init__(self, centre, radius, shine):
        self.centre, self.radius, self.shine = centre, radius, shine

    def hit(self, origin, ray):
        between = self.centre - origin
        along = between.dot(ray)
        gap = self.radius**2 - between.dot(between) + along * along
        return along - sqrt(gap) if gap > 0 else None

    def normal(self, place):
        return (place - self.centre).unit()


class Floor:
    shine = 0.2
    up = Vector(0, 1, 0)

    def hit(self, origin, ray):
        return -(origin.y + 1) / ray.y if ray.y < 0 else None

    def normal(self, place):
        return self.up


THINGS = [
    Floor(),
    Sphere(Vector(0, 0, 4), 1, 0.4),
    Sphere(Vector(-1.6, -0.4, 3), 0.6, 0.1),
    Sphere(Vector(1.2, -0.6, 2.6), 0.4, 0.6),
]
LIGHT = Vector(4, 6, -3)


def nearest(origin, ray):
    best = None
    for thing in THINGS:
        distance = thing.hit(origin, ray)
        if distance is not None and distance > 1e-4 and (best is None or distance < best[0]):
            best = distance, thing
    return best


def colour(origin, ray, depth):
    found = nearest(origin, ray)
    if found is None:
        return 0.1 + 0.2 * max(ray.y, 0.0)
    distance, thing = found
    place = origin + ray * distance
    normal = thing.normal(place)
    light = (LIGHT - place).unit()
    value = 0.1
    if nearest(place, light) is None:
        value += 0.9 * max(normal.dot(light), 0.0)
    if depth:
        reflected = ray - normal * (2 * ray.dot(normal))
        value = value * (1 - thing.shine) + thing.shine * colour(place, reflected, depth - 1)
    return value


def work():
    width, height = 26, 18
    eye = Vector(0, 0, -2)
    total = 0
    for row in range(height):
        for column in range(width):
            ray = Vector((column - width / 2) / width * 2, (height / 2 - row) / height * 1.4, 1.5)
            total += round(colour(eye, ray.unit(), 2) * 255)
    return total


if __name__ == "__main__":
    main(work, 42665)
