import brotli

data = b"some data " * 5000
packed = brotli.compress(data)
assert len(packed) < 200 and brotli.decompress(packed) == data
try:
    brotli.decompress(b"not brotli at all")
except brotli.error:
    pass
else:
    raise AssertionError("bad data was read")
