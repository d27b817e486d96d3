import yaml

data = {"list": [1, 2.5, None, True], "text": "caf\u00e9", "nested": {"a": {"b": []}}}
text = yaml.dump(data, Dumper=yaml.CDumper)
assert yaml.load(text, Loader=yaml.CSafeLoader) == data
try:
    yaml.load("a: [1, 2", Loader=yaml.CSafeLoader)
except yaml.YAMLError as error:
    assert error.problem_mark is not None
else:
    raise AssertionError("bad YAML was read")
