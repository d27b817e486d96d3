"""ctypes, and so libffi: calls of functions in C, and functions in Python that C calls."""

import ctypes

from operations import main

LIBC = ctypes.CDLL(None)


def calls():
    absolute = LIBC.labs
    absolute.argtypes, absolute.restype = [ctypes.c_long], ctypes.c_long
    return lambda: sum(absolute(-i) for i in range(5000)) == 12497500


def callbacks():
    kind = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_int), ctypes.POINTER(ctypes.c_int))
    compare = kind(lambda a, b: a[0] - b[0])
    numbers = [i * 7919 % 512 for i in range(512)]

    def work():
        array = (ctypes.c_int * 512)(*numbers)
        LIBC.qsort(array, 512, ctypes.sizeof(ctypes.c_int), compare)
        return list(array) == list(range(512))

    return work


if __name__ == "__main__":
    main({"calls": calls, "callbacks": callbacks})
