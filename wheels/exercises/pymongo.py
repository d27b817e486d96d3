import bson
from bson import _cbson  # noqa: F401
from pymongo import _cmessage  # noqa: F401

assert bson.has_c()
data = {"a": [1, 2.5, None], "id": bson.ObjectId(), "n": {"b": b"bytes"}}
assert bson.decode(bson.encode(data)) == data
