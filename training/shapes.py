"""Classes of every kind: inheritance in diamonds, metaclasses, descriptors, operators, protocols."""
import abc
import functools
import math
import random
import weakref
from typing import Generic, NamedTuple, Protocol, TypeVar, runtime_checkable

T = TypeVar("T")


class Registered(type):
    known = {}

    def __new__(meta, name, bases, space, **options):
        cls = super().__new__(meta, name, bases, space)
        if options.get("keep", True):
            meta.known[name] = cls
        return cls

    def __init__(cls, name, bases, space, **options):
        super().__init__(name, bases, space)


class Positive:
    def __set_name__(self, owner, name):
        self.slot = "_" + name

    def __get__(self, instance, owner=None):
        return self if instance is None else getattr(instance, self.slot)

    def __set__(self, instance, value):
        if value <= 0:
            raise ValueError(f"{self.slot[1:]} is {value}")
        setattr(instance, self.slot, value)


class Shape(metaclass=Registered, keep=False):
    alive = weakref.WeakSet()

    def __init__(self, **names):
        for name, value in names.items():
            setattr(self, name, value)
        self.alive.add(self)

    def __lt__(self, other):
        return self.area < other.area

    def __eq__(self, other):
        return isinstance(other, Shape) and math.isclose(self.area, other.area)

    def __hash__(self):
        return hash(round(self.area, 6))

    def __getattr__(self, name):
        if name.startswith("twice_"):
            return 2 * getattr(self, name[6:])
        raise AttributeError(name)


class Box(Shape):
    wide, high = Positive(), Positive()

    @functools.cached_property
    def area(self):
        return self.wide * self.high

    def scaled(self, n):
        return type(self)(wide=self.wide * n, high=self.high * n)

    __mul__ = __rmul__ = scaled


class Painted:
    colour = "red"

    def describe(self):
        return [self.colour] + super().describe()


class Named:
    def describe(self):
        return [type(self).__name__]


class PaintedBox(Painted, Box, Named):
    def describe(self):
        return ["box", *super().describe()]


class Round(Shape, Named):
    radius = Positive()

    @property
    def area(self):
        return math.pi * self.radius ** 2


@runtime_checkable
class Describes(Protocol):
    def describe(self): ...


class Bag(Generic[T]):
    def __init__(self, *items: T):
        self.items = list(items)

    def __len__(self):
        return len(self.items)

    def __getitem__(self, i):
        return Bag(*self.items[i]) if isinstance(i, slice) else self.items[i]

    def __contains__(self, item):
        return any(item == x for x in self.items)

    def __add__(self, other):
        return Bag(*self.items, *other.items) if isinstance(other, Bag) else NotImplemented

    def __iadd__(self, item):
        self.items.append(item)
        return self

    def __iter__(self):
        return iter(self.items)

    def __call__(self, function, *more, **names):
        return [function(item, *more, **names) for item in self]


class Whole(abc.ABC):
    @abc.abstractmethod
    def size(self): ...

    @classmethod
    def __subclasshook__(cls, other):
        return True if any("area" in c.__dict__ for c in other.__mro__) else NotImplemented


class Pair(NamedTuple):
    first: float
    second: float = 0.0

    def length(self):
        return math.hypot(*self)


@functools.lru_cache(maxsize=64)
def weight(a, b=1, *, scale=2):
    return (a + b) * scale


@functools.singledispatch
def count(thing):
    return 1


@count.register
def _(thing: Bag):
    return sum(map(count, thing))


@count.register(Round)
def _(thing):
    return 2


if __name__ == "__main__":
    draw = random.Random(31)
    kinds = [Registered.known[name] for name in ("Box", "PaintedBox", "Round")]
    total = 0.0
    for _ in range(130):
        bag = Bag()
        for _ in range(60):
            cls = draw.choice(kinds)
            try:
                bag += cls(radius=draw.uniform(-0.1, 3)) if cls is Round else cls(wide=draw.uniform(-0.1, 3), high=2)
            except ValueError:
                total += 1
        bag = bag + Bag(2 * bag[0]) if isinstance(bag[0], Box) else bag[:40]
        total += max(bag).area + sum(s.twice_area for s in bag if isinstance(s, Whole)) + count(bag)
        total += sum(len(s.describe()) for s in bag if isinstance(s, Describes)) + len(set(bag)) + (bag[1] in bag)
        total += sum(weight(i % 9, scale=i % 5) for i in range(90)) + sum(bag(lambda s, k=0: k, k=2))
        total += sum(Pair(i, second=1.0).length() for i in range(40)) + Pair(1)._replace(second=3).second
    print(round(total, 3), weight.cache_info().hits)
