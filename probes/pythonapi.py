"""The C API through ctypes.pythonapi and PyDLL(None), also from a second thread."""

import ctypes
import threading


def use(library):
    library.PyList_New.restype = ctypes.py_object
    library.PyLong_FromLong.restype = ctypes.py_object
    assert library.PyGILState_Check() == 1
    for i in range(1000):
        assert library.PyList_New(0) == []
        assert library.PyLong_FromLong(i << 20) == i << 20
    try:
        library.PyErr_SetNone(ctypes.py_object(KeyError))
    except KeyError:
        return
    raise AssertionError("the exception did not arrive")


def both():
    use(ctypes.pythonapi)
    use(ctypes.PyDLL(None))
    done.append(1)


done = []
thread = threading.Thread(target=both)
both()
thread.start()
thread.join()
assert len(done) == 2
