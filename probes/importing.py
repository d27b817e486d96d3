"""importing.py FOLDER MODULE [deepbind]: imports a module of plain.c and says whom it talks to."""

import os
import struct
import sys


def has_runtime(path):
    """Does an ELF file have a section .PyRuntime?"""
    with open(path, "rb") as f:
        head = f.read(64)
        if head[:5] != b"\x7fELF\x02":
            return False
        offset, = struct.unpack_from("<Q", head, 0x28)
        size, count, names = struct.unpack_from("<HHH", head, 0x3A)
        f.seek(offset)
        sections = f.read(size * count)
        start, length = struct.unpack_from("<QQ", sections, names * size + 0x18)
        f.seek(start)
        texts = f.read(length)
    for i in range(count):
        at, = struct.unpack_from("<I", sections, i * size)
        if texts[at:texts.index(b"\0", at)] == b".PyRuntime":
            return True
    return False


def mapped():
    with open("/proc/self/maps") as f:
        return sorted({line.split(None, 5)[5].rstrip("\n") for line in f if "/" in line})


def where(path):
    real = os.path.realpath(path)
    if real == os.path.realpath("/proc/self/exe"):
        return "executable"
    return "library" if os.path.basename(real).startswith("libpython") else real


def main():
    folder, name = sys.argv[1:3]
    sys.path.insert(0, folder)
    if sys.argv[3:] == ["deepbind"]:
        sys.setdlopenflags(os.RTLD_NOW | os.RTLD_DEEPBIND)
    module = __import__(name)
    file, same = module.origin(None)
    print(f"seen: api={where(file) if '/' in file else 'executable'}")
    print(f"seen: none={'same' if same else 'differs'}")
    runtimes = [path for path in mapped() if os.path.exists(path) and has_runtime(path)]
    for path in runtimes:
        print("runtime in", path)
    print(f"seen: runtimes={len(runtimes)}")


main()
