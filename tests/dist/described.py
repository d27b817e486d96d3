"""What describes the tree to build tools: sysconfig, its data as uv reads them, python3-config,
pkg-config, the Makefile, build-details.json. All must name existing places, and agree."""

import ast
import glob
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import sysconfig

from checks import NAMED, PYTHON, SCRATCH, STDLIB, TREE, VERSION, check, equal

VARS = sysconfig.get_config_vars()
INCLUDE = f"{TREE}/include/python{NAMED}"
LIBDIR = f"{TREE}/lib"
LIBPL = sysconfig.get_config_var("LIBPL")
CONFIG = f"{TREE}/bin/python{NAMED}-config"
LIBRARY = f"libpython{NAMED}.so"
CONFIGURED = re.compile(r"(?:^|[\s=:,;\"']|-[ILR])/install(?=[/\s:,;\"']|$)")


def output(*argv, **kwargs):
    done = subprocess.run(argv, capture_output=True, text=True, **kwargs)
    assert done.returncode == 0, (argv, done)
    return done.stdout.strip()


def below(path):
    assert os.path.realpath(path).startswith(os.path.realpath(TREE) + "/"), path
    assert os.path.exists(path), f"{path} does not exist"


@check("sysconfig: variables that are paths")
def _():
    for name in ("prefix", "exec_prefix", "base", "platbase", "installed_base"):
        equal(VARS[name], TREE, name)
    wanted = {
        "LIBDIR": LIBDIR,
        "BINDIR": f"{TREE}/bin",
        "LIBDEST": f"{LIBDIR}/{STDLIB}",
        "BINLIBDEST": f"{LIBDIR}/{STDLIB}",
        "DESTSHARED": f"{LIBDIR}/{STDLIB}/lib-dynload",
        "INCLUDEPY": INCLUDE,
        "CONFINCLUDEPY": INCLUDE,
        "LIBPC": f"{LIBDIR}/pkgconfig",
    }
    for name, path in wanted.items():
        equal(VARS[name], path, name)
        below(path)
    below(LIBPL)
    equal(os.path.dirname(LIBPL), f"{LIBDIR}/{STDLIB}", "LIBPL")


@check("sysconfig: the names of the libraries, and the libraries")
def _():
    equal(VARS["LDLIBRARY"], LIBRARY, "LDLIBRARY")
    equal(VARS["INSTSONAME"], f"{LIBRARY}.1.0", "INSTSONAME")
    equal(VARS["LIBRARY"], f"libpython{NAMED}.a", "LIBRARY")
    equal(VARS["Py_ENABLE_SHARED"], 1)
    # Extension modules take it for what they have to be linked with: nothing.
    equal(VARS["LIBPYTHON"], "", "LIBPYTHON")
    for name in (VARS["LDLIBRARY"], VARS["INSTSONAME"], VARS["LIBRARY"]):
        below(f"{LIBDIR}/{name}")
    below(f"{LIBPL}/{VARS['LIBRARY']}")


@check("sysconfig: compilers by their common names")
def _():
    for name, wanted in {"CC": "cc", "CXX": "c++", "AR": "ar", "LDSHARED": "cc", "LDCXXSHARED": "c++",
                         "BLDSHARED": "cc", "LINKCC": "cc", "MAINCC": "cc"}.items():
        value = VARS.get(name)
        if value:
            equal(value.split()[0], wanted, name)
    for name, value in VARS.items():
        if isinstance(value, str):
            words = re.findall(r"(?<![\w./-])(?:gcc|g\+\+|clang|clang\+\+|ld\.lld|lld)(?:-\d+)?(?![\w./+-])", value)
            assert not words, f"{name}={value}"


@check("sysconfig: nothing that builds differently, or only here")
def _():
    for name in ("CFLAGS", "LDFLAGS", "LDSHARED", "LIBS", "SYSLIBS", "MODLIBS", "CPPFLAGS", "CCSHARED",
                 "PY_CFLAGS", "PY_LDFLAGS", "LINKFORSHARED", "OPT", "BASECFLAGS"):
        value = str(VARS.get(name) or "")
        for flag in ("-flto", "-fprofile", "-march=", "-ffile-prefix-map", "/deps", "-l:", "--ld-path",
                     "-fdebug-prefix-map", "-fuse-ld"):
            assert flag not in value, f"{name}={value}"


@check("sysconfig: no value names the configured prefix or a folder of the build")
def _():
    for name, value in VARS.items():
        if isinstance(value, str):
            assert not CONFIGURED.search(value), f"{name}={value}"
            assert "/tmp/solder/" not in value and "/.cache/solder" not in value, f"{name}={value}"


@check("sysconfig: every absolute path below the tree exists")
def _():
    # Of the build, and what nothing is installed in.
    meaningless = {"abs_builddir", "abs_srcdir", "COVERAGE_INFO", "COVERAGE_REPORT", "INFODIR"}
    missing = []
    for name, value in VARS.items():
        if isinstance(value, str) and value.startswith(TREE) and name not in meaningless:
            if not os.path.exists(value):
                missing.append(f"{name}={value}")
    assert not missing, missing


@check("sysconfig: paths of every scheme that is in use")
def _():
    for name, path in sysconfig.get_paths().items():
        assert path.startswith(TREE), (name, path)
        assert os.path.isdir(path) or name == "data", (name, path)


@check("sysconfig: flags are words for the shell, also with a space in the path")
def _():
    for name in ("LDSHARED", "CFLAGS", "LDFLAGS", "CONFIG_ARGS", "RUNSHARED", "CONFINCLUDEDIR"):
        value = str(VARS.get(name) or "")
        if name.endswith("DIR"):
            continue
        for word in shlex.split(value):
            if TREE.split(" ")[0] in word:
                assert TREE in word, f"{name}={value}"


DATA = glob.glob(f"{LIBDIR}/{STDLIB}/_sysconfigdata_*.py")


class Reader:
    """The dict, as strictly as uv reads it."""

    def __init__(self, text):
        self.text, self.at = text, 0

    def skip(self, what=r"[ \t\n]*"):
        self.at = re.compile(what).match(self.text, self.at).end()

    def eat(self, what):
        assert self.text.startswith(what, self.at), \
            f"{what!r} expected, found {self.text[self.at:self.at + 40]!r}"
        self.at += len(what)

    def string(self):
        value = ""
        while self.text[self.at] in "'\"":
            quote = self.text[self.at]
            self.at += 1
            while (c := self.text[self.at]) != quote:
                assert c != "\n", "a string that does not end"
                if c == "\\":
                    self.at += 1
                    c = self.text[self.at]
                    assert c in "\\'\"", f"the escape \\{c}"
                value += c
                self.at += 1
            self.at += 1
            self.skip()
        return value

    def value(self):
        if self.text[self.at] in "'\"":
            return self.string()
        match = re.compile(r"-?\d+").match(self.text, self.at)
        assert match, f"not a string and not a number: {self.text[self.at:self.at + 40]!r}"
        self.at = match.end()
        number = int(match[0])
        assert -2**31 <= number < 2**31, number
        return number

    def dict(self):
        values = {}
        self.eat("{")
        self.skip()
        while self.text[self.at] != "}":
            key = self.string()
            self.eat(":")
            self.skip()
            assert key not in values, key
            values[key] = self.value()
            self.skip()
            if self.text[self.at] != "}":
                self.eat(",")
                self.skip()
        self.at += 1
        return values


@check("_sysconfigdata: as uv's reader wants it")
def _():
    equal(len(DATA), 1)
    with open(DATA[0]) as file:
        text = file.read()
    lines = text.split("\n")
    equal(lines[0], "# system configuration generated and used by the sysconfig module")
    assert lines[1].startswith("build_time_vars = {"), lines[1]
    reader = Reader(text)
    reader.at = text.index("{")
    values = reader.dict()
    equal(values, ast.literal_eval(text[text.index("{"):reader.at]))
    # uv replaces whole words only.
    equal(values["prefix"], "/install")
    equal(values["LIBDIR"], "/install/lib")
    equal(values["CC"].split()[0], "cc")


@check("_sysconfigdata: what uv leaves of it gives the same variables")
def _():
    with open(DATA[0]) as file:
        text = file.read()
    reader = Reader(text)
    reader.at = text.index("{")
    values = reader.dict()
    for name, value in values.items():
        if name in VARS and isinstance(value, str) and "/install" not in value:
            # sysconfig computes a few at run time.
            if name not in ("srcdir", "userbase", "EXT_SUFFIX", "exec_prefix"):
                equal(VARS[name], value, name)


@check("_sysconfigdata: imported by another Python, as cross-building tools do")
def _():
    done = output(PYTHON, "-ISc", "import runpy, sys; v = runpy.run_path(sys.argv[1])['build_time_vars'];"
                  "print(v['prefix'], v['LIBDIR'], v['INCLUDEPY'], sep='\\n')", DATA[0])
    equal(done.splitlines(), [TREE, LIBDIR, INCLUDE])


def words(*argv, **kwargs):
    """What a shell makes of a program's output."""
    text = output("sh", "-c", 'eval "set -- $("$@")"; for w; do printf "%s\\n" "$w"; done', "sh", *argv,
                  **kwargs)
    return text.split("\n") if text else []


def option_values(given, option):
    values = [word[2:] for word in given if word.startswith(option)]
    # pkg-config leaves "lib/pkgconfig/../.." in its paths.
    return [os.path.normpath(value) if "/" in value else value for value in values]


for title, config in {"python3-config": CONFIG, "python3-config through a link": f"{SCRATCH}/a config"}.items():
    @check(title)
    def _():
        if config != CONFIG:
            os.symlink(CONFIG, config)
        for name in ("--prefix", "--exec-prefix"):
            equal(output(config, name), TREE, name)
        equal(output(config, "--configdir"), LIBPL)
        equal(output(config, "--abiflags"), sys.abiflags)
        equal(output(config, "--extension-suffix"), VARS["EXT_SUFFIX"])
        for name in ("--includes", "--cflags"):
            given = words(config, name)
            equal(set(option_values(given, "-I")), {INCLUDE}, name)
            assert all(word.startswith("-") for word in given), given
        for embed in ([], ["--embed"]):
            libs = words(config, "--libs", *embed)
            ldflags = words(config, "--ldflags", *embed)
            for given in (libs, ldflags):
                equal(f"-lpython{NAMED}" in given, bool(embed), (given, embed))
                assert all(word.startswith("-") for word in given), given
                assert not [w for w in given if w.startswith(("-flto", "-fprofile", "-l:"))], given
            for path in option_values(ldflags, "-L"):
                below(path)
            assert LIBDIR in option_values(ldflags, "-L"), ldflags


@check("python3-config: from another folder, by PATH and as python3-config")
def _():
    env = {**os.environ, "PATH": f"{TREE}/bin:{os.environ['PATH']}"}
    for name in (f"python{VERSION}-config", "python3-config"):
        equal(output(name, "--prefix", env=env, cwd="/"), TREE)
    equal(output("./python3-config", "--prefix", cwd=f"{TREE}/bin"), TREE)
    equal(output("sh", CONFIG, "--prefix"), TREE)


@check("python3-config: below folders with backslashes, quotes and line feeds")
def _():
    for name in ("a\\nb\\", "two\nlines", "\n\n'\"$x&#\n", "ends with one\n"):
        strange = f"{SCRATCH}/{name}"
        os.makedirs(f"{strange}/bin")
        for folder in ("lib", "include"):
            os.symlink(f"{TREE}/{folder}", f"{strange}/{folder}")
        config = f"{strange}/bin/{os.path.basename(CONFIG)}"
        shutil.copy(CONFIG, config)
        done = subprocess.run([config, "--prefix"], capture_output=True, text=True, check=True)
        equal(done.stdout, strange + "\n")
        done = subprocess.run([config, "--configdir"], capture_output=True, text=True, check=True)
        equal(done.stdout, LIBPL.replace(TREE, strange) + "\n")
        given = subprocess.run(
            ["sh", "-c", 'eval "set -- $("$1" --cflags --ldflags --embed)"; printf "%s\\0" "$@"', "sh",
             config], capture_output=True, text=True, check=True).stdout.split("\0")
        assert f"-I{strange}/include/python{NAMED}" in given, given
        assert f"-L{strange}/lib" in given, given
        assert f"-lpython{NAMED}" in given, given


@check("python-config.py of the config directory")
def _():
    equal(output(PYTHON, f"{LIBPL}/python-config.py", "--prefix"), TREE)
    equal(output(PYTHON, f"{LIBPL}/python-config.py", "--extension-suffix"), VARS["EXT_SUFFIX"])


def pkg_config(*arguments):
    return words("pkg-config", *arguments, env={**os.environ, "PKG_CONFIG_PATH": f"{LIBDIR}/pkgconfig"})


@check("pkg-config: python3 and python3-embed, and the same by their full names")
def _():
    for name in ("python3", f"python-{NAMED}"):
        equal(option_values(pkg_config("--cflags", name), "-I"), [INCLUDE], name)
        assert not option_values(pkg_config("--libs", name), "-l"), name
        equal(pkg_config("--modversion", name), [VERSION])
    for name in ("python3-embed", f"python-{NAMED}-embed"):
        equal(option_values(pkg_config("--cflags", name), "-I"), [INCLUDE], name)
        libs = pkg_config("--libs", name)
        equal(option_values(libs, "-L"), [LIBDIR], name)
        equal(option_values(libs, "-l"), [f"python{NAMED}"], name)
        static = pkg_config("--static", "--libs", name)
        assert "-lm" in static, static
    for name in ("python3", "python3-embed"):
        equal(os.path.realpath(output("pkg-config", "--variable=prefix", name, env={
            **os.environ, "PKG_CONFIG_PATH": f"{LIBDIR}/pkgconfig"}).replace("\\ ", " ")), TREE)


@check("the Makefile of the config directory")
def _():
    makefile = f"{LIBPL}/Makefile"
    names = ("prefix", "exec_prefix", "LIBDIR", "INCLUDEPY", "LIBPL", "BINDIR", "LDLIBRARY")
    show = "show: ; @:" + "".join(f"$(info $({name}))" for name in names)
    for cwd, given in (("/", makefile), (TREE, os.path.relpath(makefile, TREE))):
        found = output("make", "-s", "-f", given, f"--eval={show}", "show", cwd=cwd).splitlines()
        equal(found, [TREE, TREE, LIBDIR, INCLUDE, LIBPL, f"{TREE}/bin", LIBRARY])
    with open(makefile) as file:
        text = file.read()
    assert re.search(r"^CC=\s*cc\b", text, re.M), "CC is not cc"
    # distutils and its like read it by sysconfig.
    parsed = sysconfig._parse_makefile(makefile) if hasattr(sysconfig, "_parse_makefile") else None
    if parsed:
        equal(parsed["LDLIBRARY"], LIBRARY)
    equal(os.path.realpath(sysconfig.get_makefile_filename()), os.path.realpath(makefile))


@check("build-details.json")
def _():
    path = f"{LIBDIR}/{STDLIB}/build-details.json"
    if sys.version_info < (3, 14):
        assert not os.path.exists(path)
        return
    with open(path) as file:
        details = json.load(file)
    base = os.path.normpath(os.path.join(os.path.dirname(path), details["base_prefix"]))
    equal(base, TREE, "base_prefix")

    def at(value):
        return os.path.normpath(os.path.join(base, value))

    assert os.path.samefile(at(details["base_interpreter"]), PYTHON)
    # By one of its names.
    assert os.path.samefile(at(details["libpython"]["dynamic"]), f"{LIBDIR}/{LIBRARY}.1.0")
    below(at(details["libpython"]["dynamic"]))
    if "static" in details["libpython"]:
        below(at(details["libpython"]["static"]))
    equal(at(details["c_api"]["headers"]), INCLUDE)
    below(at(details["c_api"]["pkgconfig_path"]))
    assert "/install" not in json.dumps(details)


@check("headers are there, and pyconfig.h is the interpreter's")
def _():
    for name in ("Python.h", "pyconfig.h", "patchlevel.h", "cpython/pystate.h", "internal/pycore_interp.h"):
        below(f"{INCLUDE}/{name}")
    equal(sysconfig.get_config_h_filename(), f"{INCLUDE}/pyconfig.h")
