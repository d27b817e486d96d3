"""pybound.py FOLDER MODULE: uses a module of pybind.cpp."""

import sys

sys.path.insert(0, sys.argv[1])
module = __import__(sys.argv[2])
counter = module.Counter()
assert [counter.next() for _ in range(3)] == [1, 2, 3]
try:
    counter.next()
except RuntimeError as error:
    assert str(error) == "three is enough"
else:
    raise AssertionError("the exception did not arrive")
assert module.call(lambda x: x) is True
