"""bench.py PACK_SPEED TREE: the archive writer beside tar | zstd and Python's tarfile.

Same tree, same level, same threads; the ways take turns, ROUNDS times (default 2), and the fastest
of each counts. LEVELS (default "3 19") are those of zstd. Prints ratios to solder's time.
"""
import gzip
import os
import subprocess
import sys
import tarfile
import tempfile
import time

tool, tree = sys.argv[1], os.path.realpath(sys.argv[2])
threads = os.cpu_count() or 1
rounds = int(os.environ.get("ROUNDS", "2"))
memory = {}


def solder(archive, level):
    out = subprocess.run([tool, tree, archive, str(level), str(threads)], check=True,
                         capture_output=True, text=True).stdout.split()
    memory[level] = max(memory.get(level, 0), int(out[2]))


def tar_zstd(archive, level):
    parent, name = os.path.split(tree)
    subprocess.run(["sh", "-c", 'tar --sort=name --owner=0 --group=0 -C "$1" -cf - "$2" | '
                    f'zstd -q -{level} -T{threads} -f -o "$3"', "-", parent, name, archive],
                   check=True)


def python_gzip(archive, level):
    with open(archive, "wb") as f, gzip.GzipFile("", "wb", level, f, 0) as z, \
            tarfile.open(fileobj=z, mode="w") as t:
        t.add(tree, "python")


def compare(title, ways, level, suffix):
    best, size = {}, {}
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(rounds):
            for name, way in ways:
                archive = os.path.join(folder, "a" + suffix)
                start = time.monotonic()
                way(archive, level)
                best[name] = min(best.get(name, 1e9), time.monotonic() - start)
                size[name] = os.path.getsize(archive)
    for name, _ in ways:
        print(f"{title:<22} {name:<16} {best[name]:8.2f} s  {best[name] / best['solder']:5.2f}  "
              f"{size[name] / 2**20:8.1f} MiB")


print(f"{tree}: {threads} threads, fastest of {rounds}; ratio to solder; size")
for level in map(int, os.environ.get("LEVELS", "3 19").split()):
    compare(f"tar.zst, level {level}", [("solder", solder), ("tar | zstd", tar_zstd)], level,
            ".tar.zst")
compare("tar.gz, level 6", [("solder", solder), ("python's tarfile", python_gzip)], 6, ".tar.gz")
print("solder's peak memory: " + ", ".join(
    f"{m / 1024:.0f} MiB at level {n}" for n, m in sorted(memory.items())))
