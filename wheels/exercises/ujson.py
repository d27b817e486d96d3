import ujson

data = {"a": [1, -2, 3.5, None, "caf\u00e9"], "b": {"c": True}}
assert ujson.loads(ujson.dumps(data)) == data
assert ujson.dumps({"b": 1, "a": 2}, sort_keys=True) == '{"a":2,"b":1}'
