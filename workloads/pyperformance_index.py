"""Prints the benchmarks of a pyperformance as an index of workloads, one for each of their results:

    python3 pyperformance_index.py FOLDER [PACKAGES [LIKE]]

FOLDER is what `pip install --target FOLDER pyperformance` made, or a checkout with pyperf beside it;
files are named relative to it. Each benchmark of its manifest is started once with a pyperf that runs
nothing, to learn the names of its results; one that is not the first of its file is chosen by pyperf's
--worker-task.

With PACKAGES, a folder for this kind of Python, benchmarks that need packages are listed too. What each
needs is installed into PACKAGES/bm_NAME, unless it is there already, with the pip in FOLDER and in the
versions that LIKE has, the same folder of another kind. An entry without a file has the reason why the
benchmark cannot be run. Where packages have to be compiled, one after the other may take its time:
after 45 minutes no more are begun, and the rest is left for the next time.
"""

import ast
import concurrent.futures
import importlib.metadata
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time

BENCHMARKS = os.path.join("pyperformance", "data-files", "benchmarks")
INSTALL_SECONDS, LIST_SECONDS = 600, 120
ALL_SECONDS = 2700  # for installing; who runs this program waits an hour
STARTED = time.monotonic()
SETUPTOOLS = "setuptools==80.9.0"

# Takes the place of a benchmark's runner: notes the names of results.
LIST = """
import json, os, sys
import pyperf
names = []
def note(self, name, *args, **kwargs):
    names.append(name)
for method in ("bench_func", "bench_time_func", "bench_async_func", "bench_command", "timeit"):
    setattr(pyperf.Runner, method, note)
sys.argv = sys.argv[1:]
__file__ = sys.argv[0]
sys.path[0] = os.path.dirname(__file__)
with open(__file__) as f:
    code = compile(f.read(), __file__, "exec")
exec(code)
print("\\nnames " + json.dumps(names))
"""


class Unusable(Exception):
    """Why a benchmark cannot be run."""


def read(path):
    try:
        with open(path, encoding="utf-8") as f:
            return f.read()
    except FileNotFoundError:
        return ""


def texts(toml, key):
    """A list of plain texts, which TOML and Python write in the same way."""
    found = re.search(r"^%s\s*=\s*(\[[^\]]*\])" % key, toml, re.MULTILINE)
    return [str(word) for word in ast.literal_eval(found.group(1))] if found else []


def manifest(root):
    """Pairs of a name and of the benchmark that it is a variant of."""
    within = False
    for line in read(os.path.join(root, "MANIFEST")).splitlines():
        if line.startswith("["):
            within = line.strip() == "[benchmarks]"
        words = line.split()
        if not within or len(words) != 2 or not words[1].startswith("<local"):
            continue
        yield words[0], words[1][1:-1].partition(":")[2] or words[0]


def requirements(folder, toml):
    """What has to be installed, pyperf apart: in the version that is given, if one is."""
    wanted = {}
    locked = read(os.path.join(folder, "requirements.txt"))
    for line in locked.splitlines() if locked else texts(toml, "dependencies"):
        line = line.split("#")[0].strip()
        name = re.match(r"[\w.-]*", line).group().lower().replace("_", "-")
        if name and name != "pyperf":
            wanted[name] = line
    vendored = os.path.join(folder, "vendor")  # what newer Pythons do not bring any more
    return list(wanted.values()) + ([vendored] if os.path.isdir(vendored) else [])


def last_line(text):
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    errors = [line for line in lines if re.match(r"(ERROR|error|\w*Error): ", line)]
    return (errors or lines or ["no message"])[-1][:300]


def run(words, environment, seconds):
    # pip's own children, compilers among them, hold its output: they have to end with it.
    with subprocess.Popen([sys.executable, *words], env={**os.environ, **environment}, text=True,
                          errors="replace", stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, start_new_session=True) as child:
        try:
            output, errors = child.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            raise Unusable(f"no end within {seconds:.0f} s") from None
    if child.returncode:
        raise Unusable(last_line(errors or output))
    return output


def versions_in(place):
    """NAME==VERSION of each package in a folder."""
    found = importlib.metadata.distributions(path=[place]) if place else []
    return sorted(f"{d.metadata['Name'].lower().replace('_', '-')}=={d.version}" for d in found)


def provide_distutils(place):
    """Some packages import distutils, which Python has no more and pyperformance's own environments
    have from setuptools."""
    if sys.version_info >= (3, 12) and os.path.isdir(os.path.join(place, "setuptools", "_distutils")):
        os.symlink(os.path.join("setuptools", "_distutils"), os.path.join(place, "distutils"))


def install(suite, wanted, place, like):
    """Makes the folder `place`, whole or not at all."""
    left = min(INSTALL_SECONDS, STARTED + ALL_SECONDS - time.monotonic())
    if left <= 0:
        raise Unusable("others took all the time there is; the next campaign goes on with these")
    part = f"{place}.{os.getpid()}.part"
    shutil.rmtree(part, ignore_errors=True)
    os.makedirs(part)
    fixed = os.path.join(part, "versions")
    with open(fixed, "w", encoding="utf-8") as f:
        f.write("".join(line + "\n" for line in versions_in(like)))
    try:
        run([os.path.join(suite, "pip"), "install", "--quiet", "--disable-pip-version-check",
             "--no-compile", "--no-warn-conflicts", "--constraint", fixed, "--target", part, *wanted, SETUPTOOLS],
            {"PYTHONPATH": "", "PIP_ROOT_USER_ACTION": "ignore"}, left)
        provide_distutils(part)
        os.rename(part, place)
    except OSError:
        if not os.path.isdir(place):  # otherwise another campaign was faster
            raise
    finally:
        shutil.rmtree(part, ignore_errors=True)


def results(suite, script, words, place):
    """The names of what a benchmark measures, in its order."""
    said = run(["-c", LIST, os.path.join(suite, script), "--worker", "--loops=1", "--values=1",
                "--warmups=0", *words],
               {"PYTHONPATH": os.pathsep.join([suite] + ([place] if place else [])),
                "PYTHONDONTWRITEBYTECODE": "1"}, LIST_SECONDS)
    found = [line[6:] for line in said.splitlines() if line.startswith("names ")]
    if not found or not json.loads(found[-1]):
        raise Unusable("it measures nothing")
    return json.loads(found[-1])


class Benchmark:
    """A folder of the suite."""

    def __init__(self, suite, base, packages, like):
        self.suite, self.folder = suite, os.path.join(BENCHMARKS, "bm_" + base)
        self.script = os.path.join(self.folder, "run_benchmark.py")
        self.toml = read(os.path.join(suite, self.folder, "pyproject.toml"))
        self.wanted = requirements(os.path.join(suite, self.folder), self.toml)
        self.usable = os.path.exists(os.path.join(suite, self.script)) and \
            (packages is not None or not self.wanted)
        self.place = self.why = None
        if self.usable and self.wanted:
            self.place = os.path.join(packages, "bm_" + base)
            try:
                if not os.path.isdir(self.place):
                    install(suite, self.wanted, self.place, like and os.path.join(like, "bm_" + base))
            except (Unusable, OSError) as problem:
                self.why = f"its packages cannot be installed: {problem}"

    def entries(self, name):
        """The workloads of one line of the manifest."""
        own = self.toml
        if "bm_" + name != os.path.basename(self.folder):
            own = read(os.path.join(self.suite, self.folder, f"bm_{name}.toml"))
        words = texts(own, "extra_opts")
        entry = {"name": name, "kind": "pyperformance", "loops": 1}
        if self.why:
            return [{**entry, "why": self.why}]
        try:
            names = results(self.suite, self.script, words, self.place)
        except (Unusable, OSError, ValueError) as problem:
            return [{**entry, "why": str(problem)}]
        return [{**entry, "name": result, "file": self.script,
                 "args": ([f"--worker-task={i}"] if i else []) + words,
                 "packages": " ".join(versions_in(self.place))} for i, result in enumerate(names)]


def main():
    suite = sys.argv[1]
    packages, like = (sys.argv[2:] + [None, None])[:2]
    lines = list(manifest(os.path.join(suite, BENCHMARKS)))
    bases = sorted({base for _, base in lines})
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        made = pool.map(lambda base: Benchmark(suite, base, packages, like), bases)
        known = dict(zip(bases, made))
        found = pool.map(lambda line: known[line[1]].entries(line[0]),
                         [line for line in lines if known[line[1]].usable])
        json.dump([entry for entries in found for entry in entries], sys.stdout)


if __name__ == "__main__":
    main()
