"""Making classes: class bodies, metaclasses, __init_subclass__, __set_name__, type() and deep hierarchies."""

from abc import ABC, abstractmethod

from common import main


class Recorder(type):
    found = []

    def __new__(meta, name, bases, space):
        made = super().__new__(meta, name, bases, space)
        meta.found.append(made)
        return made


class Field:
    def __set_name__(self, owner, name):
        self.name = name


class Plugin:
    count = 0

    def __init_subclass__(cls, weight=1, **rest):
        super().__init_subclass__(**rest)
        Plugin.count += weight


def family(number):
    class Base(metaclass=Recorder):
        number_of = number
        first, second = Field(), Field()

        def value(self):
            return self.number_of

    class Left(Base):
        def value(self):
            return super().value() + 1

    class Right(Base):
        pass

    class Both(Left, Right):
        pass

    class Tool(Plugin, weight=2):
        pass

    class Abstract(ABC):
        @abstractmethod
        def value(self): ...

    class Real(Abstract):
        def value(self):
            return len(Both.__mro__)

    made = type(f"Made{number}", (Both,), {"__slots__": ("a",), "extra": number})
    return made().value() + Real().value() + len(made.first.name) + made.extra


def work():
    Recorder.found.clear()
    Plugin.count = 0
    total = sum(family(number) for number in range(60))
    return total + len(Recorder.found) + Plugin.count


if __name__ == "__main__":
    main(work, 4620)
