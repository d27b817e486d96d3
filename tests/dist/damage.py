"""Damages the tree in many ways, and asks `solder check` each time."""

import json
import os
import re
import shutil
import subprocess
import sys

from checks import LINK, NAMED, PYTHON, SCRATCH, TREE, VERSION, Beside, check, equal
from damaging import (ARCHIVE, CONFIG, COPY, INTERPRETER, LIBRARY, LINKED, STDLIB, WORK,
                      add_extension, append, at, compiled, edit, extension, libpl, own,
                      relink_interpreter, relink_library, run, source, sysconfig_data, tool,
                      version_script)
import elfedit
from elfedit import Elf

SOLDER = os.environ["SOLDER"]


def verdicts(tree):
    """The ids of the rules that are broken, notes too, and what was found."""
    done = subprocess.run([SOLDER, "check", "--json", f"{tree}/{INTERPRETER}"],
                          capture_output=True, text=True)
    assert done.returncode in (0, 1), done.stderr
    model = json.loads(done.stdout)
    broken = {r["id"]: r["findings"] for r in model["rules"] if r["findings"]}
    serious = any(r["verdict"] in ("fail", "warn") for r in model["rules"])
    equal(done.returncode, int(serious), "exit code")
    return broken


# Names of damages; without any, all are made.
ONLY = sys.argv[1:]
NOTES = {}
COUNT = 0


@check("the tree as it is: no finding")
def _():
    for rule, findings in verdicts(TREE).items():
        NOTES[rule] = findings
    done = subprocess.run([SOLDER, "check", f"{TREE}/{INTERPRETER}"],
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
    # What is a decision of whoever built the tree.
    decided = {"fortified", "optional-modules", "pie", "library-tls"}
    if LINK == "shared":
        decided.add("privileged-start")
    assert set(NOTES) <= decided, done.stdout


def damage(name, *expected, link="any"):
    """A decorator: the function damages the copy; exactly these rules are broken then."""

    def apply(function):
        global COUNT
        if link not in ("any", LINK) or (ONLY and name not in ONLY):
            return
        COUNT += 1

        @check(f"{name}: {', '.join(sorted(expected))}")
        def _():
            shutil.rmtree(COPY, ignore_errors=True)
            run("cp", "-al", TREE, COPY)
            os.makedirs(WORK, exist_ok=True)
            function()
            # What was noted of the whole tree may be noted of it again.
            found = {k: v for k, v in verdicts(COPY).items()
                     if k in expected or NOTES.get(k) != v}
            assert sorted(found) == sorted(expected), \
                f"wanted {sorted(expected)}, found {json.dumps(found, indent=1)}"

    return apply


# Loading.


def nameless(*search):
    """An interpreter that does not answer to libpython's name, with another search path. patchelf
    forgets one of two changes that it makes at once."""
    run(tool("patchelf"), "--set-soname", "python", own(INTERPRETER))
    run(tool("patchelf"), *search, at(INTERPRETER))


@damage("DT_RPATH removed", "overlinked-extensions", link="static")
def _():
    nameless("--remove-rpath")


@damage("DT_RUNPATH instead", "overlinked-extensions", link="static")
def _():
    nameless("--set-rpath", "$ORIGIN/../lib")


@damage("DT_RPATH leads elsewhere", "overlinked-extensions", link="static")
def _():
    nameless("--force-rpath", "--set-rpath", "$ORIGIN/../bib")


@damage("an absolute DT_RUNPATH", "search-paths")
def _():
    run(tool("patchelf"), "--set-rpath", "/usr/lib", own(extension("_bz2")))


@damage("a library with its builder's folder (python-build-standalone#805)", "search-paths")
def _():
    run(tool("cc"), "-shared", "-nostdlib", "-Wl,-z,noexecstack,-z,now,-z,relro", "-x", "c", os.devnull,
        "-Wl,--disable-new-dtags,-rpath,/tools/deps/lib", "-o", at("lib/libtcl8.6.so"))


@damage("an empty entry in DT_RPATH", "search-paths")
def _():
    run(tool("patchelf"), "--force-rpath", "--set-rpath", "$ORIGIN:", own(extension("_bz2")))


@damage("no search path to libpython", "needed-found", "runs", link="shared")
def _():
    run(tool("patchelf"), "--remove-rpath", own(INTERPRETER))


@damage("libpython of another place", "own-libpython", "search-paths", link="shared")
def _():
    other = os.path.join(WORK, "other")
    os.makedirs(other, exist_ok=True)
    shutil.copy2(at(LIBRARY), other)
    run(tool("patchelf"), "--force-rpath", "--set-rpath", other, own(INTERPRETER))


@damage("a foreign library needed", "needed-libraries")
def _():
    run(tool("patchelf"), "--add-needed", "libz.so.1", own(extension("_bz2")))


@damage("a library needed that is nowhere", "needed-libraries", "needed-found")
def _():
    run(tool("patchelf"), "--add-needed", "libnowhere.so.7", own(extension("_testcapi")))


@damage("an extension that needs libpython", "extension-needs-libpython")
def _():
    run(tool("patchelf"), "--add-needed", os.path.basename(LIBRARY), own(extension("_bz2")))


@damage("two OpenMP runtimes", "one-openmp")
def _():
    for name in ("libgomp-a34b3233.so.1.0.0", "libomp-1f2e3d4c.so.5"):
        run(tool("cc"), "-shared", "-fPIC", *LINKED, f"-Wl,-soname,{name}", "-o",
            at(f"lib/{name}"), source("int omp_get_max_threads(void) { return 1; }"))


@damage("an extension without a path to a library that ships", "extension-search-path")
def _():
    run(tool("cc"), "-shared", "-fPIC", *LINKED, "-Wl,-soname,libown.so.1", "-o",
        at("lib/libown.so.1"), source("int own_function(void) { return 1; }"))
    add_extension("int own_function(void); int f(void) { return own_function(); }",
                  at("lib/libown.so.1"))


def record():
    """What build.json says of the tree."""
    with open(f"{TREE}/share/solder/build.json", encoding="utf-8") as f:
        return json.load(f)


# Trees that are made for any glibc say which; those that are made for this one do not.
SAID = ["glibc-said"] if "." in record().get("options", {}).get("glibc", "") else []


@damage("an older glibc promised than is needed", "glibc-said")
def _():
    said = record()
    said.setdefault("options", {})["glibc"] = "2.2.5"
    with open(own("share/solder/build.json"), "w", encoding="utf-8") as f:
        json.dump(said, f)


@damage("a newer glibc needed", "glibc", *SAID)
def _():
    elf = Elf(own(extension("_bz2")))
    wanted = re.search(rb"\0GLIBC_2\.\d\d\0", bytes(elf.data))
    assert wanted, "no version to change"
    elf.replace(wanted[0], b"\0GLIBC_2.99\0")
    elf.save()


@damage("a file cut short", "readable")
def _():
    with open(own(extension("_testcapi")), "r+b") as f:
        f.truncate(5000)


@damage("an extension for another machine", "machine")
def _():
    elf = Elf(own(extension("_testcapi")))
    elf.set_machine(183 if elf.data[18] == 62 else 62)
    elf.save()


@damage("SONAME changed", "soname")
def _():
    run(tool("patchelf"), "--set-soname", f"libpython{NAMED}.so.9", own(LIBRARY))


@damage("libpython3.so for another version", "stub-library")
def _():
    run(tool("patchelf"), "--replace-needed", os.path.basename(LIBRARY), "libpython3.2.so.1.0",
        own("lib/libpython3.so"))


@damage("libpython3.so without a search path", "stub-search-path")
def _():
    run(tool("patchelf"), "--remove-rpath", own("lib/libpython3.so"))


@damage("what programs are linked with, made for another place", "stub-place")
def _():
    link = at(f"lib/libpython{NAMED}.so")
    os.unlink(link)
    run(tool("cc"), "-shared", "-nostdlib", "-Wl,-z,noexecstack", "-o", link,
        f"-Wl,-soname,/elsewhere/lib/{os.path.basename(link)}",
        "-Wl,--disable-new-dtags,-rpath,$ORIGIN,--no-as-needed", *LINKED, at(LIBRARY))


@damage("8 KiB of static thread-local storage", "static-tls", link="static")
def _():
    relink_library(compiled(
        "static __thread char pad[8192] __attribute__((tls_model(\"initial-exec\")));\n"
        "__attribute__((visibility(\"hidden\"))) char *damage_pad(int i) { return pad + i; }",
        "-fPIC", "-O1"))


@damage("general-dynamic code in the library", "library-tls", link="static")
def _():
    relink_library(compiled(
        "__attribute__((visibility(\"hidden\"))) __thread int damage_v;\n"
        "__attribute__((visibility(\"hidden\"))) int *damage_f(void) { return &damage_v; }",
        "-fPIC", "-O1", "-ftls-model=global-dynamic"))


# Symbols.


@damage("an export hidden in the interpreter", "exports-covered", link="static")
def _():
    relink_interpreter(version_script("PyODict_New"))


@damage("an init function hidden in the interpreter", "exports-covered", "init-functions",
        link="static")
def _():
    relink_interpreter(version_script("PyInit__sre"))


@damage("a function of its own name in the interpreter", "foreign-exports", link="static")
def _():
    relink_interpreter(compiled("void my_free(void *p) { (void)p; }"))


@damage("the library linked with -Bsymbolic", "symbolic", link="static")
def _():
    relink_library("-Wl,-Bsymbolic")


@damage("the API hidden in the library", "api-exported", link="static")
def _():
    relink_library(version_script("PyRun_SimpleString"))


@damage("Py_Version hidden in the library", "debugger-symbols", link="static")
def _():
    relink_library(version_script("Py_Version" if VERSION != "3.10" else "_PyRuntime"))


@damage("_PyRuntime without its section", "debugger-symbols", link="static")
def _():
    # GNU's damages more of what BOLT has written.
    run(tool("llvm-objcopy-14"), "--rename-section", ".PyRuntime=.data.other", own(LIBRARY))


@damage("deflate leaks from the library", "third-party-exports", "exports-covered", link="static")
def _():
    relink_library(compiled("int deflate(void *s, int f) { (void)s; return f; }", "-fPIC"))


@damage("deflate leaks from an extension", "third-party-exports")
def _():
    add_extension("int deflate(void *s, int f) { (void)s; return f; }")


@damage("pthread_yield used", "pthread-yield")
def _():
    add_extension("int pthread_yield(void); int f(void) { return pthread_yield(); }")


# Hardening.


def edited(path, change):
    elf = Elf(own(path))
    change(elf)
    elf.save()


@damage("a segment that is writable and executable", "writable-code")
def _():
    edited(extension("_bz2"), lambda e: e.add_segment_flags(elfedit.PT_LOAD, elfedit.PF_X,
                                                            having=elfedit.PF_W))


@damage("an executable stack", "stack")
def _():
    edited(extension("_bz2"), lambda e: e.add_segment_flags(elfedit.PT_GNU_STACK, elfedit.PF_X))


@damage("PT_GNU_STACK missing", "stack")
def _():
    edited(extension("_bz2"),
           lambda e: e.set_segment_type(elfedit.PT_GNU_STACK, elfedit.PT_NULL))


@damage("RELRO missing", "relro")
def _():
    edited(LIBRARY, lambda e: e.set_segment_type(elfedit.PT_GNU_RELRO, elfedit.PT_NULL))


@damage("lazy binding", "bind-now")
def _():
    def lazy(tag, value):
        if tag == elfedit.DT_BIND_NOW:
            return (elfedit.DT_FLAGS_1, 0)
        if tag == elfedit.DT_FLAGS:
            return (tag, value & ~elfedit.DF_BIND_NOW)
        if tag == elfedit.DT_FLAGS_1:
            return (tag, value & ~elfedit.DF_1_NOW)
        return None

    edited(extension("_testcapi"), lambda e: e.change_dynamic(lazy))


@damage("text relocations", "text-relocations")
def _():
    edited(extension("_bz2"), lambda e: e.change_dynamic(
        lambda tag, value: (tag, value | elfedit.DF_TEXTREL) if tag == elfedit.DT_FLAGS
        else None))


@damage("an interpreter at a fixed address", "pie", link="static")
def _():
    if "pie" in NOTES:
        raise Beside("this tree's interpreter is at a fixed address")
    relink_interpreter(pie="-no-pie")


@damage("no build-id", "build-id")
def _():
    def forget(elf):
        note = re.search(rb"\x04\0\0\0[\x08-\x40]\0\0\0\x03\0\0\0GNU\0", bytes(elf.data))
        assert note, "no build-id to take away"
        elf.data[note.start() + 8] = 99

    edited(extension("_bz2"), forget)


# The static library.


@damage("clang's LTO bitcode in the archive", "archive-code")
def _():
    member = compiled("int damage(void) { return 1; }", "-flto", cc="clang-14")
    run("ar", "q", own(ARCHIVE), member)


@damage("gcc's LTO objects in the archive", "archive-code")
def _():
    member = compiled("int damage(void) { return 1; }", "-flto", "-fno-fat-lto-objects", cc="gcc")
    run("ar", "q", own(ARCHIVE), member)


@damage("absolute code in the archive", "archive-pic")
def _():
    member = compiled("static int v[9]; int *damage(int i) { return v + i; }\n"
                      "int *again(void) { return v; }", "-fno-pic", "-mcmodel=small")
    run("ar", "q", own(ARCHIVE), member)


@damage("the archive in LIBPL only", "archive-places")
def _():
    place = at(libpl() + "/" + os.path.basename(ARCHIVE))
    os.unlink(place)
    os.rename(at(ARCHIVE), place)


@damage("no archive", "archive-present")
def _():
    os.unlink(at(libpl() + "/" + os.path.basename(ARCHIVE)))
    os.unlink(at(ARCHIVE))


@damage("the options of the interpreter differ", "flags-agree", link="static")
def _():
    if "flags-agree" in NOTES:
        raise Beside("this tree's files do not say")
    strings = subprocess.run(["readelf", "-p", ".debug_str", os.path.join(TREE, LIBRARY)],
                             capture_output=True, text=True, errors="replace").stdout
    if not re.search(r"GNU C\d+ .* -O\d", strings):
        raise Beside("this tree's compiler recorded no options")
    relink_interpreter(compiled("int _Py_damage(int i) { return i / 3; }", "-g", "-O1",
                                "-fno-jump-tables", cc="gcc"), debug=True)


# What describes the installation.


@damage("sysconfig names a dead path", "sysconfig-paths")
def _():
    append(sysconfig_data(), "\nbuild_time_vars['LIBDIR'] = '/nonexistent/lib'\n")


@damage("sysconfig names a path outside", "sysconfig-paths")
def _():
    append(sysconfig_data(), "\nbuild_time_vars['DESTSHARED'] = '/usr/lib'\n")


@damage("sysconfig names a library that is not there", "sysconfig-library")
def _():
    append(sysconfig_data(), f"\nbuild_time_vars['INSTSONAME'] = 'libpython{NAMED}.so.9'\n")


@damage("sysconfig says static", "link-mode")
def _():
    append(sysconfig_data(), "\nbuild_time_vars['Py_ENABLE_SHARED'] = 0\n")


@damage("the sysconfig data in another form", "sysconfig-form")
def _():
    edit(sysconfig_data(), ("# system configuration generated", "# build variables generated"))


@damage("a .pc file of the build's prefix", "pkg-config")
def _():
    edit(f"lib/pkgconfig/python-{NAMED}-embed.pc",
         ("prefix=${pcfiledir}/../..", "prefix=/install"))


@damage("a .pc file that names another library", "pkg-config")
def _():
    edit(f"lib/pkgconfig/python-{NAMED}-embed.pc", (f"library=python{NAMED}", "library=python2.7"))


@damage("no .pc file", "pkg-config", "dangling-links")
def _():
    os.unlink(at(f"lib/pkgconfig/python-{NAMED}.pc"))


@damage("python3-config of the build's prefix", "python-config")
def _():
    edit(CONFIG, ('prefix_real=$(installed_prefix "$0")', "prefix_real=/install"))


@damage("python3-config fails", "python-config")
def _():
    edit(CONFIG, ("#!/bin/sh\n", "#!/bin/sh\nexit 3\n"))


@damage("python3-config says static", "link-mode")
def _():
    edit(CONFIG, ('PY_ENABLE_SHARED="1"', 'PY_ENABLE_SHARED="0"'))


@damage("no headers", "headers")
def _():
    os.unlink(at(f"include/python{NAMED}/Python.h"))


# Layout.


@damage("no libpython", "dangling-links", "stub-library", "sysconfig-library", link="static")
def _():
    os.unlink(at(LIBRARY))


@damage("a dangling link", "dangling-links")
def _():
    os.symlink("nowhere", at("share/link"))


@damage("an absolute link", "absolute-links")
def _():
    os.unlink(at("bin/pydoc3"))
    os.symlink(at(f"bin/pydoc{VERSION}"), at("bin/pydoc3"))


@damage("a link that leads out", "absolute-links")
def _():
    open(os.path.join(SCRATCH, "outside"), "w").close()
    os.symlink("../../outside", at("share/link"))


@damage("a script of the build", "shebangs")
def _():
    edit("bin/pip3", ("#!/bin/sh\n", f"#!/install/bin/python{NAMED}\n"))


@damage("a script of one place", "shebangs")
def _():
    place = os.path.join(WORK, "python")
    if not os.path.exists(place):
        os.symlink(PYTHON, place)
    edit("bin/pip3", ("#!/bin/sh\n", f"#!{place}\n"))


@damage("python3 is another program", "python-links")
def _():
    os.unlink(at("bin/python3"))
    shutil.copy2(at(INTERPRETER), at("bin/python3"))


@damage("no python", "python-links")
def _():
    os.unlink(at("bin/python"))


@damage("no pip without a number", "python-links")
def _():
    os.unlink(at("bin/pip"))


# Starting.


@damage("bytecode by time, and a copy that did not keep the times", "bytecode")
def _():
    shutil.rmtree(at(f"{STDLIB}/json/__pycache__"))
    run(PYTHON, "-I", "-m", "compileall", "-q", "--invalidation-mode", "timestamp",
        at(f"{STDLIB}/json"))
    for name in os.listdir(at(f"{STDLIB}/json")):
        if name.endswith(".py"):
            os.utime(own(f"{STDLIB}/json/{name}"), (1, 1))


@damage("no bytecode", "bytecode")
def _():
    shutil.rmtree(at(f"{STDLIB}/asyncio/__pycache__"))


@damage("a source edited, its bytecode not made again", "bytecode")
def _():
    with open(own(f"{STDLIB}/sched.py"), "a") as f:
        f.write("\n# edited\n")


@damage("a command of a module that is left out", "commands")
def _():
    edit(f"bin/pydoc{VERSION}", ("import pydoc", "import pydoc_left_out"))


@damage("an extension module missing", "stdlib-modules")
def _():
    os.unlink(at(extension("_bz2")))


@damage("a module of the library missing", "stdlib-modules")
def _():
    os.unlink(at(f"{STDLIB}/sched.py"))


shutil.rmtree(COPY, ignore_errors=True)


@check("at least 25 damages" if LINK == "static" else "at least 15 damages")
def _():
    assert ONLY or COUNT >= (25 if LINK == "static" else 15), COUNT
