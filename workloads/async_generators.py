"""Asynchronous generators, comprehensions and context managers, driven by send()."""

from common import main


class Step:
    def __await__(self):
        yield 1


class Region:
    def __init__(self):
        self.depth = 0

    async def __aenter__(self):
        self.depth += 1
        return self

    async def __aexit__(self, *details):
        self.depth -= 1


async def numbers(limit):
    for i in range(limit):
        if i % 16 == 0:
            await Step()
        yield i


async def filtered(source, divisor):
    async for item in source:
        if item % divisor:
            yield item


async def job(limit):
    region = Region()
    total = 0
    async for item in filtered(filtered(numbers(limit), 3), 5):
        async with region:
            total += item * region.depth
    squares = [item * item async for item in numbers(limit) if item & 1]
    return total + sum(squares)


def work():
    total = 0
    for i in range(24):
        coroutine = job(300 + i)
        try:
            while True:
                total += coroutine.send(None)
        except StopIteration as end:
            total += end.value
    return total


if __name__ == "__main__":
    main(work, 121118200)
