"""Coroutines without an event loop: await chains driven by send(), and awaitable objects."""

from common import main


class Pause:
    def __init__(self, value):
        self.value = value

    def __await__(self):
        answer = yield self.value
        return answer


async def leaf(value):
    return await Pause(value)


async def chain(depth, value):
    if depth == 0:
        return await leaf(value)
    return 1 + await chain(depth - 1, value)


async def job(number):
    total = 0
    for i in range(12):
        total += await chain(i & 7, number + i)
    return total


def drive(coroutine):
    total = 0
    try:
        value = coroutine.send(None)
        while True:
            total += value
            value = coroutine.send(value & 3)
    except StopIteration as end:
        return total + end.value


def work():
    return sum(drive(job(number)) for number in range(450))


if __name__ == "__main__":
    main(work, 1265400)
