from multidict import CIMultiDict, MultiDict
from multidict._multidict import MultiDict as Compiled

assert MultiDict is Compiled
d = CIMultiDict([("Accept", "a"), ("ACCEPT", "b"), ("x", "c")])
assert d.getall("accept") == ["a", "b"] and len(d) == 3
d.popall("Accept")
assert list(d.items()) == [("x", "c")]
