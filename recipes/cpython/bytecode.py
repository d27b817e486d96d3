"""Compiles the bytecode of what lies in LIBRARY, for a TREE whose prefix is /install.

    bytecode.py TREE LIBRARY JOBS

Each file has a process of its own: whether equal constants of two functions become one depends on
the strings that the process has interned, with compileall's workers on the files that each happened
to get. Here all start from the same: this program and what it imports.
"""

import compileall
import os
import py_compile
import re
import sys

# What is not meant to compile.
SKIP = re.compile('bad_coding|badsyntax|lib2to3/(tests/)?data')


def sources(folder):
    for at, folders, files in os.walk(folder):
        folders.sort()
        yield from (os.path.join(at, name) for name in sorted(files) if name.endswith('.py'))


def wait():
    return os.waitstatus_to_exitcode(os.wait()[1]) == 0


def main(tree, library, jobs):
    running, good = 0, True
    for source in sources(library):
        if running == jobs:
            good &= wait()
            running -= 1
        if not os.fork():
            done = compileall.compile_file(
                source, force=True, rx=SKIP, quiet=1, stripdir=tree, prependdir='/install',
                invalidation_mode=py_compile.PycInvalidationMode.CHECKED_HASH)
            sys.stdout.flush()
            os._exit(not done)
        running += 1
    for _ in range(running):
        good &= wait()
    return not good


if __name__ == '__main__':
    sys.exit(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
