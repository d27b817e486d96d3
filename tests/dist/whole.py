"""CPython's whole test suite on several trees: each has to fail exactly where the first one fails.

    python3 tests/dist/whole.py FOLDER PLAIN TREE... [-- flags of python -m test]

FOLDER keeps what each run said (NAME.xml, NAME.log), and what is there is used again. The network and
what takes gigabytes are left out. A test whose result differs is run again in both trees, alone, up to
three times: it counts as different if it never comes out the same.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET

TIMES = 3
FLAGS = ["-u", "all,-network,-urlfetch,-largefile,-gui,-audio,-xpickle,-tzdata"]


def interpreter(tree):
    folder = os.path.join(tree, "bin")
    return min((os.path.join(folder, n) for n in os.listdir(folder) if n.startswith("python3.")), key=len)


def run(tree, place, flags):
    """One run of the suite; the results are in PLACE.xml, if it came to an end."""
    scratch = tempfile.mkdtemp(prefix="solder-suite-")
    home = os.path.join(scratch, "home")
    os.mkdir(home)
    env = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": home, "LC_ALL": "C.UTF-8", "TERM": "xterm-256color"}
    try:
        with open(place + ".log", "w", encoding="utf-8") as log:
            subprocess.run([interpreter(tree), "-m", "test", "-W", "--timeout", "600", "--tempdir", scratch,
                            "--junit-xml", place + ".xml", *flags],
                           stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=env, cwd=scratch, check=False)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    if not os.path.exists(place + ".xml"):
        sys.exit(f"the suite of '{tree}' did not come to its end: see {place}.log")


def results(place):
    """The outcome of each case; that of a file without cases (a crash, a limit) is what the log says."""
    found = {}
    for case in ET.parse(place + ".xml").iter("testcase"):
        outcome = next((child.tag for child in case if child.tag in ("failure", "error", "skipped")), "passed")
        name = case.get("name") or "?"
        found[name] = "failed" if outcome in ("failure", "error") else outcome
    with open(place + ".log", encoding="utf-8", errors="replace") as log:
        for line in log:
            words = line.split("] ", 1)[-1].split()
            if line.lstrip().startswith(("0:", "1:")) and len(words) > 1 and words[0].startswith("test"):
                if "crashed" in words[1:4] or "timed" in words[1:4]:
                    found[words[0]] = "failed"
    return found


def file_of(case):
    """test.test_os.FileTests.test_read is of test_os; what has no dots is a file."""
    parts = case.split(".")
    return parts[1] if parts[0] == "test" and len(parts) > 1 else parts[0]


def again(tree, case, folder):
    place = os.path.join(folder, "again")
    pattern = ["-m", case] if "." in case else []
    if os.path.exists(place + ".xml"):
        os.remove(place + ".xml")
    run(tree, place, [*FLAGS, *pattern, file_of(case)])
    return results(place).get(case, "absent")


def differs(plain, tree, case, folder):
    for _ in range(TIMES):
        if again(plain, case, folder) == again(tree, case, folder):
            return False
    return True


def main():
    words, flags = sys.argv[1:], []
    if "--" in words:
        words, flags = words[:words.index("--")], words[words.index("--") + 1:]
    if len(words) < 3:
        sys.exit(__doc__)
    folder, plain, *trees = words
    os.makedirs(folder, exist_ok=True)
    found = {}
    for tree in [plain, *trees]:
        place = os.path.join(folder, os.path.basename(os.path.normpath(tree)))
        if not os.path.exists(place + ".xml"):
            print(f"# the whole suite on {tree}", flush=True)
            run(tree, place, [*FLAGS, "-j0", *flags])
        found[tree] = results(place)
    failures = [case for case, outcome in found[plain].items() if outcome == "failed"]
    print(f"# {plain}: {len(found[plain])} cases, {len(failures)} fail: {' '.join(sorted(failures))}")
    passed = failed = 0
    for tree in trees:
        cases = sorted(found[plain].keys() | found[tree].keys())
        for case in cases:
            one, other = (found[t].get(case, "absent") for t in (plain, tree))
            if one == other or not differs(plain, tree, case, folder):
                passed += 1
                if one != other:
                    print(f"note {tree}: {case}: {other}, and {one} with the plain build; not when run again")
            else:
                failed += 1
                print(f"FAIL {tree}: {case}: {other}, and {one} with the plain build")
    print(f"{passed} passed, {failed} failed")
    sys.exit(failed != 0)


if __name__ == "__main__":
    main()
