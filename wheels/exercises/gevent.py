# requires: cffi
from gevent import monkey

monkey.patch_all()
import socket  # noqa: E402

import gevent  # noqa: E402
from gevent.pool import Pool  # noqa: E402
from gevent.server import StreamServer  # noqa: E402


def handle(connection, address):
    connection.sendall(connection.recv(100).upper())
    connection.close()


server = StreamServer(("127.0.0.1", 0), handle)
server.start()


def ask(i):
    with socket.create_connection(("127.0.0.1", server.server_port)) as s:
        s.sendall(b"n%d" % i)
        return s.recv(100)


assert Pool(5).map(ask, range(20)) == [b"N%d" % i for i in range(20)]
server.stop()
with gevent.Timeout(0.05, False):
    gevent.sleep(5)
