"""wsgiclient.py SOCKET: one request to the server, in its own protocol, and what it answers."""

import json
import socket
import struct
import sys
import time


def connect(path):
    for _ in range(100):
        s = socket.socket(socket.AF_UNIX)
        try:
            s.connect(path)
            return s
        except OSError:
            s.close()
            time.sleep(0.2)
    raise SystemExit("the server does not answer")


def pair(key, value):
    return struct.pack("<H", len(key)) + key + struct.pack("<H", len(value)) + value


s = connect(sys.argv[1])
s.settimeout(20)
body = b"".join(pair(k, v) for k, v in {b"REQUEST_METHOD": b"GET", b"PATH_INFO": b"/",
                                        b"SERVER_PROTOCOL": b"HTTP/1.0"}.items())
s.sendall(struct.pack("<BHB", 0, len(body), 0) + body)
answer = b""
while True:
    more = s.recv(65536)
    if not more:
        break
    answer += more
print(answer.decode())
said = json.loads(answer.split(b"\r\n\r\n", 1)[1])
assert said["version"] == list(sys.version_info[:3]), said
print(f"seen: threads={'ok' if said['thread'] == 1 else 'failed'}")
