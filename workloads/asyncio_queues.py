"""Queues, locks, semaphores and events of asyncio between producers and consumers."""

import asyncio

from common import main


async def produce(queue, first, count):
    for item in range(first, first + count):
        await queue.put(item)


async def consume(queue, lock, totals):
    while True:
        item = await queue.get()
        if item is None:
            return
        async with lock:
            totals.append(totals[-1] + item)


async def guarded(gate, event, number):
    await event.wait()
    async with gate:
        await asyncio.sleep(0)
        return number


async def everything():
    queue = asyncio.Queue(8)
    lock, gate, event = asyncio.Lock(), asyncio.Semaphore(4), asyncio.Event()
    totals = [0]
    consumers = [asyncio.create_task(consume(queue, lock, totals)) for _ in range(4)]
    await asyncio.gather(*(produce(queue, i * 150, 150) for i in range(4)))
    for _ in consumers:
        await queue.put(None)
    await asyncio.gather(*consumers)
    waiting = [asyncio.create_task(guarded(gate, event, i)) for i in range(100)]
    await asyncio.sleep(0)
    event.set()
    return totals[-1] + sum(await asyncio.gather(*waiting))


def work():
    return asyncio.run(everything())


if __name__ == "__main__":
    main(work, 184650)
