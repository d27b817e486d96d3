"""Imports modules, or runs one program, in the interpreter that is being checked.

    python -I -S -B -X faulthandler run.py SITE RESULT import MODULE...
    python -I -S -B -X faulthandler run.py SITE RESULT exercise FILE

SITE is a folder of installed packages, the only one besides the standard library. Each line of
RESULT is a JSON object: {"begin": WHAT} before something is tried, {"end": WHAT, "error": TEXT or
null, "frame": TEXT or null} after it. A begin without an end is where the process died.
"""

import importlib
import json
import runpy
import site
import sys
import traceback


def frame_of(error):
    frames = traceback.extract_tb(error.__traceback__)
    frames = [f for f in frames if f.filename != __file__ and "importlib" not in f.filename]
    if not frames:
        return None
    last = frames[-1]
    return f"{last.filename}:{last.lineno} in {last.name}"


def attempt(out, what, action):
    def write(line):
        out.write(json.dumps(line) + "\n")
        out.flush()

    write({"begin": what})
    try:
        action()
    except BaseException as error:  # SystemExit and pyo3's panics are failures too
        text = f"{type(error).__name__}: {error}"
        write({"end": what, "error": text[:1000], "frame": frame_of(error)})
    else:
        write({"end": what, "error": None, "frame": None})


def main():
    folder, result, kind, *names = sys.argv[1:]
    site.addsitedir(folder)
    with open(result, "w", encoding="ascii") as out:
        for name in names:
            if kind == "import":
                attempt(out, name, lambda: importlib.import_module(name))
            else:
                sys.argv = [name]
                attempt(out, "exercise", lambda: runpy.run_path(name, run_name="__main__"))


main()
