"""Opens the pages of solder inspect and solder check in headless Chromium, on a phone and on a desk,
in light and in dark. Prints what failed, and at the end one line with the counts.

    python3 tests/html/pages.py SOLDER [FOLDER_FOR_SCREENSHOTS]
"""

import os
import subprocess
import sys

from bench import CAPTIONS, PICTURES
from run import check_pages, run_checks

LIBRARY = """int twice(int n);
int touch(int n) { return twice(n) - 3; }
int both(int n) { return touch(n) + touch(n + 1); }
"""
TERMS = "Array.from(document.querySelectorAll('.glossary > div'), (d) => d.id)"
LINKS = "document.querySelectorAll('tbody a[href^=\"#term--\"]')"
# The text that the address names is unfolded and comes into view; null if not within 10 s.
SEEN = """new Promise((keep) => {
  const look = (left) => {
    const e = document.querySelector(":target"), r = e && e.getBoundingClientRect();
    if (e && e.closest("details").open && r.top >= 0 && r.bottom <= innerHeight)
      keep(e.querySelector("dd").textContent.length > 40);
    else if (left)
      setTimeout(look, 100, left - 1);
    else
      keep(null);
  };
  look(100);
})"""


def page(solder, folder, name, *words):
    """Writes a page; returns its address."""
    path = os.path.join(folder, name + ".html")
    done = subprocess.run([os.path.abspath(solder), *words, "--html", path], cwd=folder,
                          stdout=subprocess.DEVNULL)
    if done.returncode not in (0, 1):
        raise RuntimeError(f"solder {words[0]} ended with {done.returncode}")
    return "file://" + path


def make_folder(folder):
    """Two libraries of different size, one of them with calls through the PLT."""
    place = os.path.join(folder, "libraries")
    os.mkdir(place)
    with open(os.path.join(folder, "lib.c"), "w", encoding="utf-8") as f:
        f.write(LIBRARY)
    for name, words in (("libsmall.so", ["-s"]), ("libwith.so", ["-g3"])):
        subprocess.run(["gcc", "-O2", "-fPIC", "-shared", *words, "-o", os.path.join(place, name),
                        "lib.c"], cwd=folder, check=True)
    return place


def check_inspect(b, checks, pages):
    b.open(pages["file"], 1280, 900, "light")
    checks.same("calls of a file", b.value(PICTURES), ["Calls in the code"])
    checks.same("title of a file", b.value("document.title"),
                "solder inspect: libraries/libwith.so")
    b.open(pages["folder"], 1280, 900, "light")
    checks.same("sizes in a folder", b.value(PICTURES), ["Sizes of the files"])
    checks.same("names in the picture", b.value(
        "Array.from(document.querySelectorAll('svg.chart-wide text')).map((t) => t.textContent)"
        ".filter((t) => t.startsWith('lib'))"), ["libwith.so", "libsmall.so"])
    b.open(pages["python"], 1280, 900, "light")
    checks.same("pictures of a Python", b.value(PICTURES),
                ["Calls in the code", "Sizes of the files"])
    checks.same("no name of a call is cut on a phone", b.value(
        "Array.from(document.querySelector('svg.chart-narrow').querySelectorAll('text'))"
        ".filter((t) => t.textContent.includes('…')).length"), 0)
    checks.same("no line feed as text", b.value("document.body.textContent.includes('\\\\n')"),
                False)


def check_check(b, checks, url):
    b.open(url, 1280, 900, "light")
    checks.same("the answer first", b.value(
        "/breaks|costs/.test(document.querySelector('main p').textContent)"), True)
    checks.same("findings first", b.value(CAPTIONS)[0], "Findings")
    rows = b.value("document.querySelectorAll('tbody th').length")
    checks.same("each rule leads to its text", b.value(LINKS + ".length"), rows)
    checks.same("each text once", len(set(b.value(TERMS))), len(b.value(TERMS)))
    checks.same("passes are folded", b.value("document.querySelectorAll('details[open]').length"), 0)
    b.value(f"{LINKS}[{rows - 1}].click()")
    checks.same("the link unfolds the text", b.value(SEEN, wait=True), True)


def check(b, checks, folder, shots):
    solder = sys.argv[1]
    make_folder(folder)
    pages = {"file": page(solder, folder, "file", "inspect", "libraries/libwith.so"),
             "folder": page(solder, folder, "folder", "inspect", "libraries"),
             "python": page(solder, folder, "python", "inspect", sys.executable),
             "check": page(solder, folder, "check", "check", sys.executable)}
    system = "/usr/bin/python3"
    if os.path.exists(system) and not os.path.samefile(system, sys.executable):
        pages["system"] = page(solder, folder, "system", "inspect", system)
    check_pages(b, checks, pages, shots, "page-")
    check_inspect(b, checks, pages)
    check_check(b, checks, pages["check"])


if __name__ == "__main__":
    sys.exit(run_checks(check, "gcc"))
