import decimal

import simplejson
from simplejson import _speedups  # noqa: F401

text = simplejson.dumps({"d": decimal.Decimal("1.10")}, use_decimal=True)
assert text == '{"d": 1.10}'
assert simplejson.loads(text, use_decimal=True) == {"d": decimal.Decimal("1.10")}
