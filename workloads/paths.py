"""Path handling: pure paths of pathlib, and the functions of os.path and fnmatch on names."""

import fnmatch
import posixpath
from pathlib import PurePosixPath, PureWindowsPath

from common import main

NAMES = [
    f"/srv/data{i % 7}/../data/year{i % 11}/./file{i}.{'tar.gz' if i & 1 else 'txt'}" for i in range(250)
]


def with_pathlib(name):
    path = PurePosixPath(name)
    base = PurePosixPath("/srv")
    total = len(path.parts) + len(path.suffixes) + len(path.stem)
    total += len(str(path.with_suffix(".bak"))) + len(str(path.parent / "other"))
    total += path.is_relative_to(base) + len(path.relative_to(base).parts)
    total += path.match("*.gz") + (path == PurePosixPath(name)) + len(path.as_uri())
    return total


def with_os_path(name):
    normal = posixpath.normpath(name)
    root, extension = posixpath.splitext(normal)
    total = len(posixpath.join(posixpath.dirname(normal), "x", "y")) + len(extension)
    total += len(posixpath.relpath(normal, "/srv/other")) + posixpath.isabs(root)
    return total + fnmatch.fnmatchcase(posixpath.basename(normal), "file[0-9]*.t?t")


def work():
    total = 0
    for name in NAMES:
        total += with_pathlib(name) + with_os_path(name)
    for name in NAMES[::5]:
        path = PureWindowsPath("C:" + name.replace("/", "\\"))
        total += len(path.name) + len(path.parts) + len(path.drive)
    return total


if __name__ == "__main__":
    main(work, 47723)
