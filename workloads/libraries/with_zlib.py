"""zlib: packing at three levels, unpacking, a stream of small pieces, and checksums."""

import zlib

from operations import main, noise, text


def compress(level, size):
    def ready():
        data = text(size)
        assert zlib.decompress(zlib.compress(data, level)) == data
        return lambda: len(zlib.compress(data, level)) < size // 2

    return ready


def compress_noise():
    data = noise(1 << 17)
    return lambda: len(zlib.compress(data)) > 1 << 17


def decompress():
    data = text(1 << 18)
    packed = zlib.compress(data)
    return lambda: len(zlib.decompress(packed)) == len(data)


def pieces():
    data = text(1 << 16)

    def work():
        pack, unpack, total = zlib.compressobj(), zlib.decompressobj(), 0
        for i in range(0, len(data), 1024):
            piece = pack.compress(data[i : i + 1024]) + pack.flush(zlib.Z_SYNC_FLUSH)
            total += len(unpack.decompress(piece))
        return total == len(data)

    return work


def checksum(function, expected):
    def ready():
        data = text(1 << 18) * 8
        return lambda: function(data) == expected

    return ready


if __name__ == "__main__":
    main(
        {
            "compress_1": compress(1, 1 << 17),
            "compress_6": compress(6, 1 << 16),
            "compress_9": compress(9, 1 << 16),
            "compress_noise": compress_noise,
            "decompress": decompress,
            "pieces": pieces,
            "crc32": checksum(zlib.crc32, 2396810877),
            "adler32": checksum(zlib.adler32, 2589424871),
        }
    )
