# requires: cffi
import io

import zstandard

data = b"abcdefgh" * 10000
packed = zstandard.ZstdCompressor(level=5).compress(data)
assert len(packed) < 1000 and zstandard.ZstdDecompressor().decompress(packed) == data
reader = zstandard.ZstdDecompressor().stream_reader(io.BytesIO(packed))
assert reader.read(8) == b"abcdefgh"
assert zstandard.backend == "cext"
