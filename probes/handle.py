"""handle.py LIBPYTHON [CALL]: libpython opened by ctypes, beside the interpreter's own."""

import ctypes
import os
import sys

COUNTER = ("PyThreadState_GetUnchecked" if sys.version_info >= (3, 13) else
           "_PyThreadState_UncheckedGet")


def address(library, name):
    return ctypes.addressof(ctypes.c_char.in_dll(library, name))


def state(library):
    function = getattr(library, COUNTER)
    function.restype = ctypes.c_void_p
    return function()


def compare(label, library):
    own = ctypes.pythonapi
    runtime = address(library, "_PyRuntime") == address(own, "_PyRuntime")
    print(f"seen: {label}-runtime={'same' if runtime else 'differs'}")
    found = state(library)
    print(f"seen: {label}-thread-state="
          f"{'same' if found == state(own) else 'other' if found else 'null'}")


def call(library, name):
    if name == "initialized":
        print(f"seen: initialized={library.Py_IsInitialized()}")
    elif name == "small-integer":
        library.PyLong_FromLong.restype = ctypes.py_object
        assert library.PyLong_FromLong(5) == 5
    elif name == "list":
        library.PyList_New.restype = ctypes.py_object
        # More than one pool of the allocator holds, and then freed by the interpreter.
        kept = [library.PyList_New(0) for _ in range(1000)]
        assert kept == [[]] * 1000
        del kept
    elif name == "error":
        assert not library.PyErr_Occurred()
    elif name == "gil":
        library.PyGILState_Release(library.PyGILState_Ensure())
    elif name == "thread-state":
        library.PyThreadState_Get()


library = ctypes.PyDLL(sys.argv[1])
if len(sys.argv) == 2:
    compare("handle", library)
    compare("program", ctypes.PyDLL(None))
    try:
        compare("name", ctypes.PyDLL(os.path.basename(sys.argv[1])))
    except OSError as e:
        print(e)
        print("seen: name-runtime=none")
    call(library, "initialized")
else:
    call(library, sys.argv[2])
