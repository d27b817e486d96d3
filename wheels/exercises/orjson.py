import datetime
import uuid

import orjson

data = {"n": [1, 2.5, None, True], "t": "caf\u00e9", "u": uuid.UUID(int=5),
        "d": datetime.datetime(2024, 1, 2, tzinfo=datetime.timezone.utc)}
text = orjson.dumps(data, option=orjson.OPT_SORT_KEYS)
again = orjson.loads(text)
assert again["n"] == data["n"] and again["d"] == "2024-01-02T00:00:00+00:00"
try:
    orjson.loads(b'{"a": 1,}')
except orjson.JSONDecodeError as error:
    assert error.lineno == 1
else:
    raise AssertionError("bad JSON was read")
