"""Trains, applies and proves BOLT: another layout of a linked interpreter and libpython.

    bolt.py train    in $BEFORE, instrumented: leaves $OUT/bolt/profile.yaml
    bolt.py apply    $BEFORE by the profile $BOLT_PROFILE/profile.yaml: leaves the files and
                     $OUT/bolt.json, which says what was done

$BEFORE and $AFTER are folders with bin/pythonX.Y, lib/libpythonX.Y.so.1.0 and lib/pythonX.Y, which
is the finished standard library.  What BOLT has made is not believed: each check of proof.py, and
CPython's tests of what was moved, must say of it what they say of what went in.  A function for
which they do not is found by halving, and left as it was.
"""

import json
import os
import re
import shutil
import struct
import subprocess
import sys
from pathlib import Path

NAMED = os.environ["LDVERSION"]
STDLIB = os.environ["STDLIB"]
JOBS = os.environ.get("JOBS", "1")
OUT = Path(os.environ["OUT"])
RECIPE = Path(os.environ["RECIPE"])
BEFORE = Path(os.environ["BEFORE"])
SCRATCH = Path(os.environ["TMPDIR"])
INTERPRETER = f"bin/python{NAMED}"
LIBRARY = f"lib/libpython{NAMED}.so.1.0"

# The interpreter's loop goes from handler to handler through a table of its labels.  Without -strict
# BOLT takes it for a function that it does not understand.  Functions that it does not understand
# with it either are left as they were, as without, and so are those that never ran.  Where libraries
# are built in (--modules static), their assembler jumps between functions, which -strict forbids.
READ = ["-strict", "-print-unknown"]
NOT_STRICT = "BOLT-ERROR: cannot ignore non-empty function"

# Layout alone: blocks, functions, hot and cold parts, jump tables, and functions that are equal.
# What rewrites instructions or stack frames stays off (-frame-opt, -inline-all, -peepholes,
# -indirect-call-promotion): a stack frame moved into the red zone is what broke SHA-512 and BLAKE2
# elsewhere.  Huge pages cost a fifth of each start.  -use-gnu-stack would take the program header
# that says that the stack is not executable.
LAYOUT = ["-reorder-blocks=ext-tsp", "-reorder-functions=cdsort", "-split-functions",
          "-split-strategy=cdsplit", "-split-all-cold", "-icf=safe", "-jump-tables=move",
          "-no-huge-pages", "-dyno-stats"]

# Relocations of x86-64: those without a symbol come first, those that run code last.
RELATIVE, IRELATIVE = 8, 37

# A profile for which less than this part of the run's samples finds its function is another's.
FITS = 0.90
# More wrong functions than this, and it is not a function that is wrong.
MOST_LEFT = 8
LOOP = "_PyEval_EvalFrameDefault"

# CPython's own choice for training is what was moved; and what BOLT broke elsewhere.
TESTS = ["test_hashlib", "test_hmac", "test_zlib", "test_binascii", "test_random", "test_sys_settrace",
         "test_exceptions", "test_generators", "test_coroutines", "test_descr", "test_capi"]


def run(*argv, check=True, **how):
    done = subprocess.run([str(a) for a in argv], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, errors="replace", **how)
    return succeeded(done) if check else done


def succeeded(done):
    if done.returncode:
        sys.exit(f"{' '.join(done.args)}\n{done.stdout[-4000:]}\nended with {done.returncode}")
    return done


def bolt(source, to, *options):
    """The files say how they were made: by the same words, wherever that was."""
    here = [os.path.relpath(p, SCRATCH) for p in (source, to)]
    done = run("llvm-bolt", here[0], "-o", here[1], *options, cwd=SCRATCH, check=False,
               executable=os.environ["LLVM_BOLT"])
    if done.returncode and "-strict" in options and NOT_STRICT in done.stdout:
        print("without -strict: the file has assembler that is no function")
        return bolt(source, to, *(o for o in options if o != "-strict"))
    return succeeded(done).stdout


def sections(path):
    """Name, flags of each section."""
    text = run("readelf", "-SW", path).stdout
    return re.findall(r"^ *\[ *\d+\] (\S+) +\S+ +\S+ +\S+ +\S+ +\S+ +([A-Za-z]*)", text, re.M)


def functions(path):
    """Address of each function, by name."""
    found = re.findall(r"^ *\d+: ([0-9a-f]+) +\w+ FUNC +\w+ +\w+ +(?!UND)\S+ (\S+)",
                       run("readelf", "-sW", path).stdout, re.M)
    return {name.split("@")[0]: int(address, 16) for address, name in found}


# ---- training ----------------------------------------------------------------------------------


def target():
    """What has the code, the interpreter or its library, and what it is called in profiles."""
    return {"shared": (LIBRARY, "libpython"), "dual": (INTERPRETER, "libpython")}.get(
        os.environ["LINK"], (INTERPRETER, "interpreter"))


def tasks():
    """As for the other profile."""
    kind = os.environ["TRAIN"]
    own = [[p] for p in sorted((RECIPE / "training").glob("[a-z]*.py"))]
    tests = [["-E", "-B", "-m", "test", "--pgo-extended" if kind == "extended" else "--pgo",
              "--timeout=1200", "-j", JOBS]]
    return {"own": own, "both": own + tests, "script": [[RECIPE / "train.py"]]}.get(kind, tests)


def train():
    file, name = target()
    plain = SCRATCH / name
    counts = SCRATCH / "counts"
    counts.mkdir()
    shutil.move(BEFORE / file, plain)
    print(bolt(plain, BEFORE / file, "-strict", "-instrument", "-instrumentation-file-append-pid",
               f"-instrumentation-file={counts}/run"))
    os.chmod(BEFORE / file, 0o755)
    for task in tasks():
        done = subprocess.run([BEFORE / INTERPRETER, *task])
        # A test may fail under instrumentation without making the profile worse.
        print("training ended with status", done.returncode)
    files = sorted(counts.iterdir())
    if not files:
        sys.exit("the training run left no profile")
    print("profiles of", len(files), "processes,", sum(f.stat().st_size for f in files), "bytes")
    (SCRATCH / "list").write_text("".join(f"{f}\n" for f in files))
    run(os.environ["MERGE_FDATA"], f"@{SCRATCH}/list", "-o", SCRATCH / "merged")
    said = bolt(plain, SCRATCH / "unused", *READ, "-data", SCRATCH / "merged",
                "-w", SCRATCH / "profile.yaml")
    print(said)
    (OUT / "bolt").mkdir()
    (OUT / "bolt/profile.yaml").write_text(
        without((SCRATCH / "profile.yaml").read_text(), not_understood(said)))


ENTRY = re.compile(r"^  - name: +'?([^'\n]+?)'?$", re.M)


def without(profile, names):
    """The profile without these functions: all but the first of its parts is one's."""
    head, *entries = re.split(r"^(?=  - name:)", profile, flags=re.M)
    return head + "".join(e for e in entries if ENTRY.match(e)[1] not in names)


# ---- what BOLT says ----------------------------------------------------------------------------


def number(pattern, text):
    found = re.search(pattern, text)
    return float(found[1]) if found else 0.0


def reading(said):
    """What BOLT's output says about a file."""
    stale = number(r"\((\d+\.?\d*)%\) belong to functions with invalid", said)
    profiled = int(number(r"(\d+) out of \d+ functions in the binary", said))
    return {
        "functions": int(number(r"\d+ out of (\d+) functions in the binary", said)),
        "profiled": profiled,
        "not_optimised": int(number(r"(\d+) functions with profile could not be optimized", said)),
        "samples_fit": round(1 - stale / 100, 4),
    }


def not_understood(said):
    """BOLT shows "name(*3)" for a function with three names."""
    return set(re.findall(r"^function with unknown control flow: (\S+?)(?:\(\*\d+\))?$", said, re.M))


def by_symbol(path):
    """Sorts what the loader has to look up as linkers do, by symbol, since it remembers its last
    look.  BOLT sorts by address."""
    found = re.search(r" \.rela\.dyn +RELA +\w+ (\w+) (\w+)", run("readelf", "-SW", path).stdout)
    data = path.read_bytes()
    start, size = (int(n, 16) for n in found.groups())
    entries = list(struct.iter_unpack("<QQq", data[start:start + size]))

    def order(entry):
        symbol, kind = entry[1] >> 32, entry[1] & 0xFFFFFFFF
        return (kind != RELATIVE) + (kind == IRELATIVE), symbol, entry[0]

    made = b"".join(struct.pack("<QQq", *e) for e in sorted(entries, key=order))
    path.write_bytes(data[:start] + made + data[start + size:])


def apply_to(form, after, names, debug):
    """Lays out these functions of the profile anew, except those that BOLT does not understand."""
    source, to = BEFORE / form.file, after / form.file
    options = ["-data", "profile.yaml", *READ, *LAYOUT, "-funcs-file-no-regex=names"]
    if not re.search(rf"binary-name: +{form.name}\n", (SCRATCH / "profile.yaml").read_text()):
        # The other form is of the same objects: its blocks are the same, and the hashes of many
        # are not, since what is far from the one is near to the other.
        options.append("-profile-ignore-hash")
    if debug and any(name == ".debug_info" for name, _ in sections(source)):
        options.append("-update-debug-sections")
    to.unlink(missing_ok=True)
    while True:
        (SCRATCH / "names").write_text("".join(f"{n}\n" for n in sorted(names)))
        said = bolt(source, to, *options)
        unclear = not_understood(said) & names
        if not unclear:
            by_symbol(to)
            shutil.copymode(source, to)
            return said
        names = names - unclear


# ---- proof -------------------------------------------------------------------------------------


class Form:
    """A way to run a tree: by its interpreter, or by a program that needs its library."""

    def __init__(self, name, file, program):
        self.name, self.file, self.program = name, file, program


def bare(tree, form):
    """The same without debug information, as packs have it: by LLVM's tool, since that of GNU 2.40
    takes the program headers for its own."""
    there = SCRATCH / "bare"
    shutil.rmtree(there, ignore_errors=True)
    for folder in "bin", "lib":
        (there / folder).mkdir(parents=True)
    (there / f"lib/{STDLIB}").symlink_to(tree / f"lib/{STDLIB}")
    if form.program != form.file:
        shutil.copy2(tree / form.program, there / form.program)
    run(os.environ["LLVM_OBJCOPY"], "--strip-debug", tree / form.file, there / form.file)
    return there


class Check:
    def __init__(self, name, argv, options=("-I", "-B"), under=(), env=()):
        self.name, self.argv, self.options = name, argv, options
        self.under, self.env = under, dict(env)

    def passes(self, tree, form):
        # valgrind gives up on debug information of DWARF 5 that moved.
        program = (bare(tree, form) if self.under else tree) / form.program
        done = run(*self.under, program, *self.options, *self.argv, check=False,
                   env={**os.environ, **self.env}, cwd=SCRATCH)
        self.said = done.stdout
        return done.returncode == 0


def checks():
    proof = RECIPE / "proof.py"
    # Invalid reads and writes count, such as those below the stack pointer.
    valgrind = ("valgrind", "-q", "--error-exitcode=9", "--undef-value-errors=no")
    yield Check("starts", ["-c", "pass"])
    for name in "hashes", "checksums", "ciphers", "unwinding":
        yield Check(name, [proof, name])
    yield Check("hashes under valgrind", [proof, "hashes", "short"], ("-s", "-S", "-B"), valgrind,
                {"PYTHONMALLOC": "malloc"})


def tests():
    from test.libregrtest.pgo import PGO_TESTS
    return [Check(t, ["-m", "test", "--timeout=1200", t], ("-E", "-B"))
            for t in sorted({*PGO_TESTS, *TESTS})]


def failing_tests(tree, form, all_tests):
    """Runs the tests side by side, then those that fail again, alone."""
    names = {t.name: t for t in all_tests}
    done = run(tree / form.program, "-E", "-B", "-m", "test", "--timeout=1200", "-j", JOBS,
               *names, check=False, cwd=SCRATCH)
    print(done.stdout[-1500:])
    if done.returncode == 0:
        return []
    suspects = [n for n in names if re.search(rf"^ .*\b{n}\b|\b{n} (failed|crashed)", done.stdout, re.M)]
    return [names[n] for n in suspects or names if not names[n].passes(tree, form)]


def failures(after, form):
    """The checks that fail after, and did not before."""
    failed = [c for c in checks() if not c.passes(after, form)]
    failed += failing_tests(after, form, tests()) if not failed else []
    ours = []
    for c in failed:
        said = c.said
        if c.passes(BEFORE, form):
            c.said = said
            print(f"{form.name}: {c.name}: fails\n{c.said[-2000:]}")
            ours.append(c)
        elif c.name in [t.name for t in tests()]:
            print(f"{form.name}: {c.name}: fails without BOLT, too")
        else:
            sys.exit(f"{form.name}: '{c.name}' fails without BOLT, and proves nothing\n{c.said[-2000:]}")
    return ours


def culprit(candidates, fails):
    """The function without which fails(set that is moved) is false: halves what is moved.  None if
    it takes several."""
    while len(candidates) > 1:
        half = candidates[:len(candidates) // 2]
        rest = candidates[len(candidates) // 2:]
        if fails(half):
            candidates = half
        elif fails(rest):
            candidates = rest
        else:
            return None
    return candidates[0] if candidates and fails(candidates) else None


def prove(form, after, names, said):
    """Applies again until nothing fails; the functions that had to stay."""
    left = set()
    while failed := failures(after, form):
        check = failed[0]

        def fails(some):
            apply_to(form, after, set(some), False)
            return not check.passes(after, form)

        name = culprit(sorted(names - left), fails)
        if not name or len(left) == MOST_LEFT:
            sys.exit(f"{form.name}: '{check.name}' fails with BOLT, and not for one function\n"
                     f"{check.said[-2000:]}")
        print(f"{form.name}: {name} stays as it was: '{check.name}' fails with it")
        left.add(name)
        said = apply_to(form, after, names - left, True)
    return left, said


def same_headers(before, after):
    """The stack is as it was, and code is not writable."""
    flags = []
    for path in before, after:
        text = run("readelf", "-lW", path).stdout
        flags.append(re.findall(r"GNU_STACK.* (R[W ][E ])", text))
        if re.search(r"LOAD.* RWE", text):
            sys.exit(f"{path.name}: a segment is writable and executable")
    if flags[0] != flags[1] or not flags[0]:
        sys.exit(f"{after.name}: GNU_STACK is not as it was: {flags}")


def starts_stripped(tree, form):
    there = bare(tree, form)
    for how in "--strip-debug", "--strip-all":
        run(os.environ["LLVM_OBJCOPY"], how, tree / form.file, there / form.file)
        run(there / form.program, "-I", "-B", "-c", "import json, decimal, sqlite3, ssl")


# ---- all of it ---------------------------------------------------------------------------------


def without_relocations(source, to):
    """What --emit-relocs added taken away."""
    emitted = [f"--remove-section={n}" for n, flags in sections(source)
               if n.startswith(".rela.") and "A" not in flags]
    run(os.environ["LLVM_OBJCOPY"], *emitted, source, to)


def apply():
    after = Path(os.environ["AFTER"])
    forms = [Form("libpython", LIBRARY, f"bin/through{NAMED}")]
    if os.environ["LINK"] == "dual":
        # Of the code that the library has.
        forms = [Form("libpython", INTERPRETER, INTERPRETER)]
    elif os.environ["LINK"] == "static":
        forms.insert(0, Form("interpreter", INTERPRETER, INTERPRETER))
    report = {"files": {}, "left": [], "checks": [c.name for c in checks()],
              "tests": [t.name for t in tests()]}
    shutil.copy2(Path(os.environ["BOLT_PROFILE"]) / "profile.yaml", SCRATCH)
    names = set(ENTRY.findall((SCRATCH / "profile.yaml").read_text()))
    said = {f: apply_to(f, after, names, True) for f in forms}
    for f in forms:
        print(said[f])
        read = report["files"][f.name] = reading(said[f])
        if not read["profiled"] or read["samples_fit"] < FITS:
            # It stays as it was linked; the other file may fit.
            read["unused"] = f"the profile fits {100 * read['samples_fit']:.0f} % of its samples"
            without_relocations(BEFORE / f.file, after / f.file)
    for f in forms:
        if "unused" in report["files"][f.name]:
            continue
        left, said[f] = prove(f, after, names, said[f])
        report["left"] += sorted(f"{f.name}: {name}" for name in left)
        same_headers(BEFORE / f.file, after / f.file)
        starts_stripped(after, f)
        report["files"][f.name]["loop"] = any(
            n.startswith(LOOP + ".cold") for n in functions(after / f.file))
    for f in forms:
        shutil.copy2(after / f.file, OUT / Path(f.file).name)
    if os.environ["LINK"] == "shared":
        shutil.copy2(BEFORE / INTERPRETER, OUT / Path(INTERPRETER).name)
    (OUT / "bolt.json").write_text(json.dumps(report, indent=2, sort_keys=True) + "\n")


if __name__ == "__main__":
    if sys.argv[1] == "train":
        train()
    else:
        apply()
