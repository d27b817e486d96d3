import msgpack
from msgpack._cmsgpack import Packer

assert msgpack.Packer is Packer
data = {"a": [1, -1, 2**63, 1.5, None, b"bytes", "text"], "t": msgpack.Timestamp(1, 2)}
assert msgpack.unpackb(msgpack.packb(data), strict_map_key=True) == data
stream = msgpack.Unpacker()
stream.feed(msgpack.packb([1, 2]) + msgpack.packb("x")[:1])
assert list(stream) == [[1, 2]]
