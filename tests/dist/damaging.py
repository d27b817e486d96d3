"""For damage.py: a copy of the tree, and tools to damage it with."""

import importlib.util
import json
import os
import shutil
import subprocess

from checks import NAMED, SCRATCH, STDLIB, TREE, Skip

COPY = os.path.join(SCRATCH, "damaged")
WORK = os.path.join(SCRATCH, "work")
LIBRARY = f"lib/libpython{NAMED}.so.1.0"
ARCHIVE = f"lib/libpython{NAMED}.a"
INTERPRETER = f"bin/python{NAMED}"
STDLIB = f"lib/{STDLIB}"
CONFIG = f"bin/python{NAMED}-config"
LINKED = ["-Wl,-z,relro,-z,now", "-Wl,--build-id"]


def run(*argv, **options):
    done = subprocess.run(argv, capture_output=True, text=True, errors="replace", **options)
    assert done.returncode == 0, f"{argv}: {done.stdout}{done.stderr}"
    return done.stdout


def tool(name):
    if not shutil.which(name):
        raise Skip(f"needs {name}")
    return name


def at(path):
    return os.path.join(COPY, path)


def own(path):
    """The copy shares its files with the tree: this one gets bytes of its own."""
    whole = os.path.realpath(at(path))
    assert whole.startswith(os.path.realpath(COPY) + "/"), whole
    shutil.copy2(whole, whole + ".own")
    os.rename(whole + ".own", whole)
    return whole


def forget_bytecode(path):
    """That of a source that is about to change: rules are to see the change alone."""
    if path.endswith(".py") and os.path.exists(importlib.util.cache_from_source(at(path))):
        os.unlink(importlib.util.cache_from_source(at(path)))


def edit(path, *changes):
    """Replaces texts; each must be there."""
    whole = own(path)
    forget_bytecode(path)
    with open(whole) as f:
        text = f.read()
    for old, new in changes:
        assert old in text, f"{old!r} is not in {path}"
        text = text.replace(old, new)
    with open(whole, "w") as f:
        f.write(text)


def append(path, text):
    forget_bytecode(path)
    with open(own(path), "a") as f:
        f.write(text)


def extension(name):
    folder = f"{STDLIB}/lib-dynload"
    for entry in sorted(os.listdir(at(folder))):
        if entry.startswith(name + "."):
            return f"{folder}/{entry}"
    raise Skip(f"there is no {name} here")


def sysconfig_data():
    for entry in sorted(os.listdir(at(STDLIB))):
        if entry.startswith("_sysconfigdata_"):
            return f"{STDLIB}/{entry}"
    raise AssertionError("no sysconfig data")


def libpl():
    for entry in sorted(os.listdir(at(STDLIB))):
        if entry.startswith("config-"):
            return f"{STDLIB}/{entry}"
    raise AssertionError("no config folder")


def source(text, name="x.c"):
    path = os.path.join(WORK, name)
    with open(path, "w") as f:
        f.write(text)
    return path


def compiled(text, *flags, cc="cc", name="x"):
    target = os.path.join(WORK, name + ".o")
    run(tool(cc), "-c", *flags, "-o", target, source(text, name + ".c"))
    return target


def add_extension(text, *flags):
    """A module of its own in lib-dynload, in order but for what the text does."""
    target = at(f"{STDLIB}/lib-dynload/damage.so")
    run(tool("cc"), "-shared", "-fPIC", "-O1", *LINKED, "-o", target,
        source("int PyInit_damage; " + text), *flags)


def small(path):
    """A copy of an archive or object without debug information: links of it are quick."""
    target = os.path.join(WORK, "small-" + os.path.basename(path))
    if not os.path.exists(target):
        shutil.copyfile(path, target)
        run("strip", "-g", target)
    return target


def version_script(*hidden):
    path = os.path.join(WORK, "hide.map")
    with open(path, "w") as f:
        f.write("{ local: %s };\n" % " ".join(name + ";" for name in hidden))
    return "-Wl,--version-script=" + path


def promise_nothing():
    """What is linked here needs the C library that is here."""
    path = own("share/solder/build.json")
    with open(path) as f:
        record = json.load(f)
    record["options"]["glibc"] = "native"
    with open(path, "w") as f:
        json.dump(record, f)


def relink_library(*more):
    promise_nothing()
    target = at(LIBRARY)
    os.unlink(target)
    run(tool("cc"), "-shared", "-o", target, f"-Wl,-soname,{os.path.basename(LIBRARY)}", *LINKED,
        "-Wl,-Bsymbolic-functions", "-Wl,--whole-archive", small(os.path.join(TREE, ARCHIVE)),
        "-Wl,--no-whole-archive", *more, "-ldl", "-lutil", "-lm")


def relink_interpreter(*more, pie="-pie", debug=False):
    promise_nothing()
    target = at(INTERPRETER)
    os.unlink(target)
    inputs = [os.path.join(TREE, libpl(), "python.o"), os.path.join(TREE, ARCHIVE)]
    start, archive = inputs if debug else map(small, inputs)
    run(tool("cc"), pie, "-o", target, start, *LINKED, "-Wl,--export-dynamic",
        "-Wl,--disable-new-dtags", "-Wl,-rpath,$ORIGIN/../lib", "-Wl,--whole-archive", archive,
        "-Wl,--no-whole-archive", *more, "-ldl", "-lutil", "-lm")
