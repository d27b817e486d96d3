#!/usr/bin/env python3
"""Times the audit of wheels, which runs nothing, beside `auditwheel show` on the same files.

    bench.py SOLDER PYTHON WHEELS... [--rounds N] [--lots N] [--jobs N] [--auditwheel PROGRAM]

WHEELS are files or folders that hold some, as `solder check --wheels-state` leaves them. They are
cut into lots, each of every N-th wheel. All files of a lot are read once before anything of it is
timed; then the two take turns: solder in one run for the lot, as many wheels at a time as --jobs
says (1), auditwheel once for each wheel, as its command line wants it. Without --auditwheel it is
installed from PyPI into a scratch folder. What is printed are the wall times and processor times of
all lots, the median of the rounds, with their ratios, and the wheels that auditwheel refuses, which
count for both.
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
    parser.add_argument("--lots", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=1)
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
        lots = [wheels[k::args.lots] for k in range(min(args.lots, len(wheels)))]

        def fill(k, lot):
            folder = os.path.join(scratch, str(k))
            os.makedirs(folder, exist_ok=True)
            for path in lot:
                link = os.path.join(folder, os.path.basename(path))
                if not os.path.islink(link):
                    os.symlink(path, link)
                with open(path, "rb") as f:
                    while f.read(1 << 20):
                        pass
            return folder

        def solder(folder):
            done = subprocess.run(
                [args.solder, "check", args.python, "--rule", "runs", "--wheels", folder,
                 "--wheels-audit", "--wheels-state", os.path.join(scratch, "state"),
                 f"-j{args.jobs}", "--json"],
                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
            return done.stdout.count(b'"prediction"')

        def auditwheel(lot):
            return sum(subprocess.run([program, "show", path], stdout=subprocess.DEVNULL,
                                      stderr=subprocess.DEVNULL, check=False).returncode != 0
                       for path in lot)

        times = {"solder": [], "auditwheel": []}
        for _ in range(args.rounds):
            audited = refused = 0
            for sums in times.values():
                sums.append([0, 0])
            for k, lot in enumerate(lots):
                folder = fill(k, lot)
                for name, action in (("solder", lambda: solder(folder)),
                                     ("auditwheel", lambda: auditwheel(lot))):
                    n, *t = timed(action)
                    times[name][-1] = [a + b for a, b in zip(times[name][-1], t)]
                    audited += n if name == "solder" else 0
                    refused += n if name == "auditwheel" else 0
                    print(f"lot {k + 1} of {len(lots)}: {name} {t[0]:.1f} s wall, {t[1]:.1f} s "
                          "processor", file=sys.stderr, flush=True)
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
