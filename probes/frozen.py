"""A program to be compiled or frozen."""

import hashlib
import json
import sys

print(json.dumps({"version": sys.version_info[:2], "sum": sum(range(10))}))
assert hashlib.sha256(b"").hexdigest().startswith("e3b0c442")
