"""Prints the benchmarks of an installed pyperformance as an index of workloads: those of its
manifest that need no package but pyperf.

    python3 pyperformance_index.py FOLDER

FOLDER is what `pip install --target FOLDER pyperformance` made, or a checkout with pyperf beside it.
Files are named relative to it. Nothing of the folder is imported.
"""

import ast
import json
import os
import re
import sys

BENCHMARKS = os.path.join("pyperformance", "data-files", "benchmarks")


def read(path):
    try:
        with open(path, encoding="utf-8") as f:
            return f.read()
    except FileNotFoundError:
        return ""


def texts(toml, key):
    """A list of plain texts, which TOML and Python write in the same way."""
    found = re.search(r"^%s\s*=\s*(\[[^\]]*\])" % key, toml, re.MULTILINE)
    return [str(word) for word in ast.literal_eval(found.group(1))] if found else []


def manifest(root):
    """Pairs of a name and of the benchmark that it is a variant of."""
    within = False
    for line in read(os.path.join(root, "MANIFEST")).splitlines():
        if line.startswith("["):
            within = line.strip() == "[benchmarks]"
        words = line.split()
        if not within or len(words) != 2 or not words[1].startswith("<local"):
            continue
        yield words[0], words[1][1:-1].partition(":")[2] or words[0]


def packages(folder, tomls):
    """What has to be installed, pyperf apart."""
    lines = read(os.path.join(folder, "requirements.txt")).splitlines()
    for toml in tomls:
        lines += texts(toml, "dependencies")
    names = {re.match(r"[\w.-]*", line.split("#")[0].strip()).group().lower() for line in lines}
    return names - {"", "pyperf"}


def entries(folder):
    for name, base in manifest(os.path.join(folder, BENCHMARKS)):
        place = os.path.join(BENCHMARKS, "bm_" + base)
        toml = read(os.path.join(folder, place, "pyproject.toml"))
        own = toml if name == base else read(os.path.join(folder, place, f"bm_{name}.toml"))
        script = os.path.join(place, "run_benchmark.py")
        if os.path.exists(os.path.join(folder, script)) \
                and not packages(os.path.join(folder, place), {toml, own}):
            yield {"name": name, "kind": "pyperformance", "file": script, "loops": 1,
                   "args": texts(own, "extra_opts")}


json.dump(list(entries(sys.argv[1])), sys.stdout)
