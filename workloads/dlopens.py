"""Opens many shared objects, as a program with many extension modules has done by the time it works.

A C library may take a slower path in __tls_get_addr, for good, once objects with thread-local
variables have been opened after the start. Hence two kinds are opened: the extension modules of the
standard library that this Python has, and 64 empty objects with nothing but a thread-local variable,
which are written here, byte by byte, so that every machine gets the same.
"""

import ctypes
import importlib
import os
import struct
import sys
import tempfile

EXTENSIONS = [
    "_asyncio", "_bisect", "_bz2", "_codecs_jp", "_contextvars", "_csv", "_ctypes", "_curses", "_datetime",
    "_decimal", "_elementtree", "_hashlib", "_heapq", "_json", "_lsprof", "_lzma", "_multibytecodec",
    "_multiprocessing", "_pickle", "_posixsubprocess", "_queue", "_random", "_socket", "_sqlite3", "_ssl",
    "_statistics", "_struct", "_uuid", "_zoneinfo", "array", "binascii", "fcntl", "grp", "math", "mmap",
    "pyexpat", "resource", "select", "termios", "unicodedata", "zlib",
]
OBJECTS = 64
PAGE = 0x10000
LOAD, DYNAMIC, TLS, STACK = 1, 2, 7, 0x6474E551
HASH, STRTAB, SYMTAB, STRSZ, SYMENT = 4, 5, 6, 10, 11


def machine():
    """The ELF identification and machine number of this interpreter."""
    with open(sys.executable, "rb") as file:
        header = file.read(20)
    if header[:5] != b"\x7fELF\x02":
        sys.exit("dlopens: this interpreter is no 64-bit ELF program")
    order = "<" if header[5] == 1 else ">"
    return header[:16], struct.unpack_from(order + "H", header, 18)[0], order


def shared_object():
    """A shared object with 8 bytes of thread-local storage, no code and no symbol."""
    identification, number, order = machine()
    headers, symbols = 64, 64 + 4 * 56
    hashes = symbols + 24
    strings = hashes + 16
    dynamic = strings + 8
    end = dynamic + 6 * 16
    entries = [(HASH, hashes), (STRTAB, strings), (SYMTAB, symbols), (STRSZ, 1), (SYMENT, 24), (0, 0)]
    program = "IIQQQQQQ"
    out = bytearray(identification)
    out += struct.pack(order + "HHIQQQIHHHHHH", 3, number, 1, 0, headers, 0, 0, 64, 56, 4, 64, 0, 0)
    out += struct.pack(order + program, LOAD, 6, 0, 0, 0, end, end, PAGE)
    out += struct.pack(order + program, DYNAMIC, 6, dynamic, dynamic, dynamic, 96, 96, 8)
    out += struct.pack(order + program, TLS, 4, end, end, end, 0, 8, 8)
    # Without this header the C library would make all stacks executable, or refuse.
    out += struct.pack(order + program, STACK, 6, 0, 0, 0, 0, 0, 16)
    out += bytes(24) + struct.pack(order + "IIII", 1, 1, 0, 0) + bytes(8)
    for tag, value in entries:
        out += struct.pack(order + "QQ", tag, value)
    return bytes(out)


def open_many():
    """Opens everything; the objects stay open. Returns how many empty objects are open."""
    for name in EXTENSIONS:
        try:
            importlib.import_module(name)
        except ImportError:
            pass
    text = shared_object()
    opened = []
    with tempfile.TemporaryDirectory() as folder:
        for i in range(OBJECTS):
            path = os.path.join(folder, f"tls{i}.so")
            with open(path, "wb") as file:
                file.write(text)
            opened.append(ctypes.CDLL(path))
    return len(opened)
