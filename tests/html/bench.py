"""Opens the page of solder bench and that of two campaigns in headless Chromium, on a phone and on a
desk, in light and in dark. Prints what failed, and at the end one line with the counts.

    python3 tests/html/bench.py SOLDER [FOLDER_FOR_SCREENSHOTS]
"""

import os
import shutil
import subprocess
import sys
import tempfile

from browser import Browser
from run import Checks, check_looks

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


def check_all(solder, shots, checks):
    browser = Browser(shutil.which("chromium") or shutil.which("chromium-browser"))
    try:
        with tempfile.TemporaryDirectory(prefix="solder-html-") as folder:
            first = campaign(folder, "a.json", "1", "1.05", "", "counts")
            second = campaign(folder, "b.json", "3", "1.08")
            one = page(solder, folder, "one.html", [first], 1)
            two = page(solder, folder, "two.html", [first, second], 1)
            for name, url in (("one", one), ("two", two)):
                place = os.path.join(shots, "bench-" + name) if shots else None
                if place:
                    os.makedirs(place, exist_ok=True)
                check_looks(browser, checks, url, place)
            check_one(browser, checks, one)
            check_two(browser, checks, two)
    except RuntimeError as problem:
        checks.failed += 1
        print(f"FAIL: {problem}")
    finally:
        browser.close()


def main():
    if not (shutil.which("chromium") or shutil.which("chromium-browser")):
        print("skipped: needs chromium\n0 passed, 0 failed, 1 skipped")
        return 0
    checks = Checks()
    check_all(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else None, checks)
    print(f"{checks.passed} passed, {checks.failed} failed")
    return 1 if checks.failed else 0


if __name__ == "__main__":
    sys.exit(main())
