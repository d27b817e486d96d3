"""The commands that are killed and failed, each with the folder that it begins with.

A scenario is run in FOLDER/case, always at the same path, so that all its runs give the same.
"""

import os
import re
import shutil
import subprocess
import sys
import sysconfig

HERE = os.path.dirname(os.path.abspath(__file__))
REPO = os.path.dirname(os.path.dirname(HERE))
PYTHON = "/usr/bin/python3"


class Scenario:
    """args: of solder, with {case} and {world}. whole: patterns of the paths (from the case) that
    are seen as a whole: as before, as afterwards, or, if they were not there, not at all. own:
    those of them whose content no two runs have in common. again: the arguments of the next run,
    if they are others."""

    def __init__(self, name, args, begin, whole, own=(), again=None, publishes=True, codes=(0,),
                 why_not=None):
        self.name, self.args, self.begin, self.again = name, args, begin, again
        self.whole = re.compile("|".join(f"(?:{w})" for w in whole))
        self.own = re.compile("|".join([r"cache/logs/.*", r".*/took", *own]))
        self.publishes, self.codes, self.why_not = publishes, codes, why_not
        self.vary = set()


CACHE = [r"cache/store/[^/]+/tree", r"cache/sources/[0-9a-f]{64}/[^/]+"]
TREE = [r"dist/python", *CACHE]
ARCHIVES = [r"mirror/[^./][^/]*"]
# While archives are replaced, these tell of fewer.
LISTS = ("mirror/SHA256SUMS", "mirror/downloads.json")


def copy(case, *pairs):
    for source, target in pairs:
        target = os.path.join(case, target)
        os.makedirs(os.path.dirname(target), exist_ok=True)
        subprocess.run(["cp", "-a", source, target], check=True)


class World:
    def __init__(self, solder, folder):
        self.solder, self.folder = solder, folder
        self.case = os.path.join(folder, "case")
        self.mark = f"86400.0{os.getpid()}"
        subprocess.run(["sh", os.path.join(HERE, "world.sh"), folder, self.mark], check=True)
        for name in ("rules", "requests"):
            open(os.path.join(folder, name), "w").close()
        port = os.path.join(folder, "port")
        self.server = subprocess.Popen(
            [sys.executable, os.path.join(REPO, "tests/broken/server.py"), folder + "/www",
             folder + "/rules", folder + "/requests", port])
        while not os.path.exists(port):
            if self.server.poll() is not None:
                sys.exit("the server does not start")
        with open(port) as f:
            self.mirror = f"http://127.0.0.1:{f.read()}"
        self.environment = {
            "PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C.UTF-8",
            "HOME": self.case + "/home", "TMPDIR": self.case + "/tmp",
            # leaks cannot be looked for under ptrace
            "ASAN_OPTIONS": "detect_leaks=0",
            **{f"SOLDER_{n.upper()}": f"{REPO}/{n}"
               for n in ("recipes", "workloads", "wheels", "probes")}}
        self.warm()

    def path(self, *parts):
        return os.path.join(self.folder, *parts)

    def fill(self, text):
        return text.format(case=self.case, world=self.folder, mirror=self.mirror)

    def command(self, args):
        return [self.solder] + [self.fill(a) for a in args]

    def run(self, args, prefix=(), timeout=120):
        return subprocess.run(
            [*prefix, *self.command(args)], env=self.environment, cwd=self.folder, text=True,
            errors="replace", stdin=subprocess.DEVNULL, capture_output=True, timeout=timeout)

    def make(self, *args):
        r = self.run(args)
        if r.returncode:
            sys.exit(f"solder {' '.join(args)}: {r.stderr}")

    def fresh(self):
        """An empty case."""
        subprocess.run(["rm", "-rf", self.case], check=True)
        for name in ("home", "tmp", "dist"):
            os.makedirs(os.path.join(self.case, name))

    def begin(self, scenario):
        self.fresh()
        for source, target in scenario.begin:
            copy(self.case, (self.path(source), target))

    def warm(self):
        """Caches, trees and mirrors that scenarios begin with, made at the case's own path."""
        self.fresh()
        os.makedirs(self.path("had"))
        keep = self.path("had", "")
        self.make(*BUILD)
        copy(keep, (self.case + "/cache", "cache"), (self.case + "/dist/python", "static"))
        self.make(*PACK)
        copy(keep, (self.case + "/mirror", "mirror"))
        self.make(*BUILD, "--link", "shared")
        copy(keep, (self.case + "/dist/python", "shared"))
        self.make(*PACK)
        copy(keep, (self.case + "/mirror", "other"))
        make = os.path.join(REPO, "tests/cli/bench-from/make.py")
        for n in "12":
            with open(keep + f"campaign{n}.json", "w") as f:
                subprocess.run([sys.executable, make, n], stdout=f, check=True)
        os.makedirs(keep + "workloads")
        with open(keep + "workloads/index.json", "w") as f:
            f.write('[{"name": "x", "kind": "startup", "loops": 1, "args": ["-c", "pass"]}]')
        os.makedirs(keep + "archives")
        for name in os.listdir(keep + "mirror"):
            if name.endswith("install_only.tar.gz"):
                shutil.copy(keep + "mirror/" + name, keep + "archives/a.tar.gz")
        with open(keep + "archives/SHA256SUMS", "w") as f:
            subprocess.run(["sha256sum", "a.tar.gz"], cwd=keep + "archives", stdout=f, check=True)
        self.why_no_wheels = self.make_wheel(keep)

    def make_wheel(self, keep):
        include = self.run_python("import sysconfig; print(sysconfig.get_path('include'))")
        if not os.path.exists(os.path.join(include, "Python.h")):
            return "there is no Python.h"
        if not self.run_python("import pip; print(1)"):
            return f"{PYTHON} has no pip"
        os.makedirs(keep + "wheels")
        with open(keep + "good.c", "w") as f:
            f.write('#include <Python.h>\nstatic struct PyModuleDef d = {PyModuleDef_HEAD_INIT, '
                    '"good", NULL, -1, NULL};\nPyMODINIT_FUNC PyInit_good(void)'
                    '{ return PyModule_Create(&d); }\n')
        subprocess.run(["cc", "-shared", "-fPIC", "-w", "-I" + include, "-o", keep + "good.so",
                        keep + "good.c"], check=True)
        subprocess.run([PYTHON, os.path.join(REPO, "tests/lib/wheel.py"), "make", keep + "wheels",
                        "good", "py3-none-any", keep + "good.so"], check=True)
        return None

    def run_python(self, program):
        r = subprocess.run([PYTHON, "-c", program], env=self.environment, text=True,
                           capture_output=True)
        return r.stdout.strip()

    def end(self):
        self.server.kill()
        self.server.wait()


BUILD = ["build", "--recipes", "{world}/recipes", "--cache", "{case}/cache", "--sources", "debian",
         "--mirror", "{mirror}", "--sandbox", "none", "-q", "-o", "{case}/dist/python"]
PACK = ["pack", "{case}/dist/python", "-o", "{case}/mirror", "--cache", "{case}/cache",
        "--level", "1"]
BENCH = ["bench", "--workloads", "{world}/had/workloads", "--rounds", "10", "--seed", "1",
         "--load", "100", "-o", "{case}/c.json"]
RESUME = [*BENCH[:3], "--resume", "-o", "{case}/c.json"]
PYTHONS = [PYTHON, "b=" + PYTHON]
SOURCES, WARM = ("had/cache/sources", "cache/sources"), ("had/cache", "cache")
STATIC, SHARED = ("had/static", "dist/python"), ("had/shared", "dist/python")


def scenarios(world):
    boxed = [*BUILD[:-4], "bwrap", *BUILD[-3:]]
    no_box = subprocess.run(
        ["bwrap", "--ro-bind", "/", "/", "--unshare-net", "--unshare-pid", "true"],
        capture_output=True).returncode if shutil.which("bwrap") else 1
    return [
        Scenario("cold", BUILD, [], TREE, publishes=False),
        Scenario("boxed", boxed, [SOURCES], TREE, publishes=False,
                 why_not="bubblewrap is not installed or not permitted" if no_box else None),
        Scenario("new", BUILD, [WARM], TREE),
        Scenario("relink", [*BUILD, "--link", "shared"], [WARM, STATIC], TREE),
        Scenario("again", BUILD, [WARM, STATIC], TREE),
        Scenario("fetch", ["fetch", *BUILD[1:9], "-q"], [], CACHE),
        Scenario("pack", PACK, [WARM, STATIC], ARCHIVES),
        Scenario("pack-same", PACK, [WARM, STATIC, ("had/mirror", "mirror")], ARCHIVES),
        Scenario("pack-other", PACK, [WARM, STATIC, ("had/other", "mirror")], ARCHIVES),
        Scenario("index", ["pack", "--index", "{case}/mirror"], [("had/mirror", "mirror")],
                 ARCHIVES),
        Scenario("unpack", ["unpack", "{world}/had/archives/a.tar.gz", "{case}/unpacked"], [],
                 ["unpacked"]),
        Scenario("page", ["bench", "--from", "{world}/had/campaign1.json", "--html",
                          "{case}/page.html"], [], [r"page\.html"], codes=(1,)),
        Scenario("wheels", ["check", "--wheels", "{world}/had/wheels", "--wheels-state",
                            "{case}/state", "--against", PYTHON, "--json", PYTHON], [],
                 [r"state/results/.*\.json"], own=["state/results/.*"], publishes=False,
                 codes=(0, 1),
                 why_not=world.why_no_wheels),
        Scenario("bench", [*BENCH, *PYTHONS], [], [r"c\.json"], own=[r"c\.json"],
                 again=lambda: RESUME if os.path.exists(world.case + "/c.json") else None,
                 publishes=False, codes=(0, 1, 2)),
    ]
