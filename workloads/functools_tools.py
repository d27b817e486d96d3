"""functools: lru_cache, partial, reduce, singledispatch, cached_property, total_ordering."""

from functools import cached_property, lru_cache, partial, reduce, singledispatch, total_ordering

from common import main


@singledispatch
def size(value):
    return 1


@size.register
def _(value: int):
    return value & 3


@size.register(list)
@size.register(tuple)
def _(value):
    return sum(size(item) for item in value)


@total_ordering
class Score:
    def __init__(self, value):
        self.value = value

    def __eq__(self, other):
        return self.value == other.value

    def __lt__(self, other):
        return self.value < other.value

    @cached_property
    def square(self):
        return self.value * self.value


def power(base, exponent, modulus):
    return pow(base, exponent, modulus)


def work():
    @lru_cache(maxsize=None)
    def paths(x, y):
        return 1 if x == 0 or y == 0 else paths(x - 1, y) + paths(x, y - 1)

    @lru_cache(maxsize=64)
    def costly(value):
        return value * value % 101

    total = paths(40, 40) % 1000003
    for i in range(3000):
        total += costly(i * i % 150)
    square = partial(power, exponent=2, modulus=1009)
    total += sum(square(i) for i in range(1500))
    total += reduce(lambda a, b: (a * 31 + b) % 65521, range(4000))
    for i in range(700):
        total += size([i, (i, "x"), 2.5])
    scores = [Score(i * 37 % 101) for i in range(500)]
    total += sum(a >= b for a, b in zip(scores, scores[1:])) + sum(s.square + s.square for s in scores)
    return total + costly.cache_info().misses


if __name__ == "__main__":
    main(work, 4677227)
