#!/usr/bin/env python3
"""Holds src/macho and src/pe against LLVM's tools over real wheels: see macho_oracle.py.

    macho_wheels.py DUMPER SOLDER PLATFORM[,PLATFORM...] N LIST [LIBPYTHON]

For each platform (macos-arm64, macos-x86_64, win-amd64), pip downloads the newest wheels for Python
3.13 of the first N names in LIST; each is compared, judged once by `solder check`
within a minute, and removed before the next. LIBPYTHON is a libpython for macOS of the same version,
such as wheels bring by mistake (torchcodec 0.8.0): each symbol of the C API that a module looks up
must be among its exports. Ends with "N passed, N failed": files that agree.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

import macho_oracle

TAGS = {"macos-arm64": "macosx_15_0_arm64", "macos-x86_64": "macosx_15_0_x86_64",
        "win-amd64": "win_amd64"}


def names_in(path, n):
    with open(path) as f:
        lines = [line.split("#")[0].strip() for line in f]
    return [line for line in lines if line][:n]


def download(name, tag, folder):
    done = subprocess.run(
        [sys.executable, "-m", "pip", "-q", "download", "--no-deps", "--only-binary", ":all:",
         "--implementation", "cp", "--python-version", "3.13", "--platform", tag, "-d", folder,
         name], capture_output=True, text=True)
    wheels = [os.path.join(folder, f) for f in os.listdir(folder) if f.endswith(".whl")]
    return wheels[0] if done.returncode == 0 and wheels else None


def judge(solder, wheel):
    done = subprocess.run([solder, "check", "--json", wheel], capture_output=True, text=True,
                          timeout=60)
    return json.loads(done.stdout)["wheels"][0]["verdict"] if done.stdout else "error"


def facts(dumper, path, key):
    """The words after `key` in the lines of macho_dump that begin with it."""
    lines = macho_oracle.run(dumper, path).split("\n")
    return [line.split(" ")[1:] for line in lines if line.startswith(key + " ")]


def lacking(dumper, path, exports, seen):
    """Symbols of the C API that the file looks up, and that Python does not export."""
    wanted = {name for name, ordinal, weak in facts(dumper, path, "undefined")
              if ordinal == "-2" and weak == "0" and re.match(r"__?Py_?[A-Z_]|__Py", name)
              and not name.startswith("_PyInit_")}
    seen |= wanted
    return sorted(wanted - exports)


def main():
    dumper, solder, platforms, n = sys.argv[1:5]
    exports = {e[0] for e in facts(dumper, sys.argv[6], "export")} if len(sys.argv) > 6 else None
    seen = set()
    names = names_in(sys.argv[5], int(n))
    total = bad = wheels = 0
    for platform in platforms.split(","):
        for name in names:
            folder = tempfile.mkdtemp()
            try:
                wheel = download(name, TAGS[platform], folder)
                if not wheel or wheel.endswith("-none-any.whl"):
                    print(f"{platform}: {name}: no wheel for it")
                    continue
                inside = os.path.join(folder, "inside")
                shutil.unpack_archive(wheel, inside, "zip")
                paths = list(macho_oracle.files_in(inside))
                count, failed = macho_oracle.check_all(dumper, paths, wheel)
                for path in paths if exports else []:
                    missing = lacking(dumper, path, exports, seen)
                    if missing:
                        print(f"{path[len(inside) + 1:]}: Python does not export "
                              f"{' '.join(missing[:8])}")
                verdict = judge(solder, wheel)
                print(f"{platform}: {os.path.basename(wheel)}: {count - failed} of {count} files "
                      f"agree; {verdict}", flush=True)
                bad += verdict == "error"
                total, bad, wheels = total + count, bad + failed, wheels + 1
            finally:
                shutil.rmtree(folder)
    print(f"{wheels} wheels")
    if exports:
        print(f"{len(seen)} symbols of the C API are looked up; Python exports "
              f"{len(seen & exports)} of them")
    print(f"{total - bad} passed, {bad} failed")
    return int(bad > 0 or not total)


if __name__ == "__main__":
    sys.exit(main())
