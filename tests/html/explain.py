"""Opens the page of solder explain, of two small programs, in headless Chromium, on a phone and on a
desk, in light and in dark. Prints what failed, and at the end one line with the counts.

    python3 tests/html/explain.py SOLDER [FOLDER_FOR_SCREENSHOTS]
"""

import os
import subprocess
import sys

from bench import CAPTIONS, PICTURES
from run import check_pages, run_checks

LIBRARY = """__thread int counter;
static int less(int n) { return n - 3; }
int touch(int n) { return counter += less(n); }
"""
PROGRAM = """int touch(int);
int main(void)
{
	int sum = 0;
	for (int i = 0; i < 1000; i++)
		sum += touch(i);
	return sum == 1;
}
"""
FIRST = "document.querySelector('main > section').firstElementChild.textContent"
# Each row of the first table, but for the sum, leads to a text.
CAUSES = ("Array.from(document.querySelector('tbody').rows).filter((r) => r.cells[0].textContent !== 'all')"
          ".map((r) => { const a = r.querySelector('th a'), e = a && document.getElementById(a.hash.slice(1));"
          " return !!e && e.querySelector('dd').textContent.length > 20; })")
# So does what functions are mostly.
MOSTLY = ("Array.from(Array.from(document.querySelectorAll('table'))"
          ".find((t) => t.caption.textContent.startsWith('Functions that weigh')).tBodies[0].rows)"
          ".map((r) => { const a = r.cells[1].querySelector('a');"
          " return !!a && !!document.getElementById(a.hash.slice(1)); })")
HEADINGS = "Array.from(document.querySelectorAll('h2'), (h) => h.textContent)"


def run(folder, *command):
    subprocess.run(command, cwd=folder, check=True, env={"PATH": os.environ["PATH"]})


def profile(folder, model):
    """A profile of the program with a library of that TLS model; returns its name."""
    place = os.path.join(folder, model)
    os.mkdir(place)
    run(folder, "gcc", "-O2", "-g", "-fPIC", "-shared", "-ftls-model=" + model, "-o",
        os.path.join(place, "libpythonx.so"), "lib.c")
    run(folder, "gcc", "-O2", "-o", os.path.join(place, "p"), "main.c", "-L" + place, "-lpythonx",
        f"-Wl,-rpath,{place},-z,now")
    run(folder, "valgrind", "-q", "--tool=callgrind", "--dump-instr=yes", "--skip-plt=no",
        f"--callgrind-out-file={model}.out", os.path.join(place, "p"))
    return model + ".out"


def page(solder, folder, name, *files):
    """Writes a page of profiles; returns its address."""
    path = os.path.join(folder, name)
    subprocess.run([os.path.abspath(solder), "explain", "--from-callgrind", *files, "--html", path],
                   cwd=folder, stdout=subprocess.DEVNULL, check=True)
    return "file://" + path


def check_pair(b, checks, url):
    b.open(url, 1280, 900, "light")
    checks.same("pictures", b.value(PICTURES), ["What B executes more than A"])
    captions = b.value(CAPTIONS)
    for caption in ("Where the difference is", "Functions that weigh most",
                    "Sites that weigh most, and how often they were executed"):
        checks.same(caption, caption in captions, True)
    checks.same("title", b.value("document.title"),
                "solder explain: initial-exec.out, global-dynamic.out")
    checks.same("the answer first", b.value(FIRST).startswith("B (global-dynamic.out) executes "), True)
    checks.same("causes lead to their text", b.value(CAUSES), [True] * b.value(CAUSES + ".length"))
    checks.same("so do those of functions", b.value(MOSTLY), [True] * b.value(MOSTLY + ".length"))
    checks.same("machine code", "Machine code: touch" in b.value(HEADINGS), True)


def check_alone(b, checks, url):
    b.open(url, 1280, 900, "light")
    checks.same("picture", b.value(PICTURES), ["What its instructions are spent on"])
    checks.same("title", b.value("document.title"), "solder explain: global-dynamic.out")
    checks.same("the answer first", " instructions have to do with how " in b.value(FIRST),
                True)
    checks.same("causes lead to their text", b.value(CAUSES), [True] * b.value(CAUSES + ".length"))
    checks.same("alone", "Where its instructions are" in b.value(CAPTIONS), True)


def check(b, checks, folder, shots):
    for name, text in (("lib.c", LIBRARY), ("main.c", PROGRAM)):
        with open(os.path.join(folder, name), "w", encoding="utf-8") as f:
            f.write(text)
    one, two = (profile(folder, model) for model in ("initial-exec", "global-dynamic"))
    pages = {"pair": page(sys.argv[1], folder, "pair.html", one, two),
             "alone": page(sys.argv[1], folder, "alone.html", two)}
    check_pages(b, checks, pages, shots, "explain-")
    check_pair(b, checks, pages["pair"])
    check_alone(b, checks, pages["alone"])


if __name__ == "__main__":
    sys.exit(run_checks(check, "valgrind", "gcc"))
