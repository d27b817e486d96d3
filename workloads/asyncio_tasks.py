"""Tasks of asyncio: a tree of gather(), futures, call_soon and zero sleeps, without any network."""

import asyncio

from common import main


async def node(depth, number):
    if depth == 0:
        await asyncio.sleep(0)
        return number
    parts = await asyncio.gather(*(node(depth - 1, number * 3 + i) for i in range(3)))
    return sum(parts)


async def answered(number):
    loop = asyncio.get_running_loop()
    future = loop.create_future()
    loop.call_soon(future.set_result, number)
    return await future


async def everything():
    total = await node(5, 1)
    for number in range(150):
        total += await answered(number)
    tasks = [asyncio.create_task(answered(number)) for number in range(100)]
    for task in tasks:
        total += await task
    return total


def work():
    return asyncio.run(everything())


if __name__ == "__main__":
    main(work, 104577)
