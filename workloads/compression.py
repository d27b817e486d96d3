"""zlib: compressing and decompressing at three levels, in one piece and as a stream, checksums."""

import zlib

from common import Numbers, main


def text(size):
    numbers = Numbers(41)
    words = [f"word{numbers.below(10**5)}" for _ in range(300)]
    return " ".join(words[numbers.below(300) * numbers.below(300) // 300] for _ in range(size)).encode()


TEXT = text(12000)


def work():
    total = 0
    for level in (1, 6):
        packed = zlib.compress(TEXT, level)
        total += (zlib.decompress(packed) == TEXT) + (len(packed) < len(TEXT) // 2)
    stream = zlib.compressobj(3)
    parts = [stream.compress(TEXT[i : i + 2048]) for i in range(0, len(TEXT), 2048)]
    parts.append(stream.flush())
    unpack = zlib.decompressobj()
    total += sum(len(unpack.decompress(part)) for part in parts)
    for i in range(200):
        total += zlib.crc32(TEXT[i : i + 1000]) + zlib.adler32(TEXT[i : i + 1000])
    return total


if __name__ == "__main__":
    main(work, 867477325437)
