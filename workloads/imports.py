"""Importing modules again: finders, reading cached bytecode, executing module and class bodies."""

import importlib
import sys

from common import main

NAMES = [
    "bisect", "calendar", "cmd", "codeop", "colorsys", "fileinput", "fnmatch", "fractions", "getopt",
    "graphlib", "html", "html.entities", "html.parser", "mimetypes", "numbers", "optparse", "pprint",
    "queue", "sched", "shlex", "string", "textwrap", "this_is_missing", "urllib.parse",
]


def imported(name):
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


def work():
    kept = dict(sys.modules)
    for name in NAMES:
        sys.modules.pop(name, None)
    importlib.invalidate_caches()
    try:
        modules = [imported(name) for name in NAMES]
    finally:
        sys.modules.clear()
        sys.modules.update(kept)
    return sum(module is not None for module in modules)


if __name__ == "__main__":
    main(work, 23)
