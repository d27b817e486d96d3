"""A server of the Remote Execution API on 127.0.0.1 that misbehaves as told; all in memory.

    python3 tests/remote/reapi.py RULE PORT-FILE

RULE is a file that is read anew for every call: "METHOD BEHAVIOUR [ARGUMENT]", where METHOD is "Read"
and the like, or "*". A behaviour is

    status N      gRPC's status N, at once
    late N        the same after an answer
    http N        that status of HTTP, and a page
    garbage       as many bytes as there should be, none of them right
    flip          the byte in the middle of what is kept is another
    field         a message that ends within a field
    cut N         the first N bytes of the answer, and the connection ends
    reset         the stream is reset
    drop          the connection ends before an answer
    stall N       the first N bytes, and then nothing
    hang          no answer, nor are windows opened: uploads stop
    none          an answer, but no status
    nothing       a status, but no answer
    twice         the answer a second time
    more          a message more than was asked for
    compressed    a message that says it is
    huge          a message that is said to have 4 GiB
    inline        the entry is in the ActionResult, as servers may do
    forget        there is nothing
    short         an upload of which only half was taken

What is uploaded is refused unless it has its digest, and results unless all they name is there.
"""
import hashlib
import os
import socket
import struct
import sys
import threading
import time

import h2.config
import h2.connection
import h2.events
import h2.settings

rule_file, port_file = sys.argv[1:]
blobs, results = {}, {}
NOT_FOUND, INVALID, PRECONDITION, UNIMPLEMENTED = 5, 3, 9, 12


def varint(n):
    out = b""
    while n > 127:
        out += bytes([n & 127 | 128])
        n >>= 7
    return out + bytes([n])


def number(field, value):
    return varint(field << 3) + varint(value) if value else b""


def text(field, value):
    value = value.encode() if isinstance(value, str) else value
    return varint(field << 3 | 2) + varint(len(value)) + value


def fields(message):
    """The last value of each field, and all values of field 2 under -2."""
    at, found = 0, {-2: []}

    def take():
        nonlocal at
        n = shift = 0
        while True:
            byte = message[at]
            at += 1
            n |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return n
    while at < len(message):
        tag = take()
        value = take()
        if tag & 7 == 2:
            at, value = at + value, message[at:at + value]
        found[tag >> 3] = value
        if tag >> 3 == 2:
            found[-2].append(value)
    return found


def digest(message):
    found = fields(message)
    return found[1].decode(), found.get(2, 0)


def kept(d):
    return d[1] == 0 or d in blobs


def rule(method):
    try:
        with open(rule_file, encoding="utf-8") as f:
            words = f.read().split()
    except FileNotFoundError:
        return "", 0
    if len(words) < 2 or words[0] not in ("*", method):
        return "", 0
    return words[1], int(words[2]) if len(words) > 2 else 0


def frame(message):
    return b"\0" + struct.pack(">I", len(message)) + message


def split(body):
    while body:
        n = struct.unpack(">I", body[1:5])[0]
        yield body[5:5 + n]
        body = body[5 + n:]


def spoil(data, how):
    if how == "garbage":
        return b"?" * len(data)
    if how == "flip":
        half = len(data) // 2
        return data[:half] + bytes([data[half] ^ 1]) + data[half + 1:]
    return data


def answer(method, messages, how):
    """Status and messages."""
    first = fields(messages[0])
    if how == "forget" and method in ("GetActionResult", "Read"):
        return NOT_FOUND, []
    if method == "GetActionResult":
        action = digest(first[2])
        if action not in results:
            return NOT_FOUND, []
        result = results[action]
        if how in ("inline", "garbage", "flip"):
            stored = digest(fields(result)[6])
            return 0, [result + text(5, spoil(blobs[stored], how))]
        return 0, [result]
    if method == "UpdateActionResult":
        action, result = digest(first[2]), first[3]
        named = [digest(fields(f)[2]) for f in fields(result)[-2]]
        named += [action, digest(fields(result)[6])]
        if action in blobs:
            named += [digest(fields(blobs[action])[1])]
        if not all(kept(d) for d in named):
            return PRECONDITION, []
        results[action] = result
        return 0, [result]
    if method == "FindMissingBlobs":
        return 0, [b"".join(text(2, d) for d in first[-2] if not kept(digest(d)) or how == "forget")]
    if method == "Read":
        sha, size = first[1].decode().split("/")[-2:]
        if not kept((sha, int(size))):
            return NOT_FOUND, []
        data = spoil(blobs.get((sha, int(size)), b""), how)
        return 0, [text(10, data[i:i + 60000]) for i in range(0, len(data), 60000)]
    if method == "Write":
        parts = [fields(m) for m in messages]
        data = b"".join(p[10] for p in parts)
        sha, size = first[1].decode().split("/")[-2:]
        offsets = [p.get(2, 0) for p in parts]
        if hashlib.sha256(data).hexdigest() != sha or len(data) != int(size) or \
                offsets != [sum(len(p[10]) for p in parts[:i]) for i in range(len(parts))] or \
                [p.get(3, 0) for p in parts] != [0] * (len(parts) - 1) + [1]:
            return INVALID, []
        if how == "short":
            return 0, [number(1, len(data) // 2)]
        blobs[sha, len(data)] = data
        return 0, [number(1, len(data))]
    return UNIMPLEMENTED, []


class Connection(threading.Thread):
    def __init__(self, sock):
        super().__init__(daemon=True)
        self.sock, self.calls = sock, {}
        self.h2 = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False,
                                                                       header_encoding="utf-8"))

    def flush(self):
        self.sock.sendall(self.h2.data_to_send())

    def events(self):
        data = self.sock.recv(65536)
        return self.h2.receive_data(data) if data else None

    def send(self, stream, data):
        """As much as the windows allow, waiting for more."""
        while data:
            n = min(len(data), self.h2.local_flow_control_window(stream), self.h2.max_outbound_frame_size)
            if n:
                self.h2.send_data(stream, data[:n])
                data = data[n:]
                self.flush()
            elif self.events() is None:
                raise ConnectionError

    def end(self, stream, headers, first=False):
        self.h2.send_headers(stream, ([(":status", "200"), ("content-type", "application/grpc")]
                                      if first else []) + headers, end_stream=True)
        self.flush()

    def respond(self, stream):
        path, body = self.calls.pop(stream)
        method = path.rsplit("/", 1)[1]
        how, argument = rule(method)
        if how == "status":
            return self.end(stream, [("grpc-status", str(argument)), ("grpc-message", "as told")], True)
        if how == "http":
            self.h2.send_headers(stream, [(":status", str(argument))])
            self.h2.send_data(stream, b"<html>no</html>", end_stream=True)
            return self.flush()
        if how == "drop":
            raise ConnectionError
        if how == "reset":
            self.h2.reset_stream(stream, 2)
            return self.flush()
        if how == "hang":
            time.sleep(60)
        status, messages = answer(method, list(split(body)), how)
        if status:
            return self.end(stream, [("grpc-status", str(status))], True)
        self.h2.send_headers(stream, [(":status", "200"), ("content-type", "application/grpc")])
        if how == "field":
            messages = [b"\x0a\x7f" + b"x" * 10]
        if how == "garbage" and method not in ("Read", "GetActionResult"):
            messages = [b"?" * max(1, len(m)) for m in messages]
        if how == "nothing":
            messages = []
        if how in ("twice", "more"):
            messages.append(messages[-1])
        data = b"".join(frame(m) for m in messages)
        if how == "compressed":
            data = b"\1" + data[1:]
        if how == "huge":
            data = b"\0\xff\xff\xff\xff" + data[5:]
        if how in ("cut", "stall"):
            self.send(stream, data[:argument])
            if how == "stall":
                time.sleep(60)
            raise ConnectionError
        self.send(stream, data)
        if how == "none":
            self.h2.send_data(stream, b"", end_stream=True)
            return self.flush()
        return self.end(stream, [("grpc-status", str(argument if how == "late" else 0))])

    def run(self):
        try:
            self.h2.initiate_connection()
            self.flush()
            while (events := self.events()) is not None:
                for event in events:
                    stream = getattr(event, "stream_id", None)
                    if isinstance(event, h2.events.RequestReceived):
                        self.calls[stream] = [dict(event.headers)[":path"], b""]
                    elif isinstance(event, h2.events.DataReceived):
                        self.calls[stream][1] += event.data
                        if rule(self.calls[stream][0].rsplit("/", 1)[1])[0] != "hang":
                            self.h2.acknowledge_received_data(event.flow_controlled_length, stream)
                    elif isinstance(event, h2.events.StreamEnded):
                        self.respond(stream)
                self.flush()
        except (ConnectionError, OSError):
            pass
        self.sock.close()


server = socket.create_server(("127.0.0.1", 0))
with open(port_file + ".new", "w", encoding="utf-8") as ready:
    ready.write(str(server.getsockname()[1]))
os.rename(port_file + ".new", port_file)
while True:
    Connection(server.accept()[0]).start()
