"""sleeper.py [LIBPYTHON]: waits in functions with names to be found; first opens libpython by ctypes
if one is named. Says "ready" on its output."""

import sys
import time

if len(sys.argv) > 1:
    import ctypes

    kept = ctypes.PyDLL(sys.argv[1])


def probe_outer():
    probe_inner()


def probe_inner():
    print("ready", flush=True)
    end = time.monotonic() + 60
    while time.monotonic() < end:
        sum(range(1000))


probe_outer()
