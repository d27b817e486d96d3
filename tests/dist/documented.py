"""Runs the command lines that README, docs/*.md and `solder COMMAND --help` print, as they are printed.

Each page and each help text is a group with a folder of its own, in which the names that the lines use
stand for something (dist/cpython, A, static, ...), and with solder on PATH. Lines of a group run one after
the other, and one that is `export` counts for those behind it. SUBSTITUTES says what runs in place of a
line that takes long, needs the network or another compiler, and why; a line that is not there runs as
printed, and fails the test if it ends otherwise than EXITS says.

LABEL, SOLDER, WORK, HERE, VERSION and NAMED come from run.sh. Prints "ok", "FAIL" and "note" lines.
DOCUMENTED=REGEX runs the groups whose name matches only, TIMES=1 says how long each line took.
"""

import concurrent.futures
import os
import re
import shutil
import subprocess
import sys
import time

SOLDER = os.environ["SOLDER"]
LABEL = os.environ["LABEL"]
# Without spaces in its path, which the lines do not quote.
WORLD = os.environ["WORK"] + "/documented"
REPO = os.path.dirname(os.path.dirname(os.environ["HERE"]))
VERSION = os.environ["VERSION"]
NAMED = os.environ["NAMED"]
# A guard against a line that hangs, and nothing else.
LIMIT = 900

COMMANDS = r"(solder|make|cc|eval|export|for|minisign|signify-openbsd|chmod|tar|gdb|[A-Z][A-Z_]+=\S*) "

QUICK = "--filter startup_bare,calls --rounds 2 --duration 60 --load 100"
# Options that go together are known only after all are read, so a Python that is not there shows that
# the line itself is right: exit code 2, not 64.
NOWHERE = "nowhere"
# What check-dist has compiled with the compiler that is there.
COMPILED = "--glibc native"


def lacks(program):
    """A shim may be there, and the program not."""
    try:
        return subprocess.run([program, "--version"], capture_output=True, check=False).returncode != 0
    except OSError:
        return True


# A line is changed by all that match: (pattern, what it becomes, why, and whether that is so here).
SUBSTITUTES = [
    (r"^make (dist)( RELEASE=1)?$", r"make -n \1\2", "compiles solder again; .ci/run does"),
    (r"^make (check|bench-\w+)\b(.*)", r"make -n \1\2", "minutes; a target of its own"),
    (r"^for d in .*; done$", r"for d in 60 100 200; do solder bench a=static b=static " + QUICK +
     "; done", "minutes of measuring"),
    (r"^(solder bench (?!.*(--from|--suite|--layouts|for d)).*)", r"\1 " + QUICK, "minutes of measuring"),
    (r"--count\b(?!-)(.*)", r"--count\1 --filter startup_bare", "an hour under valgrind"),
    (r"\bB=python3\.12", "B=python3", "that Python is not here", lacks("python3.12")),
    (r"\bA=python3\.11", "A=python3", "that Python is not here", lacks("python3.11")),
    (r"^solder bench --suite pyperformance( --packages)? A B$",
     rf"solder bench --suite pyperformance:{NOWHERE}\1 A B", "fetches packages; options only"),
    (r"^solder bench --from .* --pool$", f"solder bench --from {NOWHERE} --from {NOWHERE} --pool",
     "campaigns of several hosts; options only"),
    (r"^solder bench --layouts 5 static shared$",
     f"solder bench --layouts 2 --filter startup_bare --rounds 2 --load 100 static shared",
     "minutes of measuring"),
    (r"^(solder explain .*--intervene (?!.*(--dry-run|-n\b)).*)", r"\1 -n", "builds and measures"),
    (r"--workload calls,\w+", "--workload json_dumps", "valgrind takes long"),
    (r"^(solder explain (?!.*--(workload|startup|intervene|from-callgrind)).*)",
     r"\1 --workload json_dumps", "valgrind takes long"),
    (r"^(solder build .*--executor .*)", r"\1 -n", "needs a scheduler; make check-farm"),
    (r"^(solder matrix .*?)( >rows.sh && sbatch .*| \| parallel .*)", r"\1", "needs a scheduler"),
    (r"^(solder build .*)--cc clang-19", r"\1--cc gcc", "that compiler is not here", lacks("clang-19")),
    (r"^(solder build .*)--cc clang-22 --lto thin", r"\1--cc gcc --lto full", "that compiler is not here",
     lacks("clang-22")),
    (r"--target aarch64-unknown-linux-gnu", "--target x86_64_v2-unknown-linux-gnu",
     "that compiler is not here", lacks("aarch64-linux-gnu-gcc")),
    (r"^(solder build (?=.*(--profile|--cc|--target|--like|--bolt|--hardening|--source|--tls|--freethreaded|--matrix"
     r"|python311|3\.1[0-9.]+))(?!.* -n).*)", r"\1 -n", "another compile"),
    (r"^((?:solder fetch .*&& )?solder build(?!.*( -n|--glibc)).*)", rf"\1 {COMPILED}", "another compile"),
    (r"--lto thin", "--lto full", "thin is clang's", lacks("clang-19")),
    (r"--profile PROFILE", "", "a profile would have to be trained"),
    (r"^solder build 3\.14( -n)?$", "solder build 3.13 -n", "needs the network for 3.14"),
    (r"^solder fetch$", "solder fetch --sources debian", "the network"),
    (r"^solder fetch && ", "solder fetch --sources debian && ", "the network"),
    (r"^solder fetch cpython@3\.11 .*", "solder fetch cpython@3.13 --sources debian", "the network"),
    (r"^solder lock .*", "solder lock --help", "the network, and it writes recipes"),
    (r"/media/usb/sources", "usb", "a folder"),
    (r"^(solder cache prune (?!.*-n).*)", r"\1 -n", "the cache is the user's"),
    (r"^solder check \S+\.(whl|dylib)$", f"solder check {NOWHERE}", "a file that is not here; make check"),
    (r"^solder check .*--with .*", f"solder check {NOWHERE} --with numpy", "needs the network"),
    (r"^solder check .*--wheels (top:\d+|wheels/own-tests.txt)(.*)", r"solder check dist/cpython --wheels wheels",
     "needs the network; make check-wheels"),
    (r"^(solder check .*)--probes( --against OTHER)?", r"\1--probe T1", "the topic probes runs them all"),
    (r"solder check PYTHON --probe T1 --all .*", "solder check dist/cpython --probe T1 --all "
     "--against dist/shared", "names that stand for others"),
    (r"/usr/bin/python3\.11", "python3", "that Python is not here", lacks("/usr/bin/python3.11")),
    (r"~/\.pyenv/versions/3\.11\.7", "python3", "that Python may not be here"),
    (r"^solder pack --verify-reproducible .*", f"solder pack --verify-reproducible {NOWHERE}",
     "builds again; make check-reproducible; options only"),
    (r"^(solder pack .*)--release", r"\1--level 1", "minutes of compressing"),
    (r"^(solder pack (?!.*(--index|--level|--verify)).*)", r"\1 --level 1", "time"),
    (r"(packed|signed)/NAME-", r"\1/*-", "a name that stands for another"),
    (r"^UV_PYTHON_DOWNLOADS_JSON_URL=(\S+) uv python install .*",
     r"test -s \1", "uv may not be here; make check-pack runs it"),
    (r"^tar -C PREFIX --strip-components=1 -xf NAME-debug.tar.zst",
     "mkdir -p PREFIX && tar -C PREFIX --strip-components=1 -xf ../made/*-debug.tar.zst",
     "names that stand for others"),
    (r"^gdb .*", "gdb --version", "needs a terminal; make check-pack"),
    (r"\| man -l -", "| grep -c .", "man is not here", lacks("man")),
    (r"\bjq (\S+|'[^']*')$", r"grep -c .", "jq is not here", lacks("jq")),
    (r"cpython-[0-9.]+\+\d+-\w+-unknown-linux-gnu-install_only", r"*-install_only",
     "the date and machine are others"),
]

# (pattern, exit codes that are right, why); else 0.
EXITS = [
    (NOWHERE, {2}, "there is no such thing"),
    (r"solder bench.*--(rounds|from)", {0, 1, 2}, "a verdict, or none"),
    (r"solder check .*--platform", {2}, "the wheel that is here is for every platform"),
    (r"solder check.*(python3|wheels)", {0, 1}, "findings are the point"),
    (r"solder check --glibc", {0, 1}, "a tree of --glibc native needs the C library of its machine"),
    (r"solder cache verify", {0, 1}, "entries of an older solder"),
]


def run(line, folder, before=()):
    env = dict(os.environ, HOME=f"{WORLD}/home", LC_ALL="C.UTF-8", TMPDIR=f"{WORLD}/tmp")
    env.setdefault("XDG_CACHE_HOME", os.path.expanduser("~/.cache"))
    env.pop("DIST", None)  # where make dist puts the tree, if somebody said so
    env["PATH"] = f"{WORLD}/bin:{env['PATH']}"
    script = "\n".join([*before, line])
    process = subprocess.Popen(["bash", "-c", script], cwd=folder, env=env, stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True)
    try:
        output, _ = process.communicate(timeout=LIMIT)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, 9)
        output, _ = process.communicate()
    return process.returncode, output.decode(errors="replace")


def lines_of(text):
    """The commands among the indented and fenced lines of a page, or of a help text's examples. A fence
    with a word ("```rooms") holds something else."""
    text = re.sub(r"\\\n\s*", "", text)
    fence = None
    for raw in text.splitlines():
        if raw.startswith("```"):
            fence = raw if fence is None else None
            continue
        if fence != "```" and not raw.startswith("    "):
            continue
        line = raw.strip().removeprefix("$ ")
        if line.startswith("solder explain:") or line.startswith("solder check:"):
            continue
        # A prompt's output also begins with names of arms and rules.
        if re.match(COMMANDS, line + " ") and not re.match(r"solder +\d|solder +a difference", line):
            yield re.sub(r"\s+# .*", "", line).strip()


def groups():
    for name in ["README.md"] + sorted(f"docs/{n}" for n in os.listdir(f"{REPO}/docs") if n.endswith(".md")):
        with open(f"{REPO}/{name}") as f:
            yield name, list(lines_of(f.read()))
    listed = subprocess.run([SOLDER, "--help"], capture_output=True, text=True, check=True).stdout
    names = re.findall(r"^  ([a-z]+)  ", listed.split("Commands:")[1], re.M)
    for name in names:
        text = subprocess.run([SOLDER, name, "--help"], capture_output=True, text=True, check=True).stdout
        examples = text.partition("\nExamples:\n")[2]
        yield f"{name} --help", list(lines_of(re.sub("^", "  ", examples, flags=re.M)))


def substitute(line):
    reasons = []
    for pattern, becomes, why, *here in SUBSTITUTES:
        changed = re.sub(pattern, becomes, line)
        if changed != line and all(here):
            line = changed
            reasons.append(why)
    return line, "; ".join(dict.fromkeys(reasons))


def prepare():
    """What the lines talk about."""
    for name in ("bin", "home/.local/share/bash-completion/completions", "tmp", "made", "usb", "wheels"):
        os.makedirs(f"{WORLD}/{name}")
    os.symlink(SOLDER, f"{WORLD}/bin/solder")
    os.symlink(f"{REPO}/docs", f"{WORLD}/docs")
    with open(f"{WORLD}/main.c", "w") as f:
        f.write("#include <Python.h>\nint main(void) { Py_Initialize(); return Py_FinalizeEx() != 0; }\n")
    python = f"static/bin/python{NAMED}"
    callgrind = ("valgrind -q --tool=callgrind --dump-instr=yes --skip-plt=no --callgrind-out-file={} "
                 "{}/bin/python" + NAMED + " -I -S -c pass")
    for line in [
        f"sh '{REPO}/tests/dist/demo.sh' '{SOLDER}' {COMPILED}",
        f"solder build -q {COMPILED} -o static",
        f"solder build -q {COMPILED} --link shared -o shared",
        f"solder build -q {COMPILED} -o dist/cpython-3.13.15-static",
        "solder pack -q --level 1 dist/cpython -o made",
        "mkdir home/cpython && tar -C home/cpython --strip-components=1 -xf "
        "$(solder fetch -q --sources debian | grep -i '/python3')",
        callgrind.format("a.out", "static"),
        callgrind.format("b.out", "shared"),
        f"solder bench {QUICK} -o c.json static=static shared=shared; test -s c.json",
        "solder check --json static >known.json",
        "cp $(solder fetch -q --sources debian | grep -i '/python3') usb",
        "minisign -G -W -p release.pub -s release.key && chmod 600 release.key",
        f"cc -shared -fPIC -I static/include/python{NAMED} -o one.so -xc - <<'END'\n"
        "#include <Python.h>\n"
        "static struct PyModuleDef one = {PyModuleDef_HEAD_INIT, \"one\", NULL, -1, NULL};\n"
        "PyMODINIT_FUNC PyInit_one(void) { return PyModule_Create(&one); }\nEND",
        f"{python} '{REPO}/tests/lib/wheel.py' make wheels one py3-none-any one.so",
    ]:
        code, output = run(line, WORLD)
        if code:
            sys.exit(f"FAIL {LABEL}preparing: {line} (exit code {code})\n    " +
                     "\n    ".join(output.splitlines()[-20:]))
    os.mkdir(f"{WORLD}/dist/other")


# What stands for what in the folder of a group, until a line of it makes that itself.
LINKS = {
    "dist/cpython": "dist/cpython", "dist/shared": "shared", "dist/static": "static",
    f"dist/cpython-{VERSION}": "static", "dist/cpython-shared": "shared",
    "dist/cpython-3.13.15-static": "dist/cpython-3.13.15-static", "A": "static", "B": "shared",
    "static": "static", "shared": "shared", "gd": "shared", "STATIC": "static", "SHARED": "shared",
    "TREE": "static", "DIR": "wheels", "main.c": "main.c", "usb": "usb", "wheels": "wheels", "recipes": "recipes",
    "docs": "docs", "matrix.yaml": "docs/matrix.yaml",
    "a.out": "a.out", "b.out": "b.out", "o3.out": "a.out", "pgo.out": "b.out",
}
COPIES = {"c.json": "c.json", "before.json": "c.json", "after.json": "c.json"}


def furnish(name, lines):
    folder = f"{WORLD}/{re.sub('[^a-z]+', '-', name.lower())}"
    os.makedirs(f"{folder}/dist")
    text = "\n".join(lines) + "\n"
    for link, target in LINKS.items():
        os.symlink(f"{WORLD}/{target}", f"{folder}/{link}")
    for copy, source in COPIES.items():
        shutil.copy(f"{WORLD}/{source}", f"{folder}/{copy}")
    for file in ("Makefile", "src", "tests", "probes", "recipes", "workloads"):
        if not os.path.lexists(f"{folder}/{file}") or os.path.islink(f"{folder}/{file}"):
            if os.path.islink(f"{folder}/{file}"):
                os.unlink(f"{folder}/{file}")
            os.symlink(f"{REPO}/{file}", f"{folder}/{file}")
    if "release.key" in text and "minisign -G" not in text:
        for file in ("release.key", "release.pub"):
            shutil.copy2(f"{WORLD}/{file}", folder)
    if re.search(r"solder unpack cpython-", text):
        for file in os.listdir(f"{WORLD}/made"):
            shutil.copy(f"{WORLD}/made/{file}", folder)
    if re.search(r"pack --index packed", text) and "-o packed" not in text:
        shutil.copytree(f"{WORLD}/made", f"{folder}/packed")
    return folder


def run_group(name, lines):
    results = []
    folder = furnish(name, lines)
    before = []
    for line in lines:
        becomes, why = substitute(line)
        right = next((codes for pattern, codes, _ in EXITS if re.search(pattern, becomes)), {0})
        makes = re.search(r" -o (\S+)", becomes)
        if makes and not re.search(r" -n\b", becomes):
            furnished = f"{folder}/{makes[1]}"
            if os.path.islink(furnished) or os.path.isfile(furnished):
                os.unlink(furnished)
        start = time.monotonic()
        code, output = run(becomes, folder, before)
        took = time.monotonic() - start
        if code == 2 and right == {0, 1, 2} and not re.search("(?i)no (verdict|statement)", output):
            right = {0, 1}
        if line.startswith("export "):
            before.append(line)
        results.append((name, line, becomes, why, code, right, output, took))
    return results


def report(result, counts):
    name, line, becomes, why, code, right, output, took = result
    good = code in right
    counts["substituted" if why else "as printed"] += 1
    if why:
        print(f"note {LABEL}{name}: for '{line}': '{becomes}' ({why})")
    if good:
        print(f"ok {LABEL}{name}: {line}")
    else:
        counts["failed"] += 1
        print(f"FAIL {LABEL}{name}: {line}")
        print(f"    exit code {code}, right is {' or '.join(str(c) for c in sorted(right))}")
        for text in output.splitlines()[-20:]:
            print("    " + text)
    if os.environ.get("TIMES"):
        print(f"note {took:6.1f} s  {becomes}")


def main():
    prepare()
    counts = {"as printed": 0, "substituted": 0, "failed": 0}
    wanted = os.environ.get("DOCUMENTED", "")
    todo = [(n, lines) for n, lines in groups() if lines and re.search(wanted, n)]
    if not any(n == "README.md" for n, _ in todo) and not wanted:
        sys.exit(f"FAIL {LABEL}README has no command line that could be found")
    todo.sort(key=lambda g: -len(g[1]))
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for results in pool.map(lambda g: run_group(*g), todo):
            for result in results:
                report(result, counts)
            sys.stdout.flush()
    shutil.rmtree(WORLD)
    print(f"note {LABEL}{counts['as printed']} lines as printed, {counts['substituted']} substituted, "
          f"{counts['failed']} failed")


main()
