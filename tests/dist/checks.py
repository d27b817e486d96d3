"""For the topics in Python: checks that report as common.sh's do."""

import os
import sys
import traceback

TREE = os.environ["TREE"]
PYTHON = os.environ["PYTHON"]
VERSION = os.environ["VERSION"]
NAMED = os.environ["NAMED"]
STDLIB = os.environ["STDLIB"]
ABIFLAGS = NAMED[len(VERSION):]
LINK = os.environ["LINK"]
SCRATCH = os.environ["SCRATCH"]
LABEL = os.environ["LABEL"]


class Skip(Exception):
    """A check cannot be made here; the text says why."""


class Beside(Exception):
    """A check says nothing of a tree like this one; the text says why."""


def check(name):
    """A decorator: runs the function now, as a check of this name."""

    def run(function):
        try:
            function()
        except Skip as why:
            print(f"skip {LABEL}{name}: {why}")
        except Beside as why:
            note(f"{name}: {why}")
        except BaseException:
            print(f"FAIL {LABEL}{name}")
            for line in traceback.format_exc().splitlines()[-25:]:
                print("   ", line)
        else:
            print(f"ok {LABEL}{name}")
        sys.stdout.flush()

    return run


def note(text):
    print(f"note {LABEL}{text}")


def equal(found, wanted, what=""):
    assert found == wanted, f"{what or 'found'} {found!r}, wanted {wanted!r}"
