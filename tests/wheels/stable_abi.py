"""Makes src/check/stable-abi.txt: the functions and variables of CPython's stable ABI, each with the
minor version of Python 3 that brought it.

    stable_abi.py SOURCE >src/check/stable-abi.txt
    stable_abi.py SOURCE --check FILE

SOURCE is an unpacked source of CPython, whose Misc/stable_abi.toml says it; take the newest, as
nothing is ever removed. With --check it says what FILE lacks, or has of another version.
"""

import os
import sys
import tomllib


def main():
    source, *check = sys.argv[1:]
    with open(os.path.join(source, "Misc", "stable_abi.toml"), "rb") as f:
        items = tomllib.load(f)
    lines = {f"{name} {item['added'].removeprefix('3.')}\n"
             for kind in ("function", "data") for name, item in items[kind].items()}
    if not check:
        print("# made by tests/wheels/stable_abi.py")
        sys.stdout.writelines(sorted(lines))
        return 0
    with open(check[1], encoding="ascii") as f:
        wrong = sorted(lines - set(f))
    print("".join(wrong), end="")
    return int(bool(wrong))


sys.exit(main())
