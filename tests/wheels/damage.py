"""Damages an interpreter: what answers to libpython's name goes (its own name, and the search paths by
which the loader finds the library), or one symbol is no longer exported.

    damage.py paths FILE
    damage.py symbol FILE NAME
"""

import struct
import sys

PT_DYNAMIC, SHT_DYNSYM = 2, 11
DT_SONAME, DT_RPATH, DT_RUNPATH, DT_UNUSED = 14, 15, 29, 0x6FFFFEF0


def drop_paths(data):
    at, count = struct.unpack_from("<Q", data, 32)[0], struct.unpack_from("<H", data, 56)[0]
    found = False
    for i in range(count):
        kind, _, offset, _, _, size = struct.unpack_from("<IIQQQQ", data, at + i * 56)
        for entry in range(offset, offset + size, 16) if kind == PT_DYNAMIC else ():
            if struct.unpack_from("<Q", data, entry)[0] in (DT_SONAME, DT_RPATH, DT_RUNPATH):
                struct.pack_into("<Q", data, entry, DT_UNUSED)
                found = True
    return found


def hide_symbol(data, name):
    at, (size, count) = struct.unpack_from("<Q", data, 40)[0], struct.unpack_from("<HH", data, 58)
    sections = [struct.unpack_from("<IIQQQQIIQQ", data, at + i * size) for i in range(count)]
    for section in sections:
        if section[1] != SHT_DYNSYM:
            continue
        names = sections[section[6]][4]
        for symbol in range(section[4], section[4] + section[5], 24):
            start = names + struct.unpack_from("<I", data, symbol)[0]
            if data[start:data.index(0, start)] == name.encode():
                struct.pack_into("<HQ", data, symbol + 6, 0, 0)  # undefined, and at no address
                return True
    return False


def main(kind, path, *name):
    with open(path, "rb") as f:
        data = bytearray(f.read())
    if not (drop_paths(data) if kind == "paths" else hide_symbol(data, *name)):
        sys.exit(f"{path}: nothing to damage")
    with open(path, "wb") as f:
        f.write(data)


main(*sys.argv[1:])
