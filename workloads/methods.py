"""Method calls: bound, static and class methods, super(), inheritance and special methods."""

from common import main


class Shape:
    def __init__(self, width, height):
        self.width = width
        self.height = height

    def area(self):
        return self.width * self.height

    def grown(self, by):
        return self.width + by

    @classmethod
    def square(cls, side):
        return cls(side, side)

    @staticmethod
    def twice(value):
        return value + value

    def __len__(self):
        return self.width

    def __call__(self, value):
        return self.height - value

    def __add__(self, other):
        return Shape(self.width + other.width, self.height + other.height)


class Framed(Shape):
    def __init__(self, width, height):
        super().__init__(width, height)
        self.frame = 1

    def area(self):
        return super().area() + self.frame


class Padded(Framed):
    def area(self):
        return super().area() + 2


def work():
    total = 0
    shapes = [Shape(3, 4), Framed(5, 6), Padded(7, 8)]
    for i in range(7000):
        for shape in shapes:
            total += shape.area()
            total += shape.grown(i)
        total += Shape.twice(i) + Framed.square(i & 7).area()
        total += len(shapes[0] + shapes[1]) - shapes[2](i)
        bound = shapes[i % 3].grown
        total += bound(1) + bound(2)
    return total


if __name__ == "__main__":
    main(work, 148018496)
