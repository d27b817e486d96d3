"""Packets of bytes: packed, split, checked, escaped; views of buffers, and integers of them."""
import binascii
import io
import random
import struct

HEAD = struct.Struct(">HBBI")
END, ESCAPE = 0xC0, 0xDB


def packet(draw, number):
    body = draw.randbytes(draw.randrange(8, 200))
    kinds = struct.pack("<hif", -number % 300, number * 7919, number / 3)
    data = HEAD.pack(0xA55A, number & 255, len(kinds), len(body)) + kinds + body
    return data + binascii.crc32(data).to_bytes(4, "little")


def escaped(data):
    out = bytearray()
    for byte in data:
        if byte == END:
            out += b"\xdb\xdc"
        elif byte == ESCAPE:
            out += b"\xdb\xdd"
        else:
            out.append(byte)
    out.append(END)
    return out


def frames(stream):
    pending = bytearray()
    while chunk := stream.read(173):
        pending += chunk
        while (at := pending.find(END)) >= 0:
            raw = bytes(pending[:at])
            del pending[:at + 1]
            yield raw.replace(b"\xdb\xdc", b"\xc0").replace(b"\xdb\xdd", b"\xdb")


def parse(data):
    view = memoryview(data)
    magic, number, kinds, size = HEAD.unpack_from(view)
    if magic != 0xA55A or int.from_bytes(view[-4:], "little") != binascii.crc32(view[:-4]):
        raise ValueError("damaged")
    a, b, c = struct.unpack_from("<hif", view, HEAD.size)
    body = view[HEAD.size + kinds:-4]
    assert len(body) == size
    words = struct.unpack(f"<{size // 2}H", body[: size // 2 * 2])
    return number, a + b, c, sum(words), body.tobytes().hex(":", 4)[:11]


if __name__ == "__main__":
    draw = random.Random(77)
    stream = io.BytesIO(b"".join(escaped(packet(draw, n)) for n in range(1100)))
    good, bad, text = 0, 0, []
    for raw in frames(stream):
        if draw.random() < 0.05:
            raw = raw[:10] + bytes([raw[10] ^ 1]) + raw[11:]
        try:
            number, whole, part, total, sample = parse(raw)
        except (ValueError, struct.error):
            bad += 1
        else:
            good += number + whole + int(part) + total
            text.append(sample)
    table = bytes.maketrans(bytes(range(256)), bytes(range(255, -1, -1)))
    print(good, bad, binascii.b2a_base64("".join(text).encode().translate(table))[-9:-1])
