"""isinstance against runtime-checkable protocols, abstract base classes, unions and plain classes."""

from collections.abc import Iterable, Mapping, Sized
from typing import Protocol, runtime_checkable

from common import main


@runtime_checkable
class HasArea(Protocol):
    def area(self): ...


@runtime_checkable
class HasName(Protocol):
    name: str


class Base:
    pass


class Box(Base):
    name = "box"

    def area(self):
        return 2


class Bag(Base):
    def __iter__(self):
        return iter(())

    def __len__(self):
        return 3


class Plain:
    def __init__(self):
        self.name = "plain"


VALUES = [Box(), Bag(), Plain(), 3, "text", {}, [1]]


def work():
    total = 0
    for i in range(450):
        for value in VALUES:
            total += isinstance(value, HasArea) + 2 * isinstance(value, HasName)
            total += 3 * isinstance(value, Iterable) + 5 * isinstance(value, (Mapping, Sized))
            total += 7 * isinstance(value, int | str) + 11 * isinstance(value, Base)
    for i in range(25):
        fresh = type("Fresh", (Box if i & 1 else Bag,), {})
        total += issubclass(fresh, HasArea) + issubclass(fresh, Sized) + isinstance(fresh(), Iterable)
    return total


if __name__ == "__main__":
    main(work, 32888)
