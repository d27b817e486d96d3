"""Checks the workloads with the Python that runs this: their index, results, counts and manners.

    check.py [NAME]...

Prints what failed or was skipped, and at the end "N passed, N failed"; exits with 1 if any failed.
"""

import ast
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

import table

HERE = os.path.dirname(os.path.abspath(__file__))
HELPERS = {"common.py", "dlopens.py", "pyperformance_index.py"}
FIELDS = {"name": str, "stresses": str, "loops": int, "kind": str, "args": list}
# What a Python may lack; a workload that needs one says so.
OPTIONAL = [
    "_bz2", "_ctypes", "_curses", "_dbm", "_decimal", "_elementtree", "_hashlib", "_lzma", "_sqlite3",
    "_ssl", "_tkinter", "_uuid", "readline", "zlib",
]
# By the name that a workload needs: the module of the list above.
BEHIND = {"ctypes": "_ctypes", "sqlite3": "_sqlite3"}
# Calls of threads that wait for each other vary.
TOLERANCE = {"thread_queues": 0.25, "thread_locals": 0.25}


def need(true, text):
    if not true:
        raise AssertionError(text)


def run(arguments, seed, scratch):
    environment = {"PATH": "/usr/bin:/bin", "PYTHONHASHSEED": seed, "TMPDIR": scratch,
                   "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run([sys.executable, *arguments], env=environment, cwd=scratch, timeout=120,
                          stdin=subprocess.DEVNULL, capture_output=True, text=True)


def quiet(done):
    need(done.returncode == 0, f"exit code {done.returncode}: {done.stderr}")
    need(done.stdout + done.stderr == "", f"printed {done.stdout + done.stderr!r}")


def first_sentence(path):
    with open(path, encoding="utf-8") as file:
        text = " ".join(ast.get_docstring(ast.parse(file.read())).split())
    return text.partition(". ")[0].rstrip(".") + "."


def check_index(index):
    names = [entry["name"] for entry in index]
    need(names == sorted(set(names)), "the names are not in order, or not unique")
    files = {entry["file"] for entry in index if entry["kind"] == "loop"}
    found = {name for name in os.listdir("workloads") if name.endswith(".py")} - HELPERS
    need(files == found, f"in the index or in the folder only: {sorted(files ^ found)}")
    for entry in index:
        for field, kind in FIELDS.items():
            need(isinstance(entry[field], kind), f"{entry['name']}: {field} is no {kind.__name__}")
        need(not set(entry) - set(FIELDS) - {"file", "needs"}, f"{entry['name']}: unknown field")
        need(entry["kind"] in ("loop", "startup"), f"{entry['name']}: kind {entry['kind']!r}")
        need(entry["loops"] > 0, f"{entry['name']}: no loops")
        need(entry["kind"] == "loop" or entry["file"] is None, f"{entry['name']}: has a file")
        unknown = set(map(behind, entry.get("needs", []))) - set(OPTIONAL)
        need(not unknown, f"{entry['name']}: needs {unknown}, which the test does not know as optional")


def check_names(index):
    """A workload's folder comes first on sys.path, so none may hide a module."""
    for name in {entry["name"] for entry in index} | {name[:-3] for name in HELPERS}:
        need(name not in sys.stdlib_module_names, f"{name} hides a module of the standard library")


def check_table(index):
    need(table.parts()[1] == table.table(), "docs/workloads.md is not up to date: run table.py --write")


def check_wrong_result(index):
    program = "import common; common.main(lambda: 41, 42)"
    folder = os.path.abspath("workloads")
    done = run(["-c", f"import sys; sys.path.insert(0, {folder!r}); {program}", "1"], "0", "/tmp")
    need(done.returncode == 1 and "is 41, it must be 42" in done.stderr, done.stderr)


def behind(name):
    return BEHIND.get(name, name)


def check_loop(entry, scratch):
    path = os.path.abspath(os.path.join("workloads", entry["file"]))
    need(first_sentence(path) == entry["stresses"], f"its first sentence is {first_sentence(path)!r}")
    quiet(run([path, "1"], "1", scratch))
    blocked = [name for name in OPTIONAL if name not in map(behind, entry.get("needs", []))]
    done = run([os.path.join(HERE, "counted.py"), path, *blocked], "2", scratch)
    need(done.returncode == 0, done.stderr)
    found = json.loads(done.stdout)
    need(found["printed"] == "", f"printed {found['printed']!r}")
    need(all(code == 2 and lines for code, lines in found["bad"]), f"bad arguments: {found['bad']}")
    none, one, two = found["calls"]
    need(one > none, f"one loop makes {one} calls, no loop {none}")
    ratio = (two - none) / (one - none)
    tolerance = TOLERANCE.get(entry["name"], 0.02)
    need(abs(ratio / 2 - 1) <= tolerance, f"two loops do {ratio:.3f} times the work of one")


def check_library(entry, scratch):
    path = os.path.abspath(os.path.join("workloads/libraries", entry["file"]))
    quiet(run([path, *entry["args"], "2"], "1", scratch))


def check_libraries(index, scratch):
    """The index of the libraries' operations names each once, and all that a file knows."""
    names = [entry["name"] for entry in index]
    need(names == sorted(set(names)), "the names are not in order, or not unique")
    for file in {entry["file"] for entry in index}:
        done = run([os.path.abspath(os.path.join("workloads/libraries", file)), "none", "1"], "1", scratch)
        need(done.returncode == 2, f"{file} takes an unknown operation")
        known = done.stderr.partition("operations: ")[2].strip().split(", ")
        listed = [word for entry in index if entry["file"] == file for word in entry["args"]]
        need(sorted(known) == sorted(listed), f"{file}: {sorted(set(known) ^ set(listed))}")


def check_startup(entry, scratch):
    quiet(run(entry["args"], "1", scratch))


def judge(name, function, *arguments):
    """One line for what failed, None for what passed."""
    try:
        function(*arguments)
    except (AssertionError, subprocess.TimeoutExpired, ValueError, KeyError) as error:
        return f"FAIL {name}: {error}"
    return None


def lacking(entry):
    return [name for name in entry.get("needs", []) if importlib.util.find_spec(name) is None]


def main():
    with open("workloads/index.json", encoding="utf-8") as file:
        index = json.load(file)
    wanted = [entry for entry in index if not sys.argv[1:] or entry["name"] in sys.argv[1:]]
    results, skipped = [], 0
    if not sys.argv[1:]:
        for function in (check_index, check_names, check_table, check_wrong_result):
            results.append(judge(function.__name__, function, index))
    with tempfile.TemporaryDirectory() as scratch, ThreadPoolExecutor(2) as pool:
        jobs = []
        for entry in wanted:
            if lacking(entry):
                skipped += 1
                print(f"skipped: {entry['name']}: needs {', '.join(lacking(entry))}")
                continue
            function = check_loop if entry["kind"] == "loop" else check_startup
            jobs.append(pool.submit(judge, entry["name"], function, entry, scratch))
        if not sys.argv[1:]:
            with open("workloads/libraries/index.json", encoding="utf-8") as file:
                libraries = json.load(file)
            results.append(judge("libraries", check_libraries, libraries, scratch))
            jobs += [pool.submit(judge, entry["name"], check_library, entry, scratch)
                     for entry in libraries if not lacking(entry)]
        results += [job.result() for job in jobs]
        left = os.listdir(scratch)
        results.append(f"FAIL temporary files: {left} are left" if left else None)
    failures = [result for result in results if result]
    print("\n".join(failures), end="\n" if failures else "")
    print(f"{len(results) - len(failures)} passed, {len(failures)} failed"
          + (f", {skipped} skipped" if skipped else ""))
    sys.exit(bool(failures) or not results)


if __name__ == "__main__":
    main()
