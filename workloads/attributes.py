"""Attribute access: instance dictionaries, slots, class variables, properties, descriptors, __getattr__."""

from common import main


class Plain:
    kind = 5

    def __init__(self):
        self.x = 1
        self.y = 2
        self.z = 3


class Slotted:
    __slots__ = ("x", "y", "z")

    def __init__(self):
        self.x = 1
        self.y = 2
        self.z = 3


class Clamped:
    def __set_name__(self, owner, name):
        self.name = "_" + name

    def __get__(self, instance, owner):
        return instance.__dict__[self.name]

    def __set__(self, instance, value):
        instance.__dict__[self.name] = min(value, 1000)


class Managed:
    level = Clamped()

    def __init__(self):
        self.level = 0
        self.inner = Plain()

    @property
    def double(self):
        return self.level * 2

    def __getattr__(self, name):
        return getattr(self.inner, name)


def work():
    plain, slotted, managed = Plain(), Slotted(), Managed()
    total = 0
    for i in range(12000):
        plain.x = plain.y + plain.z
        plain.y = i & 15
        plain.z = plain.x - plain.kind
        slotted.x = slotted.y + slotted.z
        slotted.y = plain.z & 31
        slotted.z = i & 7
        managed.level = i
        total += managed.double + managed.x
        total += getattr(plain, "x") + slotted.x
        if hasattr(slotted, "missing"):
            setattr(plain, "y", 0)
    return total


if __name__ == "__main__":
    main(work, 203029088)
