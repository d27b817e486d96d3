"""Makes wheels/top-500.txt: the most used of the packages that an audit found extension modules in.

    solder check --wheels CANDIDATES --wheels-audit --json PYTHON >AUDIT
    python3 tests/wheels/top.py RANKING AUDIT wheels/exercises.txt MONTH >wheels/top-500.txt

CANDIDATES are names of packages whose wheels may hold compiled code. RANKING has a name in each
line, the most used first, as published lists of PyPI's downloads give it; MONTH is when it was
made. A package without a wheel for that Python and machine is left out, as is one with nothing
compiled that this Python can import, unless there is an exercise that opens its libraries; and those
that `left_out` names.
"""

import json
import sys

# Their dependencies are gigabytes, or programs that another package has to bring.
left_out = {"xgboost", "imgui-bundle"}

HEAD = """\
# The 500 most used packages of PyPI whose wheels for CPython 3.13 on Linux x86-64 carry extension
# modules, the most used first: by downloads, in a ranking of {month}. Chosen by an audit of the
# wheels (tests/wheels/top.py). Left out: those that bring gigabytes with them (whatever needs torch,
# tensorflow or CUDA), and those whose libraries are only opened by ctypes or cffi, unless they have
# an exercise.
"""


def main(ranking, audit, exercises, month):
    with open(audit, encoding="utf-8") as f:
        wheels = json.load(f)["wheels"]
    with open(exercises, encoding="utf-8") as f:
        exercised = {line[1:-2] for line in f if line.startswith("[")}
    has = {w["name"] for w in wheels if w.get("modules", 0) > 0
           or w["name"] in exercised and "linux" in w.get("file", "")} - left_out
    with open(ranking, encoding="utf-8") as f:
        names = [name for name in map(str.strip, f) if name in has]
    if len(names) < 500:
        sys.exit(f"only {len(names)} of the ranking have extension modules")
    print(HEAD.format(month=month) + "\n".join(names[:500]))


main(*sys.argv[1:])
