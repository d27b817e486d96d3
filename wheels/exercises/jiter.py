import jiter

assert jiter.from_json(b'{"a": [1, 2.5, "x", null]}') == {"a": [1, 2.5, "x", None]}
assert jiter.from_json(b'["a", "b', partial_mode="trailing-strings") == ["a", "b"]
