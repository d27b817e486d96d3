import os
import sys

import coverage
from coverage import tracer  # noqa: F401

with open("measured.py", "w") as f:
    f.write("def f(x):\n    if x:\n        return 1\n    return 2\n\n\nf(1)\n")
measure = coverage.Coverage(data_file=None, config_file=False)
measure.start()
sys.path.insert(0, os.getcwd())
import measured  # noqa: E402,F401

measure.stop()
_, statements, _, missing, _ = measure.analysis2(os.path.abspath("measured.py"))
assert statements == [1, 2, 3, 4, 7] and missing == [4]
