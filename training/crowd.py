"""Many tasks of one thread: visitors queue for tellers, some give up; plus a server of echoes."""
import asyncio
import random


class Bank:
    def __init__(self, tellers):
        self.free, self.line = asyncio.Semaphore(tellers), asyncio.Queue(maxsize=25)
        self.lock, self.open = asyncio.Lock(), asyncio.Event()
        self.served, self.left, self.sum = 0, 0, 0

    async def visit(self, amount, patience):
        await self.open.wait()
        async with self.free:
            for _ in range(amount % 4):
                await asyncio.sleep(0)
            async with self.lock:
                self.sum += amount
        self.served += 1
        if patience == 1:
            raise ConnectionError(amount)
        return amount

    async def door(self, visitors):
        for visitor in visitors:
            await self.line.put(visitor)
        for _ in range(3):
            await self.line.put(None)

    async def usher(self):
        while (visitor := await self.line.get()) is not None:
            try:
                await self.visit(*visitor)
            except ConnectionError:
                self.left += 1
            finally:
                self.line.task_done()


async def ticks(count):
    for i in range(count):
        if i % 5 == 0:
            await asyncio.sleep(0)
        yield i


async def day(draw):
    bank = Bank(4)
    visitors = [(draw.randrange(1, 500), draw.randrange(8)) for _ in range(700)]
    asyncio.get_running_loop().call_soon(bank.open.set)
    async with asyncio.TaskGroup() as group:
        group.create_task(bank.door(visitors))
        for _ in range(3):
            group.create_task(bank.usher())
        seen = group.create_task(count_ticks())
    many = await asyncio.gather(*(bank.visit(a, p) for a, p in visitors[:200]), return_exceptions=True)
    waiting = asyncio.get_running_loop().create_future()
    task = asyncio.create_task(asyncio.wait_for(waiting, 60))
    await asyncio.sleep(0)
    task.cancel()
    try:
        await task
    except asyncio.CancelledError:
        bank.left += 1
    return bank.sum + bank.left + seen.result() + sum(isinstance(m, int) for m in many)


async def count_ticks():
    return sum([i async for i in ticks(900) if i % 2])


async def echo(reader, writer):
    while line := await reader.readline():
        writer.write(line[::-1].strip() + b"\n")
        await writer.drain()
    writer.close()


async def talk(draw):
    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    total = 0
    for _ in range(150):
        writer.write(b"%d\n" % draw.randrange(10 ** 6))
        total += int(await reader.readline())
    writer.close()
    server.close()
    return total


if __name__ == "__main__":
    print(sum(asyncio.run(day(random.Random(seed))) for seed in range(5)), asyncio.run(talk(random.Random(6))))
