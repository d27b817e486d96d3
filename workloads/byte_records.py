"""Bytes: struct packing and unpacking, bytearray, memoryview slices, hexadecimal and base64 text."""

import base64
import binascii
import struct
from array import array

from common import main

HEADER = struct.Struct("<4sHIdB")


def checksum(data):
    a = b = 0
    for byte in data:
        a = (a + byte) % 255
        b = (b + a) % 255
    return b << 8 | a


def work():
    out = bytearray()
    for i in range(1200):
        out += HEADER.pack(b"rec%d" % (i % 10), i & 0xFFFF, i * 7919, i / 8, i & 0xFF)
    total = checksum(out[:6000])
    for name, number, big, real, small in HEADER.iter_unpack(out):
        total += name[3] + number + big + int(real) + small
    view = memoryview(out)
    for at in range(0, len(out) - 40, 37):
        total += view[at] + int.from_bytes(view[at + 1 : at + 5], "big") % 1000
        total += struct.unpack_from(">HB", view, at)[0]
    values = array("i", range(1500))
    values.extend(array("i", values[::-3]))
    total += sum(values) + len(values.tobytes())
    for i in range(60):
        chunk = bytes(out[i * 50 : i * 50 + 300])
        total += len(base64.b64decode(base64.b64encode(chunk))) + len(base64.b32encode(chunk))
        total += len(base64.b85decode(base64.b85encode(chunk[:40])))
        total += len(binascii.unhexlify(chunk.hex())) + chunk.find(b"rec") + len(chunk.split(b"\0"))
    return total


if __name__ == "__main__":
    main(work, 5709654383)
