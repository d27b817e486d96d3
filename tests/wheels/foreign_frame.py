"""Wheels for other systems, made and damaged by foreign_*.py, and what `solder check` must say."""

import concurrent.futures
import json
import os
import struct
import subprocess
import sys
import tempfile
import zipfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from machos import FRAMEWORK, PYTHON, Kit, missing, run, tool  # noqa: E402

SOLDER, ONLY = sys.argv[1], sys.argv[2:]
ARM = "cp313-cp313-macosx_11_0_arm64"
INTEL = "cp313-cp313-macosx_10_9_x86_64"
BOTH = "cp313-cp313-macosx_10_9_universal2"
WINDOWS = "cp313-cp313-win_amd64"
AARCH64 = "cp313-cp313-manylinux2014_aarch64"
INTEL_LINUX = "cp313-cp313-manylinux2014_x86_64"
MUSL = "cp313-cp313-musllinux_1_2_x86_64"
SO = "pkg/m.cpython-313-darwin.so"
ELF_SO = "pkg/m.cpython-313-aarch64-linux-gnu.so"
COUNT = {"passed": 0, "failed": 0}


class Case:
    """A wheel in the making."""

    def __init__(self, folder, tag):
        self.kit = Kit(folder)
        self.tag = tag
        self.arch = "arm64" if "arm64" in tag else "x86_64"
        self.minimum = "11.0" if self.arch == "arm64" else "10.9"
        self.out = self.kit.at("out")

    def place(self, name):
        return os.path.join("out", name)

    def module(self, *flags, at=SO, **more):
        more.setdefault("arch", self.arch)
        more.setdefault("minimum", self.minimum)
        return self.kit.module(self.place(at), *flags, **more)

    def library(self, install, *flags, at=None, **more):
        """A library to link with; with `at`, one that is in the wheel."""
        more.setdefault("arch", self.arch)
        more.setdefault("minimum", self.minimum)
        more.setdefault("text", "int helper(int x) { return x; }")
        name = self.place(at) if at else os.path.join("lib", install.lstrip("/"))
        return self.kit.library(name, install, *flags, **more)

    def python(self, install=FRAMEWORK, **more):
        return self.library(install, text=PYTHON, **more)

    def uses(self, *flags, at=SO, **more):
        """A module that uses the library's function."""
        return self.module(*flags, at=at, text="extern int helper(int);\n"
                           "int use(int x) { return helper(x); }\n", **more)

    def universal(self, *flags, arm=(), intel=(), at=SO, **more):
        thin = [self.kit.module(f"thin/{arch}.so", *flags, *extra, arch=arch,
                                minimum="11.0" if arch == "arm64" else "10.9", **more)
                for arch, extra in (("arm64", arm), ("x86_64", intel))]
        os.makedirs(os.path.dirname(self.kit.at(self.place(at))), exist_ok=True)
        return self.kit.universal(self.place(at), *thin)

    def elf(self, *flags, at=ELF_SO, text="", target="aarch64-linux-gnu", init="PyInit_m",
            cet=True):
        source = f"void *PyModule_Create2(void *, int);\n" \
                 f"void *{init}(void) {{ return PyModule_Create2(0, 1013); }}\n{text}"
        options = ["-fcf-protection=full"] if cet and target.startswith("x86_64") else []
        made = self.kit.object(source, target, "-fPIC", *options)
        path = self.kit.at(self.place(at))
        os.makedirs(os.path.dirname(path), exist_ok=True)
        run(tool("ld.lld"), "-shared", "--hash-style=both", made, "-o", path, *flags)
        return path

    def elf_stub(self, soname, target="aarch64-linux-gnu", version=None):
        """A library of that name to link with, outside of the wheel."""
        made = self.kit.object("int helper(int x) { return x; }", target, "-fPIC")
        path = self.kit.at(soname)
        script = []
        if version:
            script = ["--version-script", self.kit.write("v.map", f"{version} {{ helper; }};\n")]
        run(tool("ld.lld"), "-shared", "-soname", soname, made, "-o", path, *script)
        return path

    def wheel(self):
        path = self.kit.at(f"pkg-1.0-{self.tag}.whl")
        info = "pkg-1.0.dist-info"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as z:
            names = []
            for top, _, files in sorted(os.walk(self.out)):
                for name in sorted(files):
                    whole = os.path.join(top, name)
                    names.append(os.path.relpath(whole, self.out))
                    z.write(whole, names[-1])
            z.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: pkg\nVersion: 1.0\n")
            z.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: test\n"
                       f"Root-Is-Purelib: false\nTag: {self.tag}\n")
            z.writestr(f"{info}/RECORD", "".join(f"{n},,\n" for n in names))
        return path


# ---- bytes -----------------------------------------------------------------------------------

def edit(path, change):
    with open(path, "rb") as f:
        data = bytearray(f.read())
    change(data)
    with open(path, "wb") as f:
        f.write(data)


def put32(at, value):
    return lambda data: struct.pack_into("<I", data, at, value)


def commands(data):
    """(kind, offset, size) of each load command of a thin file."""
    at = 32
    for _ in range(struct.unpack_from("<I", data, 16)[0]):
        kind, size = struct.unpack_from("<II", data, at)
        yield kind, at, size
        at += size


def in_command(kind, offset, value):
    """Changes a word in the first command of that kind."""
    def change(data):
        at = next(at for k, at, _ in commands(data) if k == kind)
        struct.pack_into("<I", data, at + offset, value)
    return change


def ordinal(name, value):
    """Changes the library of an undefined symbol."""
    def change(data):
        at = next(at for k, at, _ in commands(data) if k == 2)
        symoff, nsyms, stroff, _ = struct.unpack_from("<IIII", data, at + 8)
        for i in range(nsyms):
            entry = symoff + 16 * i
            start = stroff + struct.unpack_from("<I", data, entry)[0]
            if data[start:data.index(0, start)] == name.encode():
                data[entry + 7] = value
                return
        raise AssertionError(f"no symbol {name}")
    return change


def cut(size):
    def change(data):
        del data[size:]
    return change


# ---- the frame -------------------------------------------------------------------------------

CASES = []


def damage(name, *expected, tag=ARM, predicted=None, says=""):
    """A decorator: exactly these rules are broken in the wheel that the function fills;
    `predicted` has what is foreseen for a static, a shared and a framework interpreter, `says` a
    part of what is found."""
    def apply(function):
        CASES.append((name, expected, tag, predicted, says, function))
        return function
    return apply


def broken(path):
    done = subprocess.run([SOLDER, "check", "--json", path], capture_output=True, text=True)
    assert done.returncode in (0, 1), done.stderr
    model = json.loads(done.stdout)
    found = {r["id"]: r["findings"] for r in model["rules"] if r["findings"]}
    serious = any(r["verdict"] in ("fail", "warn") for r in model["rules"]) or \
        any(w["verdict"] in ("fail", "warn") for w in model["wheels"])
    assert done.returncode == int(serious), f"exit code {done.returncode}"
    return found, model["wheels"][0]


def attempt(name, expected, tag, predicted, says, function):
    with tempfile.TemporaryDirectory() as folder:
        case = Case(folder, tag)
        function(case)
        found, wheel = broken(case.wheel())
        assert sorted(found) == sorted(expected), \
            f"wanted {sorted(expected)}, found {json.dumps(found, indent=1)}"
        assert says in json.dumps(found), f"nobody says {says}: {json.dumps(found, indent=1)}"
        said = [p["expected"] for p in wheel["predictions"].values()]
        if predicted:
            assert said == predicted.split(), f"wanted {predicted}, predicted {said}"
        elif not expected:
            assert set(said) == {"works"}, said


def judged(case):
    try:
        attempt(*case)
    except AssertionError as e:
        return str(e) or "a check failed"
    return None


def main():
    lacks = missing() or (None if tool("ld.lld") else "ld.lld")
    if lacks:
        print(f"skipped: there is no {lacks}\n0 passed, 0 failed, 1 skipped")
        return 0
    chosen = [case for case in CASES if not ONLY or case[0] in ONLY]
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for case, wrong in zip(chosen, pool.map(judged, chosen)):
            if wrong:
                print(f"{case[0]}: {wrong}")
            COUNT["failed" if wrong else "passed"] += 1
    print(f"{COUNT['passed']} passed, {COUNT['failed']} failed")
    return int(COUNT["failed"] > 0)

