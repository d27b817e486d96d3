"""Unpacks BuildBox, whose casd is a server of the Remote Execution API, into a folder of its own:

    python3 tests/remote/casd.py FOLDER

prints FOLDER/casd, a script that runs it. Beside it are FOLDER/recc, a launcher of compilers,
FOLDER/trexe, a client that has a command executed, and FOLDER/runner, by which casd executes them. Debian has BuildBox in forky only; with that
suite's C library it runs on older systems. apt downloads and checks it, as for tests/peers/fetch.py, and changes nothing of
the system. A folder that is complete is left as it is.
"""

import glob
import os
import shutil
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "peers"))
import fetch  # noqa: E402

PROGRAMS = {"casd": "buildbox-casd", "recc": "recc", "trexe": "trexe", "runner": "buildbox-run-hosttools"}
SCRIPT = """#!/bin/sh
exec {loader} --library-path {libraries} {root}/usr/bin/{program} "$@"
"""


def unpack(folder):
    part, root = folder + ".part", os.path.join(folder, "root")
    shutil.rmtree(part, ignore_errors=True)
    shutil.rmtree(folder, ignore_errors=True)
    for deb in fetch.download(os.path.join(part, "apt"), "forky", "buildbox"):
        fetch.run("dpkg-deb", "-x", deb, os.path.join(part, "root"))
    shutil.rmtree(os.path.join(part, "apt"))
    loader = glob.glob(os.path.join(part, "root/usr/lib/*-linux-gnu*/ld-linux*.so.*"))
    if not loader:
        raise fetch.Missing("its packages have no loader at the expected place")
    loader = os.path.join(root, os.path.relpath(loader[0], os.path.join(part, "root")))
    for name, program in PROGRAMS.items():
        with open(os.path.join(part, name), "w", encoding="utf-8") as f:
            f.write(SCRIPT.format(loader=loader, libraries=os.path.dirname(loader), root=root,
                                  program=program))
        os.chmod(f.name, 0o755)
    os.rename(part, folder)


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    folder = os.path.realpath(sys.argv[1])
    try:
        if not all(os.path.exists(os.path.join(folder, name)) for name in PROGRAMS):
            unpack(folder)
        fetch.run(os.path.join(folder, "casd"), "--version")
    except (fetch.Missing, OSError) as problem:
        sys.exit(f"casd: {problem}")
    print(os.path.join(folder, "casd"))


if __name__ == "__main__":
    main()
