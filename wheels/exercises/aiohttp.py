import asyncio

import aiohttp
from aiohttp import web


async def main():
    async def echo(request):
        return web.json_response({"got": (await request.json())["n"] + 1})

    app = web.Application()
    app.router.add_post("/echo", echo)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = site._server.sockets[0].getsockname()[1]
    async with aiohttp.ClientSession() as session:
        async with session.post(f"http://127.0.0.1:{port}/echo", json={"n": 41}) as answer:
            assert await answer.json() == {"got": 42}
    await runner.cleanup()


asyncio.run(main())
