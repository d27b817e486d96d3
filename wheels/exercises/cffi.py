import cffi

ffi = cffi.FFI()
ffi.cdef("size_t strlen(const char *); typedef int (*compare)(const void *, const void *);"
         "void qsort(void *, size_t, size_t, compare);")
c = ffi.dlopen(None)
assert c.strlen(b"seven!!") == 7
numbers = ffi.new("int[]", [5, 3, 9, 1])


@ffi.callback("int(const void *, const void *)")
def compare(a, b):
    return ffi.cast("int *", a)[0] - ffi.cast("int *", b)[0]


c.qsort(numbers, 4, ffi.sizeof("int"), compare)
assert list(numbers) == [1, 3, 5, 9]
