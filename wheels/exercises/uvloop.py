import asyncio
import socket

import uvloop


async def main():
    assert isinstance(asyncio.get_running_loop(), uvloop.Loop)

    async def handle(reader, writer):
        writer.write((await reader.readline()).upper())
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    writer.write(b"hello\n")
    assert await reader.read() == b"HELLO\n"
    writer.close()
    server.close()
    child = await asyncio.create_subprocess_exec("echo", "out", stdout=asyncio.subprocess.PIPE)
    assert (await child.communicate())[0] == b"out\n"


uvloop.run(main())
assert socket.AF_INET
