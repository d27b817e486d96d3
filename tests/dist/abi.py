"""What a Python of this ABI says of itself, and that it is so."""

import _imp
import importlib.machinery
import os
import subprocess
import sys
import sysconfig
import threading

from checks import ABIFLAGS, NAMED, PYTHON, STDLIB, TREE, VERSION, check, equal

THREADS, DEBUG = "t" in ABIFLAGS, "d" in ABIFLAGS
RELEASE = tuple(map(int, VERSION.split(".")))
VARS = sysconfig.get_config_vars()
TRIPLE = VARS["MULTIARCH"]
DIGITS = VERSION.replace(".", "")


@check("what the build is called")
def _():
    equal(sys.abiflags, ABIFLAGS)
    equal(VARS["LDVERSION"], NAMED, "LDVERSION")
    equal(VARS["SOABI"], f"cpython-{DIGITS}{ABIFLAGS}-{TRIPLE}", "SOABI")
    equal(sys.implementation.cache_tag, f"cpython-{DIGITS}", "cache_tag")
    equal(bool(VARS.get("Py_DEBUG")), DEBUG, "Py_DEBUG")
    if RELEASE >= (3, 13):
        equal(bool(VARS.get("Py_GIL_DISABLED")), THREADS, "Py_GIL_DISABLED")


@check("what its files are called")
def _():
    for name in (f"bin/python{NAMED}", f"bin/python{NAMED}-config", f"lib/libpython{NAMED}.so.1.0",
                 f"lib/libpython{NAMED}.a", f"include/python{NAMED}/Python.h", f"lib/{STDLIB}/os.py",
                 f"lib/{STDLIB}/config-{NAMED}-{TRIPLE}/Makefile", f"lib/pkgconfig/python-{NAMED}.pc",
                 f"lib/{STDLIB}/_sysconfigdata_{ABIFLAGS}_linux_{TRIPLE}.py"):
        assert os.path.exists(f"{TREE}/{name}"), name
    equal([n for n in os.listdir(f"{TREE}/lib") if n.startswith("python3")], [STDLIB])
    equal(os.listdir(f"{TREE}/include"), [f"python{NAMED}"])
    others = [n for n in os.listdir(f"{TREE}/lib/{STDLIB}/lib-dynload") if f".{VARS['SOABI']}." not in n]
    assert not others, others


@check("extension modules that it loads")
def _():
    own = [f".cpython-{DIGITS}{ABIFLAGS}-{TRIPLE}.so"]
    # A debug build also loads what was compiled for the release build beside it.
    if DEBUG:
        own.append(own[0].replace(f"{DIGITS}{ABIFLAGS}", f"{DIGITS}{ABIFLAGS[:-1]}"))
    found = importlib.machinery.EXTENSION_SUFFIXES
    equal([s for s in found if "cpython-" in s], own)
    equal(found, _imp.extension_suffixes())


@check("the GIL")
def _():
    if RELEASE >= (3, 13):
        equal(sys._is_gil_enabled(), not THREADS)
    if not THREADS:
        return
    # What is imported in the usual builds needs no GIL.
    code = "import ssl, sqlite3, ctypes, decimal, curses, lzma, sys; print(sys._is_gil_enabled())"
    equal(subprocess.check_output([PYTHON, "-W", "error", "-c", code], text=True), "False\n")
    env = {**os.environ, "PYTHON_GIL": "1"}
    equal(subprocess.check_output([PYTHON, "-c", code], text=True, env=env), "True\n")


@check("threads that change the same objects")
def _():
    shared, counts, n = {}, [], 4

    def work(number):
        for i in range(2000):
            shared[i] = number
            counts.append(i)
            type("C", (), {"__len__": lambda self: i})
        equal(len(type("D", (), {"__len__": lambda self: 7})()), 7)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(n)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    equal(len(shared), 2000)
    equal(len(counts), n * 2000)


@check("classes made while others change their bases")
def _():
    class Base:
        pass

    wrong, done = [], threading.Event()

    def change():
        while not done.is_set():
            Base.__len__ = lambda self: 1
            Base.word = 1
            del Base.__len__

    def make():
        for i in range(3000):
            made = type("C", (Base,), {"__call__": lambda self: i})()
            if made() != i:
                wrong.append(i)

    changing = threading.Thread(target=change)
    making = [threading.Thread(target=make) for _ in range(2)]
    for thread in (changing, *making):
        thread.start()
    for thread in making:
        thread.join()
    done.set()
    changing.join()
    assert not wrong, wrong[:5]


@check("what debug builds have")
def _():
    for name in ("gettotalrefcount",):
        equal(hasattr(sys, name), DEBUG, name)
    equal("-DNDEBUG" in VARS["OPT"], not DEBUG, "NDEBUG")
    if DEBUG:
        code = "import sys; a = sys.gettotalrefcount(); b = [object()] * 1000; print(sys.gettotalrefcount() - a)"
        more = int(subprocess.check_output([PYTHON, "-c", code]))
        assert 1000 <= more < 1100, more
        done = subprocess.run([PYTHON, "-X", "showrefcount", "-c", "pass"], capture_output=True, text=True)
        assert done.stderr.startswith("["), done.stderr
