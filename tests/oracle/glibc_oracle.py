#!/usr/bin/env python3
"""Compares `solder check --glibc` with readelf and objdump.

    glibc_oracle.py SOLDER [--sample N] [--code N] [--glibc VERSION]

Takes N of the system's shared objects (default 300). Whether a file would load must be what the
versions say that `readelf -V` prints; of --code N files that would not (default 20), every call
that `objdump -d` shows of a symbol of a missing version must be among the users. Prints the
differences, and at the end "N passed, N failed".
"""

import argparse
import collections
import glob
import json
import os
import random
import re
import subprocess
import sys


def output(*argv):
    return subprocess.run(argv, capture_output=True, text=True, errors="replace").stdout


def number(version):
    return tuple(int(n) for n in version.split("."))


def would_load(path, glibc):
    """By readelf: every version that is needed and not weak is there."""
    text = output("readelf", "-VW", path).partition("Version needs section")[2]
    for version, flags in re.findall(r"Name: (GLIBC_\S+)\s+Flags: (\S+)", text):
        known = re.fullmatch(r"GLIBC_([0-9.]+)", version)
        if flags != "WEAK" and (not known or number(known[1]) > glibc):
            return False
    return True


def callers(path, symbols):
    """By objdump: how often each of the symbols is called, through a stub or a slot."""
    called = collections.Counter()
    stub = False
    for line in output("objdump", "-d", "--no-show-raw-insn", path).splitlines():
        if line.startswith("Disassembly of section"):
            stub = ".plt" in line
        at = re.search(r"\t(?:bnd |notrack )?(?:call|j\w+)\s.*<(\w+)@(plt|GLIBC_[0-9.]+)>", line)
        if at and not stub and at[1] in symbols:
            called[at[1]] += 1
    return called


def check_code(path, judged):
    wrong = []
    ours = collections.Counter()
    for symbol in judged["symbols"]:
        ours[symbol["symbol"]] += sum(u["sites"] for u in symbol["users"] if u["use"] == "call")
        if symbol["more_users"]:
            ours[symbol["symbol"]] = 1 << 30
    for name, times in callers(path, set(ours)).items():
        if ours[name] < times:
            wrong.append(f"{path}: {name}: {times} calls, not {ours[name]}")
    return wrong


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("solder")
    parser.add_argument("--sample", type=int, default=300)
    parser.add_argument("--code", type=int, default=20)
    parser.add_argument("--glibc", default="2.17")
    options = parser.parse_args()
    folders = glob.glob("/usr/lib/*-linux-gnu")
    files = sorted({os.path.realpath(f) for d in folders for f in glob.glob(d + "/*.so*")})
    random.Random(1).shuffle(files)
    passed = failed = code = 0
    for path in files[:options.sample]:
        done = subprocess.run([options.solder, "check", "--glibc", options.glibc, "--json", path],
                              capture_output=True, text=True)
        if done.returncode == 2:
            continue  # a linker script, for one
        judged = json.loads(done.stdout)["files"][0]
        wrong = []
        loads = would_load(path, number(options.glibc))
        if loads != (judged["verdict"] == "pass"):
            wrong.append(f"{path}: {judged['verdict']}, but readelf says it {'loads' if loads else 'does not'}")
        if judged["symbols"] and not judged["users_why"] and code < options.code:
            code += 1
            wrong += check_code(path, judged)
        for text in wrong:
            print(text)
        failed += bool(wrong)
        passed += not wrong
    print(f"{passed} passed, {failed} failed; the code of {code} was compared")
    sys.exit(failed > 0 or code == 0)


main()
