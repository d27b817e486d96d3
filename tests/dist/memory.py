"""What memory for objects a process takes from the kernel, and how: prints what is not so.

    python3 memory.py pymalloc|mimalloc[_debug] small|huge
"""

import _testinternalcapi
import sys


def mappings():
    """Pairs of size in KiB and flags, of private memory."""
    found = []
    with open("/proc/self/smaps", encoding="ascii", errors="replace") as f:
        for line in f:
            words = line.split()
            if words[0] == "Size:":
                found.append([int(words[1]), []])
            elif words[0] == "VmFlags:":
                found[-1][1] = words[1:]
    return found


def huge():
    """MiB for which huge pages are wished."""
    return sum(size for size, flags in mappings() if "hg" in flags) // 1024


def main():
    malloc, arenas = sys.argv[1:]
    name = _testinternalcapi.pymem_getallocatorsname()
    if name != malloc:
        print(f"objects are allocated by {name}")
    if huge():
        print(f"{huge()} MiB of huge pages wished at the start")
    wanted = malloc.startswith("pymalloc") and arenas == "huge"
    for _ in range(3):
        blocks = sys.getallocatedblocks()
        kept = [bytes(400) for _ in range(100_000)]
        if sys.getallocatedblocks() - blocks < 100_000:
            print("not all objects are counted")
        # 40 MB, less the first sixteen arenas of 1 MiB.
        if not (20 <= huge() <= 60 if wanted else huge() == 0):
            print(f"{huge()} MiB of huge pages wished for 40 MB of objects")
        if any(part != bytes(400) for part in kept):
            print("memory is not as it was written")
        del kept
        if huge() > 8:
            print(f"{huge()} MiB of huge pages wished when the objects are gone")


main()
