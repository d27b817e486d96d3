"""Measures the link modes: the same compile as static, shared and dual.

    python3 tests/peers/links.py SOLDER FOLDER [--options '--cc gcc …'] [--document FILE] [--table-only]
                                 [flags of solder bench]

FOLDER keeps the trees, the campaign and what else was measured (links.json); what is there is used again.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

import campaigns

COMMAND = "make bench-link"
MODES = ("static", "shared", "dual")
PROCESSES = 20
STARTS = 60
# What a program that does something imports, so that code is touched; then it waits.
CODE = ("import sys, json, re, decimal, sqlite3, hashlib, asyncio, dataclasses;"
        "json.loads(json.dumps([{'a': i} for i in range(2000)])); print(flush=True); sys.stdin.read()")
EMBEDS = "#include <Python.h>\nint main(int n, char **v) { return Py_BytesMain(n, v); }\n"


def series(tree):
    return next(name[6:] for name in sorted(os.listdir(f"{tree}/lib")) if name.startswith("python3."))


def memory(commands):
    """Proportional and private memory of processes that run at once, in KiB."""
    running = [subprocess.Popen(c, stdin=subprocess.PIPE, stdout=subprocess.PIPE) for c in commands]
    found = {"Pss": 0, "Private_Dirty": 0, "Rss": 0}
    for process in running:
        process.stdout.readline()
    for process in running:
        with open(f"/proc/{process.pid}/smaps_rollup", encoding="ascii", errors="replace") as f:
            for line in f:
                name, _, value = line.partition(":")
                if name in found:
                    found[name] += int(value.split()[0])
    for process in running:
        process.communicate()
        if process.returncode:
            sys.exit(f"{process.args} ended with {process.returncode}")
    return found


def embedder(tree, where):
    version = series(tree)
    with tempfile.NamedTemporaryFile("w", suffix=".c") as source:
        source.write(EMBEDS)
        source.flush()
        subprocess.run(["cc", "-o", where, f"-I{tree}/include/python{version}", source.name,
                        f"-L{tree}/lib", f"-lpython{version}", f"-Wl,-rpath,{tree}/lib"], check=True)
    return where


def sizes(tree, scratch):
    """Bytes of the interpreter and libpython.so, and without debug information."""
    version, whole, bare, seen = series(tree), 0, 0, set()
    for file in f"{tree}/bin/python{version}", f"{tree}/lib/libpython{version}.so.1.0":
        # Two names of one file count once.
        if os.stat(file).st_ino in seen:
            continue
        seen.add(os.stat(file).st_ino)
        whole += os.path.getsize(file)
        subprocess.run(["objcopy", "--strip-debug", file, f"{scratch}/bare"], check=True)
        bare += os.path.getsize(f"{scratch}/bare")
    return {"whole": whole, "bare": bare}


def starts(trees):
    """Medians of starts that take turns: milliseconds elapsed and of the processor, page faults."""
    argv = {mode: [f"{tree}/bin/python{series(tree)}", "-I", "-c", "pass"] for mode, tree in trees.items()}
    got = {mode: [] for mode in trees}
    for _ in range(STARTS):
        for mode, words in argv.items():
            begun = time.perf_counter()
            pid = os.posix_spawn(words[0], words, os.environ)
            _, status, used = os.wait4(pid, 0)
            elapsed = time.perf_counter() - begun
            if status:
                sys.exit(f"{words} ended with {status}")
            got[mode].append((1000 * elapsed, 1000 * (used.ru_utime + used.ru_stime), used.ru_minflt))
    return {mode: [statistics.median(column) for column in zip(*rows)] for mode, rows in got.items()}


def measure(trees):
    found = {"load": os.getloadavg()[0], "starts": starts(trees), "memory": {}, "both": {}, "size": {}}
    with tempfile.TemporaryDirectory() as scratch:
        for mode, tree in trees.items():
            python = [f"{tree}/bin/python{series(tree)}", "-I", "-B", "-c", CODE]
            program = [embedder(tree, f"{scratch}/{mode}"), *python[1:]]
            found["memory"][mode] = memory([python] * PROCESSES)
            found["both"][mode] = memory([python, program] * (PROCESSES // 2))
            found["size"][mode] = sizes(tree, scratch)
    return found


def text_of(found, campaign):
    own, startup = campaign.get("own"), campaign.get("startup")

    def row(name, value):
        return [name, *(value(mode) for mode in MODES)]

    def ratio(model):
        return lambda mode: "1" if mode == MODES[0] else campaigns.cell(model, mode)

    def mib(group, key):
        return lambda mode: f"{found[group][mode][key] / 1024:.1f}"

    rows = [row("time of own workloads, to static", ratio(own)), row("start-up, to static", ratio(startup)),
            row("a start: elapsed, ms (median)", lambda m: f"{found['starts'][m][0]:.2f}"),
            row("a start: processor, ms (median)", lambda m: f"{found['starts'][m][1]:.2f}"),
            row("a start: page faults (median)", lambda m: f"{found['starts'][m][2]:.0f}"),
            row(f"{PROCESSES} interpreters at once: memory (Pss), MiB", mib("memory", "Pss")),
            row(f"{PROCESSES} interpreters at once: private, written to, MiB", mib("memory", "Private_Dirty")),
            row(f"{PROCESSES // 2} interpreters and {PROCESSES // 2} programs that embed: memory (Pss), MiB",
                mib("both", "Pss")),
            row("interpreter and libpython.so on disk, MiB", lambda m: f"{found['size'][m]['whole'] / 2**20:.1f}"),
            row("the same without debug information, MiB", lambda m: f"{found['size'][m]['bare'] / 2**20:.1f}")]
    lines = [campaigns.table(["", *MODES], rows),
             f"- load of the machine as it began: {found['load']:.1f}; built with `{found['options']}`"]
    lines += ["- " + line for line in campaigns.gates(campaign)]
    if own:
        lines.append("- " + campaigns.machine(own))
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("solder")
    parser.add_argument("folder")
    parser.add_argument("--options", default="--cc best --lto best")
    parser.add_argument("--document")
    parser.add_argument("--table-only", action="store_true")
    options, flags = parser.parse_known_args()
    folder = os.path.realpath(options.folder)
    os.makedirs(f"{folder}/trees", exist_ok=True)
    if not options.table_only:
        trees = {mode: f"{folder}/trees/{mode}" for mode in MODES}
        for mode, tree in trees.items():
            why = campaigns.build(options.solder, [*options.options.split(), "--link", mode], tree)
            if why:
                sys.exit(f"{mode}: {why}")
        found = {"options": "solder build " + options.options, **measure(trees)}
        with open(f"{folder}/links.json", "w", encoding="utf-8") as f:
            json.dump(found, f, indent=1)
        why = campaigns.campaign(options.solder, trees, f"{folder}/campaign", flags)
        if why:
            sys.exit(why)
    with open(f"{folder}/links.json", encoding="utf-8") as f:
        found = json.load(f)
    campaign = {}
    if os.path.exists(f"{folder}/campaign.json"):
        campaign = campaigns.evaluate(options.solder, f"{folder}/campaign.json")
    campaigns.put_table(options.document, COMMAND, text_of(found, campaign))


if __name__ == "__main__":
    main()
