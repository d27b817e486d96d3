"""Opens the page of solder bench and that of two campaigns in headless Chromium, on a phone and on a
desk, in light and in dark. Prints what failed, and at the end one line with the counts.

    python3 tests/html/bench.py SOLDER [FOLDER_FOR_SCREENSHOTS]
"""

import os
import subprocess
import sys

from run import check_pages, run_checks

MAKE = os.path.join(os.path.dirname(__file__), "..", "cli", "bench-from", "make.py")
CAPTIONS = "Array.from(document.querySelectorAll('caption'), (c) => c.firstChild.textContent.trim())"
PICTURES = ("Array.from(document.querySelectorAll('svg.chart')).filter((s) =>"
            " s.getBoundingClientRect().width).map((s) => s.querySelector('title').textContent)")
VERDICTS = ("Array.from(document.querySelectorAll('div.table')[0].querySelectorAll('tbody tr'),"
            " (r) => r.cells[r.cells.length - 1].textContent)")


def campaign(folder, name, *words):
    path = os.path.join(folder, name)
    with open(path, "wb") as f:
        subprocess.run([sys.executable, MAKE, *words], stdout=f, check=True)
    return path


def page(solder, folder, name, files, code):
    """Writes the page of one or two campaigns; returns its address."""
    path = os.path.join(folder, name)
    words = [word for file in files for word in ("--from", file)]
    done = subprocess.run([solder, "bench", *words, "--html", path], stdout=subprocess.DEVNULL)
    if done.returncode != code:
        raise RuntimeError(f"solder bench ended with {done.returncode}, not {code}")
    return "file://" + path


def check_one(b, checks, url):
    b.open(url, 1280, 900, "light")
    checks.same("verdicts", b.value(VERDICTS), ["reference", "slower", "equal"])
    checks.same("pictures", b.value(PICTURES), [
        "Workloads by arm", "Workloads of shared", "Workloads of dual", "Rounds"])
    checks.same("tables", b.value(CAPTIONS), [
        "Time relative to the reference; lower is faster", "shared, every workload",
        "dual, every workload", "copy, every workload", "Left out for all arms", "What was measured",
        "Instructions: those of the reference in one loop, and ratios to it", "Not counted"])


def check_two(b, checks, url):
    b.open(url, 1280, 900, "light")
    checks.same("changes", b.value(VERDICTS), ["slower", "equal", "equal"])


def check(b, checks, folder, shots):
    solder = sys.argv[1]
    first = campaign(folder, "a.json", "1", "1.05", "", "counts")
    second = campaign(folder, "b.json", "3", "1.08")
    pages = {"one": page(solder, folder, "one.html", [first], 1),
             "two": page(solder, folder, "two.html", [first, second], 1)}
    check_pages(b, checks, pages, shots, "bench-")
    check_one(b, checks, pages["one"])
    check_two(b, checks, pages["two"])


if __name__ == "__main__":
    sys.exit(run_checks(check))
