"""Text of strangers on its way to a terminal, through the real program.

    terminal.py SOLDER [PATTERN]                only the ways whose name contains PATTERN

Every way of WAYS is a command that shows something hostile: a name, a message, a field of a file.
It runs with pipes and on a terminal. What arrives may hold printable characters, line feeds and
solder's own colours, and no line may begin as the stranger wanted. A way whose text does not
arrive at all proves nothing, and fails.
"""
import atexit
import glob
import hashlib
import io
import json
import os
import pty
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import unicodedata

solder = os.path.abspath(sys.argv[1])
pattern = sys.argv[2] if len(sys.argv) > 2 else ""
repo = os.path.abspath(f"{os.path.dirname(__file__)}/../..")
scratch = tempfile.mkdtemp(prefix="solder-terminal.", dir="/var/tmp")
atexit.register(shutil.rmtree, scratch)
os.chdir(scratch)
ENVIRONMENT = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": scratch, "LC_ALL": "C.UTF-8",
               "TERM": "xterm", "SOLDER_RECIPES": f"{repo}/recipes",
               "SOLDER_WORKLOADS": f"{repo}/workloads", "SOLDER_PROBES": f"{repo}/probes",
               "SOLDER_WHEELS": f"{repo}/wheels"}

MARK = "EVIL"
STEER = "\x1b[31m" + MARK + "\x1b]0;title\x07\x1b[2J\x9b1m\u202ertl\u2066\u2028\u200b\x7f\b\r"
LINES = "\nsolder: forged\nhint: forged\nwarning: forged\nforged"
NAME = STEER.encode() + b"\xff\x9b" + LINES.encode()     # of a file
WORD = STEER.encode() + b"\xff"                          # where no line feed can be
VALID = STEER + LINES                                    # where it must be UTF-8

OURS = re.compile(r"\x1b\[[0-9;]*m|\x1b\[1A\x1b\[2K")
FORBIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def write(path, data, mode=0o644):
    folder = os.path.dirname(path)
    if folder:
        os.makedirs(folder, exist_ok=True)
    with open(path, "wb") as f:
        f.write(data if isinstance(data, bytes) else data.encode())
    os.chmod(path, mode)


def script(path, said, code=1, to=2):
    """A program that prints the bytes and ends."""
    write(os.fsencode(path) + b".said", said)
    write(path, f'#!/bin/sh\ncat "{os.path.abspath(path)}.said" >&{to}\nexit {code}\n', 0o755)


def copy(source, path):
    os.makedirs(os.path.dirname(path) or b".", exist_ok=True)
    shutil.copy(source, path)


def shared(path, *, soname="x.so", symbol="f", extra=()):
    """A library of one function; what gcc does not take is put in afterwards."""
    with open("x.c", "w") as f:
        f.write("int placeholder_of_a_symbol_that_is_longer_than_all_the_hostile_bytes_are_together"
                "(void) { return 1; }\n")
    subprocess.run(["gcc", "-shared", "-fPIC", "-o", "x.so", "x.c",
                    "-Wl,-soname,placeholder_of_a_soname_that_is_longer_than_all_the_hostile_bytes",
                    "-Wl,-rpath,/placeholder_of_a_path_that_is_longer_than_all_the_hostile_bytes",
                    "-nostdlib", *extra], check=True)
    with open("x.so", "rb") as f:
        data = f.read()
    for what in (b"placeholder_of_a_symbol_that_is_longer_than_all_the_hostile_bytes_are_together",
                 b"placeholder_of_a_soname_that_is_longer_than_all_the_hostile_bytes",
                 b"/placeholder_of_a_path_that_is_longer_than_all_the_hostile_bytes"):
        text = WORD + b"_" * (len(what) - len(WORD))
        data = data.replace(what, text)
    write(path, data, 0o755)


def archive(path, name):
    """A static library with one member of a long name."""
    subprocess.run(["gcc", "-c", "-o", "x.o", "x.c"], check=True)
    with open("x.o", "rb") as f:
        member = f.read()
    names = name + b"/\n"
    names += b"\n" * (len(names) % 2)
    member += b"\n" * (len(member) % 2)

    def head(what, size):
        return b"%-16s%-12s%-6s%-6s%-8s%-10d`\n" % (what, b"0", b"0", b"0", b"100644", size)
    write(path, b"!<arch>\n" + head(b"//", len(names)) + names + head(b"/0", len(member)) + member)


def built(path, value):
    """A tree that says that solder built it."""
    write(f"{path}/share/solder/build.json", json.dumps({
        "series": "3.13", "distribution": {k: value for k in (
            "python", "link", "optimisation", "tls", "compiler", "sources", "sandbox")}}))
    shared(f"{path}/bin/python3.13")
    shared(f"{path}/lib/libpython3.13.so.1.0")
    archive(f"{path}/lib/libpython3.13.a", b"x.o")


def tar(path, *members):
    with tarfile.open(path, "w:gz") as t:
        for name, link in members:
            m = tarfile.TarInfo(os.fsdecode(name))
            if link is not None:
                m.type, m.linkname = tarfile.SYMTYPE, os.fsdecode(link)
            t.addfile(m, io.BytesIO(b""))


def recipes(folder, path, old, new):
    """The recipes with one file changed; its place."""
    if os.path.exists(folder):
        shutil.rmtree(folder)
    shutil.copytree(f"{repo}/recipes", folder)
    with open(f"{folder}/{path}", "rb") as f:
        text = f.read()
    assert old in text, old
    write(f"{folder}/{path}", text.replace(old, new, 1))
    return ["--recipes", folder, "--cache", "cache", "--sandbox", "none", "--offline",
            "--sources", "debian"]


def campaign(old, new):
    made = subprocess.run([sys.executable, f"{repo}/tests/cli/bench-from/make.py"], check=True,
                          capture_output=True).stdout.decode()
    assert old in made, old
    write("c.json", made.replace(old, new))
    return ["bench", "--from", "c.json"]


def python_that_says(said):
    """A script of that name that takes itself for the Python at a hostile place."""
    script("python/bin/python3", b"/" + said, 0, 1)
    return "python"


def failing_step(said):
    """Recipes whose first step prints the bytes and fails; every source is the same small one."""
    tar("source.tar.gz", (b"source/file", None))
    with open("source.tar.gz", "rb") as f:
        data = f.read()
    digest = hashlib.sha256(data).hexdigest()
    options = recipes("r", "zlib-ng/recipe.yaml", b"  # Debian's copy",
                      b'  cat "$RECIPE/said"; exit 1\n  # Debian\'s copy')
    write("r/zlib-ng/said", said)
    with open("r/sets/debian.yaml", encoding="utf-8") as f:
        lock = f.read()
    lock = re.sub("size: .*", f"size: {len(data)}", lock)
    write("r/sets/debian.yaml", re.sub("sha256: .*", f"sha256: {digest}", lock))
    for name in re.findall("path: .*/(.*)", lock):
        write(f"cache/sources/{digest}/{name}", data)
    return ["build", "--glibc", "native", "-j", "1", "-o", "out"] + options


def installation_with_pip(said):
    """A Python whose pip says the bytes and fails, and a wheel to install."""
    name = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    stdlib = os.path.dirname(os.__file__)
    copy(os.path.realpath(sys.executable), os.fsencode(f"p/bin/{name}"))
    os.symlink(name, "p/bin/python3")
    os.makedirs(f"p/lib/{name}/pip")
    for entry in os.listdir(stdlib):
        if entry not in ("site-packages", "dist-packages"):
            os.symlink(f"{stdlib}/{entry}", f"p/lib/{name}/{entry}")
    write(f"p/lib/{name}/pip/__init__.py", "")
    write(f"p/lib/{name}/pip/__main__.py", "import sys\nif sys.argv[1:] != ['--version']:\n"
          f"    sys.stdout.buffer.write(b'ERROR: ' + {said!r})\n    sys.exit(1)\n")
    os.mkdir("wheels")
    write("good.c", "void PyInit_good(void) {}\n")
    subprocess.run(["gcc", "-shared", "-fPIC", "-o", "good.so", "good.c"], check=True)
    subprocess.run([sys.executable, f"{repo}/tests/lib/wheel.py", "make", "wheels", "good",
                    "py3-none-any", "good.so"], check=True)
    return ["check", "--rule", "bind-now", "--wheels", "wheels", "--wheels-state", "state", "p"]


def gcc_that_says(what, said):
    write("fake-gcc.said", said)
    write("fake-gcc", "#!/bin/sh\ncase $1 in\n--version) echo 'gcc (Fake) 12.2.0' ;;\n"
          "-dumpmachine) echo x86_64-linux-gnu ;;\n-print-prog-name=*) echo \"${1#*=}\" ;;\n"
          "*) cat fake-gcc.said >&2; exit 1 ;;\nesac\n".replace(what, "nothing"), 0o755)
    return ["build", "--cc", os.path.abspath("fake-gcc"), "--sandbox", "none", "--cache", "cache"]


def server_that_says(reason):
    """An HTTP server that refuses everything; its address. It ends with us."""
    code = ("import os, socket, sys, threading\ns = socket.socket()\ns.bind(('127.0.0.1', 0))\n"
            "s.listen()\nprint(s.getsockname()[1], flush=True)\n"
            "threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0))).start()\n"
            "while True:\n c = s.accept()[0]\n c.recv(65536)\n c.sendall(b'HTTP/1.1 404 '"
            " + sys.argv[1].encode() + b'\\r\\nConnection: close\\r\\n\\r\\n')\n c.close()\n")
    server = subprocess.Popen([sys.executable, "-c", code, reason], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE)
    SERVERS.append(server)
    return f"http://127.0.0.1:{server.stdout.readline().decode().strip()}"


SERVERS = []
HELD = b"\x1b[31m" + MARK.encode() + b"\xe2\x80\xae"     # in a short field

WAYS = {
    # Names on the command line.
    "a command": lambda: [NAME],
    "an option": lambda: ["build", b"--" + NAME],
    "a number": lambda: ["build", "-j", NAME],
    "a choice": lambda: ["build", "--lto", NAME],
    "a package": lambda: ["build", NAME],
    "a file that is missing": lambda: ["inspect", NAME],
    "a Python that is missing": lambda: ["check", NAME],
    "a tree that is missing": lambda: ["show", NAME],
    "an archive that is missing": lambda: ["unpack", NAME, "to"],
    "a rule": lambda: ["check", "--rule", NAME, "/usr"],
    "a probe": lambda: ["check", "--probe", NAME, "/usr"],
    "a pattern": lambda: (copy("/bin/true", b"d/true"), ["inspect", "d", "--file", NAME])[1],
    "a folder of recipes": lambda: ["build", "--recipes", NAME],
    "a cache": lambda: (write("plain", ""), ["fetch", "--cache", b"plain/" + NAME])[1],
    "a compiler": lambda: ["build", "--cc", NAME],
    "arms of bench": lambda: ["bench", NAME, NAME],
    "a Python of explain": lambda: ["explain", NAME],
    "a man page": lambda: ["man", NAME],
    "a shell": lambda: ["completion", NAME],
    # Names of files, and what is in them.
    "a folder's name": lambda: (copy("/bin/true", NAME + b"/true"), ["inspect", NAME])[1],
    "a file's name in a table": lambda: (copy("/bin/true", b"d/" + NAME), ["inspect", "d"])[1],
    "a file's name in JSON": lambda: (
        copy("/bin/true", b"d/" + NAME), ["inspect", "--json", "d"])[1],
    "a damaged file's name": lambda: (
        write(b"d/" + NAME + b".so", b"\x7fELF\2\1\1" + bytes(99)), ["inspect", "d"])[1],
    "a script's interpreter": lambda: (write("s", b"#!/x" + WORD + b"\n"), ["inspect", "s"])[1],
    "a soname and a search path": lambda: (shared("l.so"), ["inspect", "l.so"])[1],
    "names of symbols": lambda: (shared("l.so"), ["inspect", "--symbols", "l.so"])[1],
    "names of symbols in JSON": lambda: (shared("l.so"), ["inspect", "--json", "l.so"])[1],
    "a static library's name": lambda: (
        shared("l.so"), archive(WORD + b".a", b"x.o"), ["inspect", WORD + b".a"])[-1],
    "a virtual environment's home": lambda: (
        write("v/pyvenv.cfg", b"home = /x" + WORD + b"\n"), copy("/bin/true", b"v/bin/python3"),
        ["inspect", "v"])[-1],
    "what a script says its Python is": lambda: ["inspect", python_that_says(WORD)],
    "the name of a Python's folder": lambda: (
        copy("/bin/true", NAME + b"/bin/python3"), ["inspect", NAME])[1],
    "what it says to check": lambda: ["check", python_that_says(WORD)],
    "build.json": lambda: (built("t", VALID), ["show", "t"])[1],
    "build.json as JSON": lambda: (built("t", VALID), ["show", "--json", "t"])[1],
    "names in a tar archive": lambda: (
        tar("a.tar.gz", (b"../" + NAME.replace(b"\xff", b""), None)),
        ["unpack", "a.tar.gz", "to"])[1],
    "links in a tar archive": lambda: (
        tar("a.tar.gz", (NAME.replace(b"\xff", b""), b"/out")),
        ["unpack", "a.tar.gz", "to"])[1],
    "the name of an archive": lambda: (write(NAME + b".tar.gz", b"x"),
                                       ["unpack", NAME + b".tar.gz", "to"])[1],
    "a list of wheels": lambda: (write("w.txt", WORD + b" x\n"),
                                 ["check", "--wheels", "w.txt", "/usr"])[1],
    "downloads.json": lambda: (
        write("m/downloads.json", json.dumps({VALID: {"name": "cpython", "url": VALID}})),
        write("m/cpython-3.13.5+20250101-x86_64-unknown-linux-gnu-install_only.tar.gz",
              b"\x1f\x8bx"),
        ["pack", "--index", "m", "--base-url", b"https://x/" + WORD])[-1],
    # Recipes.
    "a key of a recipe": lambda: ["build", "-n"] + recipes(
        "r", "bzip2/recipe.yaml", b"licence:", HELD + b":"),
    "YAML that is none": lambda: ["build", "-n"] + recipes(
        "r", "bzip2/recipe.yaml", b"tools: []", b"tools " + MARK.encode() + "\u202e [".encode()),
    "a name in a recipe": lambda: ["build", "-n"] + recipes(
        "r", "bzip2/recipe.yaml", b"name: bzip2", b'name: "' + MARK.encode() + rb'\x1b[31m\n\u202e"'),
    "the file of a source": lambda: ["build", "--glibc", "native"] + recipes(
        "r", "sets/debian.yaml", b"node-yarnpkg_4", MARK.encode() + "\u202e_4".encode()),
    "a version in a lock": lambda: ["build", "-n"] + recipes(
        "r", "sets/debian.yaml", b"zlib-ng\n    version: ",
        b'zlib-ng\n    version: "' + MARK.encode() + rb'\x1b[31m\n" #'),
    # Programs.
    "a compiler's error": lambda: gcc_that_says("nothing", NAME),
    "a compiler that cannot say its version": lambda: (
        script("fake-cc", NAME), ["build", "--cc", "./fake-cc\n" + VALID, "--sandbox", "none"])[1],
    "an address, and what a server answers": lambda: [
        "fetch", "--recipes", f"{repo}/recipes", "--cache", "cache", "--sources", "debian",
        "--mirror", server_that_says(STEER) + "/" + MARK + "\u202e"],
    "the log of a failed step": lambda: failing_step(NAME),
    "the last line of a failed step": lambda: failing_step(b"\n" + WORD),
    "pip": lambda: installation_with_pip(NAME),
    # Campaigns of others.
    "a campaign's machine": lambda: campaign('"a processor"', json.dumps(VALID)),
}


def piped(argv):
    done = subprocess.run([solder, *argv], stdin=subprocess.DEVNULL, capture_output=True,
                          env=ENVIRONMENT)
    return done.stdout + b"\0" + done.stderr, done.returncode


def on_terminal(argv):
    main, side = pty.openpty()
    child = subprocess.Popen([solder, *argv], stdin=side, stdout=side, stderr=side,
                             env=ENVIRONMENT)
    os.close(side)
    seen = b""
    while True:
        try:
            chunk = os.read(main, 65536)
        except OSError:
            break
        if not chunk:
            break
        seen += chunk
    os.close(main)
    return seen.replace(b"\r\n", b"\n"), child.wait()


def faults(output):
    try:
        text = output.decode()
    except UnicodeDecodeError as e:
        yield f"not UTF-8: {output[max(0, e.start - 20):e.start + 20]}"
        return
    for part in text.split("\0"):
        plain = OURS.sub("", part)
        for c in plain:
            if c not in "\n\t" and unicodedata.category(c) in FORBIDDEN:
                at = plain.index(c)
                yield f"{c!r} in {plain[max(0, at - 30):at + 10]!r}"
                break
        for line in plain.split("\n"):
            if re.match("(solder|hint|warning): forged|forged", line):
                yield f"the line {line!r}"
    if MARK not in text:
        yield f"the text did not arrive: {text[:300]!r}"


bad = tried = 0
for number, (name, make) in enumerate(WAYS.items()):
    if pattern not in name:
        continue
    os.mkdir(f"way{number}")
    os.chdir(f"way{number}")
    argv = make()
    for how in piped, on_terminal:
        output, code = how(argv)
        tried += 1
        found = list(faults(output))
        if code not in (0, 1, 2, 64):
            found.append(f"exit code {code}")
        for fault in found:
            print(f"{name}, {how.__name__}: {fault}")
        bad += bool(found)
    os.chdir("..")
print(f"{tried - bad} passed, {bad} failed")
sys.exit(bad > 0 or not tried)
