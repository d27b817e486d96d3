import lz4.block
import lz4.frame

data = b"some data " * 5000
assert lz4.frame.decompress(lz4.frame.compress(data)) == data
assert lz4.block.decompress(lz4.block.compress(data, mode="high_compression")) == data
