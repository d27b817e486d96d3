"""Runs tests with pytest in the interpreter that is being checked.

    python -I -S -B -X faulthandler tests.py SITE RESULT tests FOLDER [TEST...]

SITE is a folder of installed packages, the only one besides the standard library; FOLDER holds the
tests. Each line of RESULT is a JSON object: {"failed": TEST}, and at the end {"passed": N, "failed":
N, "skipped": N}. A last line {"begin": TEST} instead is where the process died.
"""

import json
import os
import site
import sys


class Outcomes:
    """A plugin of pytest."""

    def __init__(self, out):
        self.out = out
        self.counts = {"passed": 0, "failed": 0, "skipped": 0}
        self.failed = set()
        self.at = 0

    def write(self, line):
        self.out.seek(self.at)
        self.out.write(json.dumps(line) + "\n")
        self.out.truncate()
        self.out.flush()

    def add(self, name, outcome):
        if outcome != "failed" or name not in self.failed:
            self.counts[outcome] += 1
        if outcome == "failed" and name not in self.failed:
            self.failed.add(name)
            self.write({"failed": name})
            self.at = self.out.tell()

    def pytest_runtest_logstart(self, nodeid):
        self.write({"begin": nodeid})

    def pytest_runtest_logreport(self, report):
        if report.when == "call" or report.outcome != "passed":
            self.add(report.nodeid, report.outcome)

    def pytest_collectreport(self, report):
        if report.failed:
            self.add(report.nodeid, "failed")


def main():
    packages, result, _, folder, *names = sys.argv[1:]
    site.addsitedir(packages)
    import pytest

    os.chdir(folder)
    with open(result, "w", encoding="ascii") as out:
        outcomes = Outcomes(out)
        pytest.main(["-q", "-p", "no:cacheprovider", "-o", "addopts=",
                     "--continue-on-collection-errors", "--rootdir", folder, *(names or [folder])],
                    plugins=[outcomes])
        outcomes.write(outcomes.counts)


main()
