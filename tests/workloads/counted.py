"""Runs one workload several times in this process and prints what it did, as JSON.

    counted.py FILE [BLOCKED_MODULE]...

The blocked modules cannot be imported, as in a Python that lacks them. Work is counted in calls, of
Python functions and of built-in ones, in all threads.
"""

import io
import json
import runpy
import sys
import threading
from contextlib import redirect_stderr, redirect_stdout


def calls_of(file, loops):
    """How many calls the workload makes with so many loops."""
    count = 0

    def note(frame, event, argument):
        nonlocal count
        if event == "call" or event == "c_call":
            count += 1

    sys.argv = [file, str(loops)]
    threading.setprofile(note)
    sys.setprofile(note)
    try:
        runpy.run_path(file, run_name="__main__")
    finally:
        sys.setprofile(None)
        threading.setprofile(None)
    return count


def exit_code_of(file, *arguments):
    sys.argv = [file, *arguments]
    error = io.StringIO()
    try:
        with redirect_stderr(error):
            runpy.run_path(file, run_name="__main__")
    except SystemExit as end:
        return end.code, error.getvalue().count("\n")
    return 0, error.getvalue().count("\n")


def main(file, *blocked):
    for name in blocked:
        sys.modules[name] = None
    sys.path.insert(0, file.rpartition("/")[0])
    printed = io.StringIO()
    with redirect_stdout(printed):
        # The first run fills caches of the standard library.
        calls_of(file, 1)
        calls = [calls_of(file, loops) for loops in range(3)]
        bad = [exit_code_of(file, *arguments) for arguments in ((), ("x",), ("-1",), ("1.5",), ("1", "2"))]
    json.dump({"calls": calls, "bad": bad, "printed": printed.getvalue()}, sys.stdout)


main(*sys.argv[1:])
