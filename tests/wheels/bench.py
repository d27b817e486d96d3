#!/usr/bin/env python3
"""Times the audit of wheels, which runs nothing, beside `auditwheel show` on the same files.

    bench.py SOLDER PYTHON WHEELS... [--rounds N] [--auditwheel PROGRAM]

WHEELS are files or folders that hold some, as `solder check --wheels-state` leaves them. Every file
is read once before anything is timed; then the two take turns, each one wheel at a time: solder in
one run, auditwheel once for each wheel, as its command line wants it. Without --auditwheel it is
installed from PyPI into a scratch folder. What is printed are the median wall times and processor
times, with their ratios, and the wheels that auditwheel refuses, which count for both.
"""

import argparse
import glob
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import venv


def timed(action):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.monotonic()
    result = action()
    wall = time.monotonic() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return result, wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def find(places):
    found = {}
    for place in places:
        names = glob.glob(os.path.join(place, "**", "*.whl"), recursive=True)
        for path in [place] if place.endswith(".whl") else names:
            if "linux" in os.path.basename(path):
                found[os.path.basename(path)] = os.path.abspath(path)
    return [found[name] for name in sorted(found)]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("solder")
    parser.add_argument("python")
    parser.add_argument("wheels", nargs="+")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--auditwheel")
    args = parser.parse_args()
    wheels = find(args.wheels)
    if not wheels:
        sys.exit("there are no wheels for Linux")
    with tempfile.TemporaryDirectory() as scratch:
        program = args.auditwheel
        if not program:
            venv.create(os.path.join(scratch, "venv"), with_pip=True)
            pip = os.path.join(scratch, "venv", "bin", "pip")
            subprocess.run([pip, "-q", "install", "auditwheel"], check=True)
            program = os.path.join(scratch, "venv", "bin", "auditwheel")
        folder = os.path.join(scratch, "wheels")
        os.mkdir(folder)
        for path in wheels:
            os.symlink(path, os.path.join(folder, os.path.basename(path)))
            with open(path, "rb") as f:
                while f.read(1 << 20):
                    pass

        def solder():
            done = subprocess.run(
                [args.solder, "check", args.python, "--rule", "runs", "--wheels", folder,
                 "--wheels-audit", "--wheels-state", os.path.join(scratch, "state"), "-j1",
                 "--json"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
            return done.stdout.count(b'"prediction"')

        def auditwheel():
            return sum(subprocess.run([program, "show", path], stdout=subprocess.DEVNULL,
                                      stderr=subprocess.DEVNULL, check=False).returncode != 0
                       for path in wheels)

        times = {"solder": [], "auditwheel": []}
        for _ in range(args.rounds):
            audited, *t = timed(solder)
            times["solder"].append(t)
            refused, *t = timed(auditwheel)
            times["auditwheel"].append(t)
    if audited < len(wheels):
        sys.exit(f"solder audited {audited} of {len(wheels)} wheels")
    size = sum(os.path.getsize(path) for path in wheels)
    print(f"{len(wheels)} wheels, {size / 2**20:.0f} MiB; auditwheel refuses {refused}")
    medians = {name: [statistics.median(t[k] for t in rounds) for k in (0, 1)]
               for name, rounds in times.items()}
    for name, (wall, cpu) in medians.items():
        print(f"{name:12} {wall:8.2f} s wall {cpu:8.2f} s processor")
    ratios = [medians["auditwheel"][k] / medians["solder"][k] for k in (0, 1)]
    print(f"{'ratio':12} {ratios[0]:8.1f}        {ratios[1]:8.1f}")


main()
