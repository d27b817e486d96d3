"""Makes wheels for tests, good ones and bad ones.

    wheel.py make DIR NAME TAG FILE...       a package NAME with these files in it
    wheel.py entry DIR NAME TAG ENTRY        one whose archive has an entry of that name
    wheel.py lie DIR NAME TAG                one whose entries say that they have 4 GiB each
    wheel.py link DIR NAME TAG               one with a symbolic link
    wheel.py tar DIR NAME TAG                one that is a tar archive, too
    wheel.py cut WHEEL                       takes the second half away
"""

import os
import struct
import sys
import tarfile
import zipfile


def path_of(folder, name, tag):
    return os.path.join(folder, f"{name}-1.0-{tag}.whl")


def make(folder, name, tag, *files, entries=()):
    info = f"{name}-1.0.dist-info"
    content = {f"{name}/__init__.py": b""}
    for file in files:
        with open(file, "rb") as f:
            content[f"{name}/{os.path.basename(file)}"] = f.read()
    content.update((entry, b"x") for entry in entries)
    content[f"{info}/METADATA"] = f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n".encode()
    content[f"{info}/WHEEL"] = (
        f"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: false\nTag: {tag}\n".encode())
    record = f"{info}/RECORD"
    content[record] = "".join(f"{n},,\n" for n in [*content, record]).encode()
    with zipfile.ZipFile(path_of(folder, name, tag), "w", zipfile.ZIP_DEFLATED) as z:
        for entry, data in content.items():
            z.writestr(entry, data)


def link(folder, name, tag):
    make(folder, name, tag)
    with zipfile.ZipFile(path_of(folder, name, tag), "a") as z:
        info = zipfile.ZipInfo(f"{name}/link.so")
        info.create_system = 3
        info.external_attr = 0o120777 << 16
        z.writestr(info, "other.so")


def tar_in_front(folder, name, tag):
    """Readers of tar and of zip see different files."""
    make(folder, name, tag)
    with open(path_of(folder, name, tag), "rb") as f:
        data = f.read()
    with tarfile.open(path_of(folder, name, tag), "w") as t:
        t.add(__file__, "harmless.py")
    with open(path_of(folder, name, tag), "ab") as f:
        f.write(data)


def lie(folder, name, tag):
    make(folder, name, tag, entries=["a", "b"])
    with open(path_of(folder, name, tag), "r+b") as f:
        data = bytearray(f.read())
        at = data.find(b"PK\1\2")
        while at >= 0:
            struct.pack_into("<I", data, at + 24, 0xFFFFFFFE)
            at = data.find(b"PK\1\2", at + 4)
        f.seek(0)
        f.write(data)


def main(kind, *args):
    if kind == "make":
        make(*args)
    elif kind == "entry":
        make(*args[:3], entries=args[3:])
    elif kind == "lie":
        lie(*args)
    elif kind == "link":
        link(*args)
    elif kind == "tar":
        tar_in_front(*args)
    elif kind == "cut":
        os.truncate(args[0], os.path.getsize(args[0]) // 2)


main(*sys.argv[1:])
