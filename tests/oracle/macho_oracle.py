#!/usr/bin/env python3
"""Compares the facts of src/macho and src/pe with what LLVM's tools print about the same files.

    macho_oracle.py DUMPER [FILE|FOLDER|WHEEL ...]

DUMPER is the program built from macho_dump.c. Without files, small ones are made by clang and lld,
of every kind that the reader tells apart. Of folders and wheels every Mach-O and PE file is taken.
Load commands and symbols are read by `llvm-objdump --macho --private-headers` and `llvm-nm`; the
libraries of symbols are also compared with what dyld binds by (`--bind`, `--lazy-bind`,
`--chained-fixups`). Prints the differences, and at the end "N passed, N failed"; exits with 1 if
any failed.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import machos  # noqa: E402

LINKS = {"LC_LOAD_DYLIB": "load", "LC_LOAD_WEAK_DYLIB": "weak", "LC_REEXPORT_DYLIB": "reexport",
         "LC_LOAD_UPWARD_DYLIB": "upward", "LC_LAZY_LOAD_DYLIB": "lazy"}
PLATFORMS = {"macos": 1}  # as older versions write it
TWOLEVEL = 0x80
MAGICS = (b"\xcf\xfa\xed\xfe", b"\xca\xfe\xba\xbe", b"\xca\xfe\xba\xbf")


def run(*command):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert done.returncode == 0, f"{command}: {done.stderr.decode(errors='replace')}"
    return done.stdout.decode("utf-8", "backslashreplace")


def version(text):
    """X.Y.Z as one number."""
    parts = [int(p) for p in text.split(".")] + [0, 0]
    return parts[0] << 16 | parts[1] << 8 | parts[2]


def commands_of(text):
    """Each load command as a dict; the name of a field that comes twice is that of the first."""
    for block in re.split(r"^Load command \d+\n", text, flags=re.M)[1:]:
        fields = {}
        for line in block.split("\nSection\n")[0].split("\n"):
            m = re.match(r"\s*(current version|compatibility version|time stamp|\w+) (.*)$", line)
            if m and m[1] not in fields:
                fields[m[1]] = m[2].strip()
        yield fields


def name_of(field):
    return re.sub(r" \(offset \d+\)$", "", field)


def slice_lines(path, cpu, arch):
    """What the slice should have, as macho_dump prints it."""
    text = run(machos.tool("llvm-objdump"), "--macho", "--non-verbose", "--private-headers",
               f"--arch={arch}", path)
    head = re.search(r"^ *(0x[0-9a-f]+) +(\d+) +(\d+) +0x[0-9a-f]+ +(\d+) +(\d+) +(\d+) +"
                     r"(0x[0-9a-f]+)$", text, re.M)
    flags = int(head[7], 16)
    lines = [f"slice {cpu} {head[3]}", f"header {head[4]} {head[7]} {head[5]}"]
    platform, has = "platform 0 0 0", [0, 0, 0, 0]
    identity, libraries, rpaths = [], [], []
    for c in commands_of(text):
        kind = c["cmd"]
        if kind == "LC_ID_DYLIB" or kind in LINKS:
            tail = f"{name_of(c['name'])} {version(c['current version'])} " \
                   f"{version(c['compatibility version'])}"
            if kind == "LC_ID_DYLIB":
                identity.append(f"id {tail}")
            else:
                libraries.append(f"library {LINKS[kind]} {tail}")
        elif kind == "LC_RPATH":
            rpaths.append(f"rpath {name_of(c['path'])}")
        elif kind == "LC_BUILD_VERSION" and platform.split()[1] != "1":
            platform = f"platform {PLATFORMS.get(c['platform'], c['platform'])} {number(c['minos'])} {number(c['sdk'])}"
        elif kind == "LC_VERSION_MIN_MACOSX":
            platform = f"platform 1 {number(c['version'])} {number(c['sdk'])}"
        elif kind == "LC_SYMTAB":
            has[0] = int(int(c["nsyms"]) > 0)
        elif kind in ("LC_DYLD_INFO", "LC_DYLD_INFO_ONLY"):
            has[1] = 1
        elif kind == "LC_DYLD_CHAINED_FIXUPS":
            has[2] = 1
        elif kind == "LC_CODE_SIGNATURE":
            has[3] = 1
    lines += [*identity, *libraries, *rpaths, platform, "has " + " ".join(map(str, has))]
    return lines + symbols_of(path, arch, flags)


def number(text):
    return 0 if text == "n/a" else version(text)


def symbols_of(path, arch, flags):
    undefined, exports = [], set()
    for line in run(machos.tool("llvm-nm"), "-x", f"--arch={arch}", path).split("\n"):
        m = re.match(r"([0-9a-f]{16}) ([0-9a-f]{2}) ([0-9a-f]{2}) ([0-9a-f]{4}) ([0-9a-f]{8}) ?"
                     r"(.*)$", line)
        if not m:
            continue
        value, kind, desc = int(m[1], 16), int(m[2], 16), int(m[4], 16)
        if kind & 0xe0 or not kind & 1 or kind & 0x10:
            continue
        if kind & 0xe:
            exports.add(m[6])
        elif value == 0:
            at = desc >> 8
            ordinal = -3 if not flags & TWOLEVEL else {0xfe: -2, 0xff: -1}.get(at, at)
            undefined.append((m[6].encode(), f"undefined {m[6]} {ordinal} {int(desc & 64 > 0)}"))
    return [u for _, u in sorted(undefined)] + \
        [f"export {e}" for e in sorted(exports, key=lambda e: e.encode())]


def bound(path, arch, lines):
    """Differences between the libraries in the symbol table and those that dyld binds by."""
    libraries = [line.split(" ", 2)[2].rsplit(" ", 2)[0] for line in lines
                 if line.startswith("library ")]
    special = {-1: "main-executable", -2: "flat-namespace", -3: "flat-namespace",
               0: "this-image"}
    table = {}
    for line in lines:
        if line.startswith("undefined "):
            name, ordinal, _ = line[10:].rsplit(" ", 2)
            table.setdefault(name, set()).add(int(ordinal))
    wrong = []
    tool = machos.tool("llvm-objdump")
    if "\nhas 1 0 1" in "\n" + "\n".join(lines):
        text = run(tool, "--macho", "--chained-fixups", f"--arch={arch}", path)
        for m in re.finditer(r"lib_ordinal\s*=\s*(-?\d+) \(.*\)\n\s*weak_import.*\n"
                             r"\s*name_offset\s*=\s*\d+ \((.*)\)\n", text):
            at = int(m[1])
            # Weak definitions are looked up in all images (-3); the table names one.
            if at != -3 and at not in table.get(m[2], {at}) and -3 not in table[m[2]]:
                wrong.append(f"binds {m[2]} to library {at}, and the table says {table[m[2]]}")
        return wrong
    text = run(tool, "--macho", "--bind", "--lazy-bind", f"--arch={arch}", path)
    guesses = {guess(name): i + 1 for i, name in reversed(list(enumerate(libraries)))}
    for m in re.finditer(r"^__\S+ +\S+ +0x\S+(?: +pointer +-?\d+)? +(\S+) +(\S+)(?: \(.*\))?$",
                         text, re.M):
        at = table.get(m[2])
        if not at or (m[1] not in guesses and m[1] not in special.values()):
            continue
        if not any(special.get(a) == m[1] or guesses.get(m[1]) == a or
                   (a > 0 and a <= len(libraries) and guess(libraries[a - 1]) == m[1])
                   for a in at):
            wrong.append(f"binds {m[2]} to {m[1]}, and the table says {at}")
    return wrong


def guess(name):
    """A library's short name, as LLVM prints it."""
    base = name.rsplit("/", 1)[-1]
    return re.sub(r"(\.[A-Z0-9])?\.dylib$", "", base) if base.endswith(".dylib") else base


def macho_lines(path, start):
    magic = start[:4]
    if magic == MAGICS[0]:
        arch = {16777223: "x86_64", 16777228: "arm64"}[int.from_bytes(start[4:], "little")]
        slices = [(arch, None)]
    else:
        text = run(machos.tool("llvm-objdump"), "--macho", "--non-verbose", "--universal-headers",
                   path)
        slices = re.findall(r"cputype (\d+)\n\s+cpusubtype (\d+)", text)
    lines = [f"fat {int(magic != MAGICS[0])} {len(slices)}"]
    wrong = []
    for cpu, subtype in slices:
        names = {"16777223": "x86_64", "16777228": "arm64e" if subtype == "2" else "arm64"}
        if subtype is not None and cpu not in names:
            lines += [f"slice {cpu} {subtype}", "unread"]
            continue
        arch = names.get(cpu, cpu)
        if arch == "x86_64" and subtype == "8":
            arch = "x86_64h"
        number = 16777223 if arch.startswith("x86") else 16777228
        some = slice_lines(path, number, arch)
        lines += some
        wrong += bound(path, arch, some)
    return lines, wrong


def pe_lines(path):
    text = run(machos.tool("llvm-readobj"), "--file-headers", "--coff-imports", "--coff-exports",
               path)
    text = text.replace("\r", "")

    def head(key):
        return re.search(r"^\s*%s: (?:.*\()?(0x[0-9A-F]+|\d+)\)?$" % key, text, re.M)[1]

    subsystem = int(head("Subsystem"), 0)
    lines = ["pe %d %d %d %d %s.%s" % (
        int(head("Machine"), 0), 64 if "AddressSize: 64bit" in text else 32,
        int("IMAGE_FILE_DLL" in text), subsystem, head("MajorSubsystemVersion"),
        head("MinorSubsystemVersion"))]
    exports = set()
    plain, delayed = [], []
    for m in re.finditer(r"^(DelayImport|Import|Export) \{\n(.*?)^\}", text, re.M | re.S):
        name = re.search(r"^  Name: (.*)$", m[2], re.M)
        if m[1] == "Export" and name and name[1]:
            exports.add(name[1])
        elif m[1] != "Export":
            count = len(re.findall(r"^\s*Symbol:", m[2], re.M))
            (plain if m[1] == "Import" else delayed).append(
                f"import {name[1]} {int(m[1] != 'Import')} {count}")
    return lines + plain + delayed + [f"export {e}" for e in sorted(exports)], []


def check_file(path, got):
    with open(path, "rb") as f:
        start = f.read(8)
    want, wrong = pe_lines(path) if start[:2] == b"MZ" else macho_lines(path, start)
    for line in want:
        if line not in got:
            wrong.append(f"- {line}")
    for line in got:
        if line not in want:
            wrong.append(f"+ {line}")
    if not wrong and want != got:
        wrong.append("another order")
    return wrong


def files_in(folder):
    for top, _, names in sorted(os.walk(folder)):
        for name in sorted(names):
            path = os.path.join(top, name)
            if os.path.islink(path) or not os.path.isfile(path):
                continue
            with open(path, "rb") as f:
                start = f.read(8)
            java = start[:4] == MAGICS[1] and start[6:8] > b"\0\x10"
            if (start[:4] in MAGICS and not java) or start[:2] == b"MZ":
                yield path


def check_all(dumper, paths, whole):
    """How many files there are, and how many differ; `whole` is what they are from."""
    failed = 0
    for path in paths:
        text = run(dumper, path)
        got = text.rstrip("\n").split("\n")[1:]
        wrong = check_file(path, got)
        if wrong:
            failed += 1
            print(f"{os.path.basename(whole)}: {os.path.basename(path)}:")
            print("".join(f"  {w}\n" for w in wrong[:20]), end="")
    return len(paths), failed


def main():
    dumper, given = sys.argv[1], sys.argv[2:]
    lacks = machos.missing()
    if lacks:
        print(f"skipped: there is no {lacks}\n0 passed, 0 failed, 1 skipped")
        return 0
    total = bad = 0
    with tempfile.TemporaryDirectory() as scratch:
        if not given:
            machos.write_seeds(scratch)
            os.remove(os.path.join(scratch, "pe", "dos"))
            given = [scratch]
        for what in given:
            folder = what
            if what.endswith(".whl"):
                folder = os.path.join(scratch, "wheel")
                with zipfile.ZipFile(what) as z:
                    z.extractall(folder)
            paths = list(files_in(folder)) if os.path.isdir(folder) else [what]
            n, failed = check_all(dumper, paths, what)
            total, bad = total + n, bad + failed
            if folder != what:
                shutil.rmtree(folder)
    print(f"{total - bad} passed, {bad} failed")
    return bad > 0


if __name__ == "__main__":
    sys.exit(main())
