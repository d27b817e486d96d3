import asyncio

from tornado import httpclient, httpserver, netutil, speedups, web

assert speedups.websocket_mask(b"\x00" * 4, b"abc") == b"abc"


class Hello(web.RequestHandler):
    def get(self):
        self.write("hello " + self.get_argument("name"))


async def main():
    sockets = netutil.bind_sockets(0, "127.0.0.1")
    server = httpserver.HTTPServer(web.Application([("/", Hello)]))
    server.add_sockets(sockets)
    port = sockets[0].getsockname()[1]
    answer = await httpclient.AsyncHTTPClient().fetch(f"http://127.0.0.1:{port}/?name=you")
    assert answer.body == b"hello you"
    server.stop()


asyncio.run(main())
