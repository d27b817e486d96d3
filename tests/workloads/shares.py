"""Where the instructions of each workload are executed: in the interpreter, or in other objects.

    shares.py PYTHON [NAME]...

Runs each workload under callgrind with one loop and with two; the difference is one loop without
the start. Prints one line for each workload, with tabs: name, instructions of one loop, the shares
in percent of the interpreter (its executable or libpython), of other objects in the distribution,
of libraries of the system and of the dynamic loader, and the calls of __tls_get_addr in a million
instructions. It takes some minutes.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
from collections import Counter

NAMED = re.compile(r"\((\d+)\)(?: (.*))?")
TLS = "calls of __tls_get_addr"
KINDS = ("interpreter", "extensions", "system", "loader")


class Profile:
    """The own cost of every object in a file that callgrind wrote."""

    def __init__(self, path):
        self.names = {}
        self.costs = Counter()
        self.tls_calls = 0
        self.object = self.called = None
        self.inclusive = False
        with open(path, encoding="utf-8", errors="replace") as file:
            for line in file:
                self.read(line.rstrip("\n"))

    def name(self, space, text):
        number, name = NAMED.fullmatch(text).groups()
        if name is not None:
            self.names[space, number] = name
        return self.names[space, number]

    def read(self, line):
        key, sign, text = line.partition("=")
        if sign:
            if key == "ob":
                self.object = self.name("object", text)
            elif key == "cob":
                self.name("object", text)
            elif key in ("fn", "cfn"):
                self.called = self.name("function", text)
            elif key == "calls":
                self.inclusive = True
                if self.called.startswith("__tls_get_addr"):
                    self.tls_calls += int(text.split()[0])
        elif line[:1].isdigit() or line[:1] in ("+", "-", "*"):
            if not self.inclusive:
                self.costs[self.object] += int(line.split()[1])
            self.inclusive = False


def kind_of(path, prefix):
    name = os.path.basename(path)
    if name.startswith(("python", "libpython")):
        return "interpreter"
    if name.startswith(("ld-", "ld.so")):
        return "loader"
    return "extensions" if path.startswith(prefix + "/") else "system"


def measured(python, prefix, path, loops):
    with tempfile.TemporaryDirectory() as scratch:
        out = os.path.join(scratch, "out")
        environment = {"PATH": "/usr/bin:/bin", "PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1"}
        subprocess.run(["setarch", "-R", "valgrind", "--tool=callgrind", f"--callgrind-out-file={out}",
                        python, path, str(loops)], check=True, env=environment, stderr=subprocess.PIPE)
        profile = Profile(out)
    costs = Counter({TLS: profile.tls_calls})
    for name, cost in profile.costs.items():
        costs[kind_of(name, prefix)] += cost
    return costs


def main():
    python = os.path.realpath(sys.argv[1])
    prefix = os.path.dirname(os.path.dirname(python))
    with open("workloads/index.json", encoding="utf-8") as file:
        index = json.load(file)
    for entry in index:
        if entry["kind"] != "loop" or (sys.argv[2:] and entry["name"] not in sys.argv[2:]):
            continue
        path = os.path.abspath(os.path.join("workloads", entry["file"]))
        loop = measured(python, prefix, path, 2)
        loop.subtract(measured(python, prefix, path, 1))
        tls = loop.pop(TLS)
        total = sum(loop.values())
        shares = [f"{100 * loop[kind] / total:.1f}" for kind in KINDS]
        print(entry["name"], total, *shares, f"{1e6 * tls / total:.0f}", sep="\t", flush=True)


main()
