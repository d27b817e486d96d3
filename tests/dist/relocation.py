"""The interpreter finds its standard library, whatever it is called and from wherever."""

import ast
import ctypes
import os
import re
import shutil
import subprocess
import tempfile

from checks import LINK, NAMED, PYTHON, SCRATCH, STDLIB, TREE, VERSION, Skip, check, equal, note

CODE = """
import sys, os, zlib, sysconfig
for x in (sys.prefix, sys.base_prefix, sys.exec_prefix, sys.executable, os.__file__, zlib.__file__,
          sysconfig.get_path("stdlib")):
    print(x)
"""


def run(argv, executable=PYTHON, options=(), **kwargs):
    argv = [*argv, *options, "-c", CODE]
    done = subprocess.run(argv, executable=executable, capture_output=True, text=True, **kwargs)
    assert done.returncode == 0, f"exit {done.returncode}: {done.stderr}"
    assert not done.stderr, done.stderr
    return done.stdout.splitlines()


def finds_itself(lines, prefix=TREE, executable=None):
    equal(lines[:3], [prefix] * 3, "prefixes")
    stdlib = f"{prefix}/lib/{STDLIB}"
    equal(lines[4], f"{stdlib}/os.py")
    equal(os.path.dirname(lines[5]), f"{stdlib}/lib-dynload")
    equal(lines[6], stdlib)
    executable = executable or PYTHON
    equal(lines[3], executable, "sys.executable")


def run_raw(arguments):
    """Like run(), with a vector of arguments that subprocess refuses."""
    libc = ctypes.CDLL(None)
    variables = [f"{k}={v}".encode() for k, v in os.environ.items()]
    vector = (ctypes.c_char_p * (len(arguments) + 1))(*arguments, None)
    environ = (ctypes.c_char_p * (len(variables) + 1))(*variables, None)
    with tempfile.TemporaryFile("w+") as program, tempfile.TemporaryFile("w+") as out:
        program.write(CODE)
        program.seek(0)
        pid = os.fork()
        if pid == 0:
            os.dup2(program.fileno(), 0)
            os.dup2(out.fileno(), 1)
            os.dup2(out.fileno(), 2)
            libc.execve(PYTHON.encode(), vector, environ)
            os._exit(127)
        status = os.waitpid(pid, 0)[1]
        out.seek(0)
        text = out.read()
    assert status == 0, text
    return text.splitlines()


def env(**more):
    return {**os.environ, **more}


@check("by its path")
def _():
    finds_itself(run([PYTHON]))


@check("by its path, with -I, -S, -E, -s and all of them")
def _():
    for options in (["-I"], ["-S"], ["-E"], ["-s"], ["-I", "-S"], ["-X", "frozen_modules=off"]):
        finds_itself(run([PYTHON], options=options))


def relative(name, cwd):
    lines = run([name], executable=name, cwd=cwd)
    # CPython leaves the ".." of its name in its prefix.
    equal([os.path.realpath(line) for line in lines[:3]], [TREE] * 3, "prefixes")
    assert os.path.samefile(lines[3], PYTHON), lines[3]


@check("by a relative path")
def _():
    relative(os.path.relpath(PYTHON, f"{TREE}/lib"), f"{TREE}/lib")


@check("from its own folder, as ./python")
def _():
    relative(f"./python{NAMED}", f"{TREE}/bin")


@check("by PATH")
def _():
    done = run([f"python{NAMED}"], executable=f"python{NAMED}",
               env=env(PATH=f"{TREE}/bin:{os.environ['PATH']}"), cwd="/")
    finds_itself(done)


@check("by PATH, as python3")
def _():
    lines = run(["python3"], executable="python3",
                env=env(PATH=f"{TREE}/bin:{os.environ['PATH']}"), cwd="/")
    finds_itself(lines, executable=f"{TREE}/bin/python3")


@check("through a symbolic link in another folder")
def _():
    link = f"{SCRATCH}/a link"
    os.symlink(PYTHON, link)
    finds_itself(run([link], executable=link), executable=link)


@check("through a chain of links, by PATH, under another name")
def _():
    os.mkdir(f"{SCRATCH}/bin")
    os.symlink(PYTHON, f"{SCRATCH}/first")
    os.symlink("../first", f"{SCRATCH}/bin/otherpython")
    lines = run(["otherpython"], executable="otherpython",
                env=env(PATH=f"{SCRATCH}/bin:/usr/bin:/bin"), cwd="/")
    finds_itself(lines, executable=f"{SCRATCH}/bin/otherpython")


@check("through a link to the folder of the tree")
def _():
    os.symlink(TREE, f"{SCRATCH}/tree")
    path = f"{SCRATCH}/tree/bin/python{NAMED}"
    # A shared libpython is asked for its real place.
    prefix = f"{SCRATCH}/tree" if LINK != "shared" else TREE
    finds_itself(run([path], executable=path), prefix=prefix, executable=path)


@check("through a link to its bin folder")
def _():
    os.symlink(f"{TREE}/bin", f"{SCRATCH}/programs")
    path = f"{SCRATCH}/programs/python{NAMED}"
    lines = run([path], executable=path)
    equal(lines[:3], [TREE] * 3, "prefixes")


for title, name in {
    "argv[0] is /dev/null": "/dev/null",
    "argv[0] is a nickname": "nonsense",
    "argv[0] is a path that does not exist": "/nonexistent/python3",
    "argv[0] is another program": "/bin/sh",
    "argv[0] is the name of another program on PATH": "sh",
    "argv[0] starts with a dash, as of a login shell": "-python",
}.items():
    @check(title)
    def _():
        finds_itself(run([name]))
        finds_itself(run([name], cwd="/"))
        finds_itself(run([name], options=["-I"]))


@check("argv[0] is empty")
def _():
    finds_itself(run_raw([b""]))
    finds_itself(run_raw([b"", b"-I"]))


@check("there is no argv[0]")
def _():
    finds_itself(run_raw([]))


@check("argv[0] is the name of another python3 on PATH")
def _():
    os.makedirs(f"{SCRATCH}/other/bin")
    os.makedirs(f"{SCRATCH}/other/lib/{STDLIB}/lib-dynload")
    open(f"{SCRATCH}/other/lib/{STDLIB}/os.py", "w").close()
    shutil.copy("/bin/true", f"{SCRATCH}/other/bin/python3")
    finds_itself(run(["python3"], env=env(PATH=f"{SCRATCH}/other/bin:/usr/bin:/bin")))


@check("without /proc, whatever argv[0] is")
def _():
    bare = ["bwrap", "--ro-bind", "/", "/", "--dev", "/dev", "--tmpfs", "/proc", "--"]
    try:
        subprocess.run([*bare, "true"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        raise Skip("no namespaces here")
    if LINK == "shared":
        # The loader has nothing else to know $ORIGIN by.
        note("without /proc a shared interpreter does not find libpython")
        return
    for name in ("nonsense", "", "sh", "/nonexistent/python", PYTHON):
        for program in (PYTHON, f"{SCRATCH}/other python"):
            if program != PYTHON and not os.path.islink(program):
                os.symlink(PYTHON, program)
            argv = [*bare, "bash", "-c", 'cd "${1%/*}" && exec -a "$2" "./${1##*/}" -c "$3"', "bash",
                    program, name, CODE]
            done = subprocess.run(argv, capture_output=True, text=True)
            assert done.returncode == 0, (name, done.stderr)
            finds_itself(done.stdout.splitlines())
    # As what a script names, the kernel passes on the script.
    script = f"{SCRATCH}/script"
    link = tempfile.mkdtemp(prefix="solder-", dir="/tmp")
    try:
        os.symlink(TREE, f"{link}/t")
        with open(script, "w") as file:
            file.write(f"#!{link}/t/bin/python{NAMED}\nimport sys, zlib; print(sys.prefix)\n")
        os.chmod(script, 0o755)
        done = subprocess.run([*bare, script], capture_output=True, text=True)
        equal(os.path.realpath(done.stdout.strip()), TREE, done.stderr)
    finally:
        shutil.rmtree(link)


@check("in an empty environment, from a folder that is gone")
def _():
    finds_itself(run([PYTHON], env={}, cwd="/"))
    gone = tempfile.mkdtemp()
    done = subprocess.run(
        ["sh", "-c", 'cd "$1" && rmdir "$1" && shift && exec "$@"', "sh", gone, PYTHON, "-Ic",
         "import sys, zlib; print(sys.prefix)"], capture_output=True, text=True)
    equal(done.stdout.strip(), TREE, done.stderr)


@check("PYTHONHOME still goes first, and -E ignores it")
def _():
    home = f"{SCRATCH}/home"
    os.symlink(TREE, home)
    lines = run([PYTHON], env=env(PYTHONHOME=home))
    equal(lines[0], home)
    finds_itself(run([PYTHON], options=["-E"], env=env(PYTHONHOME=home)))


@check("a copy of the whole tree finds itself, not the first one")
def _():
    other = f"{SCRATCH}/copy of it"
    shutil.copytree(TREE, other, symlinks=True, copy_function=os.link,
                    ignore=shutil.ignore_patterns("test", "idlelib", "share", "include"))
    # Hard links would be the same files as in the first tree.
    os.unlink(f"{other}/bin/python{NAMED}")
    shutil.copy2(PYTHON, f"{other}/bin/python{NAMED}")
    path = f"{other}/bin/python{NAMED}"
    finds_itself(run([path], executable=path), prefix=other, executable=path)
    shutil.rmtree(other)


@check("below a path that is not UTF-8")
def _():
    other = os.fsdecode(os.fsencode(SCRATCH) + b"/no \xff UTF-8")
    shutil.copytree(TREE, other, symlinks=True, copy_function=os.link,
                    ignore=shutil.ignore_patterns("test", "share", "include"))
    os.unlink(f"{other}/bin/python{NAMED}")
    shutil.copy2(PYTHON, f"{other}/bin/python{NAMED}")
    code = "import sys, zlib, ssl, sqlite3, ctypes; print(ascii([sys.prefix, zlib.__file__]))"
    for locale in ("C", "C.UTF-8"):
        done = subprocess.run([f"{other}/bin/python{NAMED}", "-c", code], capture_output=True,
                              text=True, env=env(LC_ALL=locale))
        assert done.returncode == 0, done.stderr
        prefix, file = ast.literal_eval(done.stdout)
        equal(prefix, other)
        equal(os.path.dirname(file), f"{other}/lib/{STDLIB}/lib-dynload")
    shutil.rmtree(other)


@check("scripts in bin run with the interpreter beside them, also through links")
def _():
    expected = {
        rf"pip3?({re.escape(VERSION)})?": (["--version"], TREE),
        rf"pydoc3?({re.escape(VERSION)})?": (["-h"], "pydoc"),
        rf"idle3?({re.escape(VERSION)})?": (["-h"], "idle"),
        rf"2to3(-{re.escape(VERSION)})?": (["--help"], "2to3"),
    }
    done = 0
    for name in sorted(os.listdir(f"{TREE}/bin")):
        path = f"{TREE}/bin/{name}"
        with open(path, "rb") as file:
            if file.read(2) != b"#!" or name.endswith(("-config", "-gdb.py")):
                continue
        link = f"{SCRATCH}/link to {name}"
        os.symlink(path, link)
        for pattern, (arguments, wanted) in expected.items():
            if re.fullmatch(pattern, name):
                break
        else:
            raise AssertionError(f"bin/{name} is new to this test")
        for script in (path, link):
            out = subprocess.run([script, *arguments], capture_output=True, text=True, cwd="/",
                                 env={"PATH": "/usr/bin:/bin", "HOME": SCRATCH})
            assert wanted in out.stdout + out.stderr, (script, out)
            done += 1
    # pip, pip3, pip3.X, pydoc3, pydoc3.X, each by two names.
    assert done >= 10, done


@check("bin/python3 and its like are links to the one interpreter")
def _():
    links = {"python": f"python{NAMED}", "python3": f"python{VERSION}",
             "python3-config": f"python{VERSION}-config"}
    if NAMED != VERSION:
        links.update({f"python{VERSION}": f"python{NAMED}",
                      f"python{VERSION}-config": f"python{NAMED}-config"})
    for name, to in links.items():
        equal(os.readlink(f"{TREE}/bin/{name}"), to)
