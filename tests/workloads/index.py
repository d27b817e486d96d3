"""Whether one benchmark whose packages do not install holds up the others: makes a pyperformance with a
pip that does what its benchmark is named after, and reads the index of it.

    python3 tests/workloads/index.py
"""

import importlib.util
import io
import json
import os
import subprocess
import sys
import tempfile
import time
from contextlib import redirect_stdout

HERE = os.path.dirname(os.path.abspath(__file__))
PIP = """
import os, subprocess, sys
place, wanted = sys.argv[sys.argv.index("--target") + 1], sys.argv[-2]
if wanted == "slow":
    # As a compiler does, it has the output of pip, and pip waits for it.
    subprocess.run([sys.executable, "-c", "import time; time.sleep(300)  # " + os.path.dirname(place)])
if wanted == "odd":
    os.write(2, b"ERROR: \\xff is no text\\n")
    sys.exit(1)
"""
PYPERF = """
class Runner:
    def bench_func(self, name, *args):
        pass
"""
RUN = "import pyperf\npyperf.Runner().bench_func('works', len, ())\n"


def write(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)


def make_suite(suite, names):
    benchmarks = os.path.join(suite, "pyperformance", "data-files", "benchmarks")
    write(os.path.join(benchmarks, "MANIFEST"),
          "[benchmarks]\n\nname\tmetafile\n" + "".join(f"{name}\t<local>\n" for name in names))
    for name in names:
        folder = os.path.join(benchmarks, "bm_" + name)
        write(os.path.join(folder, "pyproject.toml"), f'[project]\ndependencies = ["pyperf", "{name}"]\n')
        write(os.path.join(folder, "run_benchmark.py"), RUN)
    write(os.path.join(suite, "pip", "__main__.py"), PIP)
    write(os.path.join(suite, "pyperf.py"), PYPERF)


def index_of(module, suite, packages):
    """What the program prints, by the names of results or of benchmarks that have none: the reason."""
    output = io.StringIO()
    sys.argv = ["index", suite, packages]
    with redirect_stdout(output):
        module.main()
    return {entry["name"]: entry.get("why") for entry in json.loads(output.getvalue())}


def main():
    spec = importlib.util.spec_from_file_location(
        "index", os.path.join(HERE, "..", "..", "workloads", "pyperformance_index.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    with tempfile.TemporaryDirectory() as root:
        suite, packages = os.path.join(root, "suite"), os.path.join(root, "packages")
        make_suite(suite, ["odd", "slow", "fine"])
        module.INSTALL_SECONDS = 3
        before = time.monotonic()
        found = index_of(module, suite, packages)
        assert time.monotonic() - before < 100, "waited for what pip had started"
        assert found == {
            "works": None,
            "slow": "its packages cannot be installed: no end within 3 s",
            "odd": "its packages cannot be installed: ERROR: \ufffd is no text"}, found
        running = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
        assert packages not in running, "what pip had started goes on"
        assert os.listdir(packages) == ["bm_fine"], os.listdir(packages)
        # No time is left: what is there is used, and the rest has a reason.
        module.ALL_SECONDS = 0
        found = index_of(module, suite, packages)
        assert found["works"] is None and "took all the time" in found["slow"], found
    print("5 passed, 0 failed")


if __name__ == "__main__":
    main()
