"""Opens pages of solder bench, with one, two and twelve arms, of two campaigns and of three hosts, in
headless Chromium, on a phone and on a desk, in light and in dark. Prints what failed, and at the end one line with the counts.

    python3 tests/html/bench.py SOLDER [FOLDER_FOR_SCREENSHOTS]
"""

import json
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


def reshaped(folder, name, campaign_file, arms, times):
    """The campaign with the arms of these indices, in that order, and `times` its workloads."""
    with open(campaign_file, encoding="utf-8") as f:
        c = json.load(f)
    c.pop("counts", None)
    n = len(c["workloads"])
    for r in c["rounds"]:
        r["observations"] = [
            [row[0] + n * k, new] + row[2:] for k in range(times)
            for new, old in enumerate(arms) for row in r["observations"] if row[1] == old]
    c["workloads"] = [{**w, "name": w["name"] + ("" if k == 0 else f"_{k}")}
                      for k in range(times) for w in c["workloads"]]
    c["arms"] = [{**c["arms"][old], "name": c["arms"][old]["name"]
                  + (f"-{new}" if old in arms[:new] else "")} for new, old in enumerate(arms)]
    path = os.path.join(folder, name)
    with open(path, "w", encoding="utf-8") as f:
        json.dump(c, f)
    return path


def host(folder, name, *words):
    """A campaign that says which files its arms are, as one must that is pooled."""
    path = campaign(folder, name, *words)
    with open(path, encoding="utf-8") as f:
        c = json.load(f)
    c["machine"]["solder"] = "1"
    for a in c["arms"]:
        a["sha256"] = a["link"] * 8
    with open(path, "w", encoding="utf-8") as f:
        json.dump(c, f)
    return path


def page(solder, folder, name, files, code, *more):
    """Writes the page of one or more campaigns; returns its address."""
    path = os.path.join(folder, name)
    words = [word for file in files for word in ("--from", file)] + list(more)
    done = subprocess.run([solder, "bench", *words, "--html", path], stdout=subprocess.DEVNULL)
    if done.returncode != code:
        raise RuntimeError(f"solder bench ended with {done.returncode}, not {code}")
    return "file://" + path


def marks(shape):
    """How many of a shape the picture of all arms has."""
    return f"document.querySelector('svg.chart-wide').querySelectorAll('{shape}.shape').length"


def begins(b, checks, name, url, title, answer):
    """The page says what was compared, and the answer, before anything else."""
    b.open(url, 1280, 900, "light")
    checks.same(name + ": title", b.value("[document.title, document.querySelector('h1').textContent]"),
                [title, title])
    checks.same(name + ": the answer first", b.value(
        "document.querySelector('main > section').firstElementChild.textContent").startswith(answer),
        True)


def check_first(b, checks, url):
    begins(b, checks, "two arms", url, "solder bench: static, shared, dual",
           "shared is 5.1 % slower than static (")
    checks.same("points of few workloads", [b.value(marks(s)) for s in ("circle", "path")], [15, 0])
    checks.same("one unit in the picture of ratios", b.value(
        "Array.from(document.querySelectorAll('svg.chart-wide')).slice(0, 3).every((s) =>"
        " Array.from(s.querySelectorAll('.tick, .end')).every((t) => / %|\\)$|←/.test(t.textContent)))"),
        True)
    checks.same("verdicts", b.value(VERDICTS), ["reference", "slower", "equal"])
    checks.same("pictures", b.value(PICTURES), [
        "Workloads by arm", "Workloads of shared", "Workloads of dual", "Rounds"])
    checks.same("tables", b.value(CAPTIONS), [
        "Time relative to the reference; lower is faster", "shared, every workload",
        "dual, every workload", "copy, every workload", "Left out for all arms", "Instructions: those of the reference in one loop, and ratios to it", "Not counted",
        "What was measured"])


def check_two(b, checks, url):
    begins(b, checks, "campaigns", url, "solder bench: b.json against a.json",
           "shared is 2.8 % slower in b.json than in a.json (")
    checks.same("forests", b.value(PICTURES), ["Change of shared", "Change of dual"])
    checks.same("changes", b.value(VERDICTS), ["slower", "equal", "equal"])


def check_pool(b, checks, url):
    begins(b, checks, "hosts", url, "solder bench: h1.json, h2.json, h3.json, pooled",
           "shared does not take the same time relative to static everywhere: 1.0")
    checks.same("hosts' forests", b.value(PICTURES), ["shared on each host", "dual on each host"])
    checks.same("everywhere", b.value(VERDICTS), ["not the same", "the same", "the same"])


def check(b, checks, folder, shots):
    solder = sys.argv[1]
    first = campaign(folder, "a.json", "1", "1.05", "", "counts")
    second = campaign(folder, "b.json", "3", "1.08")
    # 0 is the reference, 3 its copy.
    single = reshaped(folder, "single.json", first, [0, 1, 3], 1)
    many = reshaped(folder, "many.json", first, [0] + [1, 2] * 5 + [1, 3], 4)
    hosts = [host(folder, f"h{i}.json", str(i), "1.08" if i == 3 else "1.05") for i in (1, 2, 3)]
    pages = {"arms": page(solder, folder, "arms.html", [first], 1),
             "single": page(solder, folder, "single.html", [single], 1),
             "many": page(solder, folder, "many.html", [many], 1),
             "campaigns": page(solder, folder, "campaigns.html", [first, second], 1),
             "hosts": page(solder, folder, "hosts.html", hosts, 1, "--pool")}
    check_pages(b, checks, pages, shots, "bench-")
    check_first(b, checks, pages["arms"])
    check_two(b, checks, pages["campaigns"])
    check_pool(b, checks, pages["hosts"])
    begins(b, checks, "one arm", pages["single"], "solder bench: static, shared",
           "shared is 5.0 % slower than static (")
    begins(b, checks, "twelve arms", pages["many"],
           "solder bench: static, shared, dual, " + ", ".join(
               f"{'shared' if i % 2 else 'dual'}-{i}" for i in range(3, 12)), "shared is ")
    checks.same("violins of many workloads", [b.value(marks(s)) for s in ("circle", "path")], [0, 12])


if __name__ == "__main__":
    sys.exit(run_checks(check))
