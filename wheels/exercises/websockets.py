import asyncio

from websockets import speedups
from websockets.asyncio.client import connect
from websockets.asyncio.server import serve

assert speedups.apply_mask(b"abcd" * 5, b"\x01\x02\x03\x04")[:2] == bytes([0x61 ^ 1, 0x62 ^ 2])


async def main():
    async def echo(socket):
        async for message in socket:
            await socket.send(message[::-1])

    async with serve(echo, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        async with connect(f"ws://127.0.0.1:{port}") as socket:
            await socket.send("abc" * 1000)
            assert await socket.recv() == "cba" * 1000


asyncio.run(main())
