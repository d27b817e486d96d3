"""A tar archive that wants to write outside the folder it is unpacked into.

    hostile.py KIND TOP FILE        KIND: traversal, absolute, symlink
"""
import io
import sys
import tarfile

kind, top, path = sys.argv[1:]


def add(archive, name, **fields):
    member = tarfile.TarInfo(name)
    data = b"" if "linkname" in fields else b"out\n"
    member.size = len(data)
    for key, value in fields.items():
        setattr(member, key, value)
    archive.addfile(member, io.BytesIO(data))


with tarfile.open(path, "w:gz") as tar:
    add(tar, top + "/LICENSE")
    if kind == "traversal":
        add(tar, top + "/../../../escaped")
    elif kind == "absolute":
        add(tar, "/var/tmp/solder-escaped")
    else:
        add(tar, top + "/outside", type=tarfile.SYMTYPE, linkname="../../..")
        add(tar, top + "/outside/escaped")
