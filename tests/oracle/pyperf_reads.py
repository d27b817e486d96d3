#!/usr/bin/env python3
"""Does the real pyperf read what solder writes for it, and agree about the numbers?

    pyperf_reads.py DUMPER

DUMPER is the program built from stats_dump.c. Installs pyperf from PyPI into a scratch environment;
where that cannot be had, says so and counts as skipped. Prints the differences, and at the end
"N passed, N failed".
"""

import json
import math
import os
import random
import re
import statistics
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
import stats  # noqa: E402

MEANS = """
import json, sys, pyperf
suites = [pyperf.BenchmarkSuite.load(path) for path in sys.argv[1:]]
print(json.dumps([{b.get_name(): [b.mean(), b.median(), b.get_nvalue(), b.get_loops()]
                   for b in suite.get_benchmarks()} for suite in suites]))
"""


def install(folder):
    """The interpreter of an environment that has pyperf, or why there is none."""
    python = os.path.join(folder, 'bin', 'python')
    for command in ([sys.executable, '-m', 'venv', folder],
                    [python, '-m', 'pip', 'install', '-q', '--retries', '1', 'pyperf']):
        done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        if done.returncode:
            return None, (done.stderr.strip().splitlines() or ['no reason given'])[-1]
    return python, None


def campaign():
    """Three arms that differ clearly, one dropped round, one workload that failed once."""
    r = random.Random(3)
    file = {'roles': 0}
    while 'workloads' not in file or len(file['workloads']) < 5 or len(file['rounds']) < 8:
        file = stats.make_campaign(r)
    ratios = [1.0, 1.08, 0.93]
    file['arms'] = [{'name': n, 'role': 'arm', 'slowdown': 0} for n in ('base', 'slow', 'fast')]
    file['options']['measure'] = 'cpu'
    for i, w in enumerate(file['workloads']):
        w['loops'] = 10 + i
    for i, played in enumerate(file['rounds']):
        played['dropped'] = 'steal' if i == 2 else None
        played['observations'] = []
        for w in range(len(file['workloads'])):
            for a in range(3):
                t = int(2e8 * ratios[a] * (1 + w) * math.exp(r.gauss(0, 0.01)))
                status = 'exit' if (w, a, i) == (1, 2, 4) else 'ok'
                played['observations'].append([w, a, status, 0, t, t - 1000, 1000] + [0] * 10)
    return file


def expected(file, arm):
    """Name to mean, median, number of values, loops."""
    out = {}
    for w, workload in enumerate(file['workloads']):
        if w == 1:
            continue
        values = [(row[5] + row[6]) / 1e9 / workload['loops'] for r in file['rounds']
                  if not r['dropped'] for row in r['observations'] if row[:2] == [w, arm]]
        out[workload['name']] = [statistics.fmean(values), statistics.median(values),
                                 len(values), workload['loops']]
    return out


def main():
    with tempfile.TemporaryDirectory() as folder:
        python, reason = install(os.path.join(folder, 'venv'))
        if not python:
            print('skipped: pyperf cannot be installed: ' + reason)
            print('0 passed, 0 failed, 1 skipped')
            return 0
        file = campaign()
        path = os.path.join(folder, 'campaign.json')
        with open(path, 'w') as f:
            json.dump(file, f)
        subprocess.run([sys.argv[1], '--pyperf', path, folder], check=True)
        paths = [os.path.join(folder, name + '.json') for name in ('base', 'slow', 'fast')]
        text = subprocess.run([python, '-c', MEANS] + paths, check=True, stdout=subprocess.PIPE)
        got = json.loads(text.stdout)
        bad = [stats.same(got[a], expected(file, a), paths[a]) for a in range(3)]
        for a, word in ((1, 'slower'), (2, 'faster')):
            done = subprocess.run([python, '-m', 'pyperf', 'compare_to', paths[0], paths[a]],
                                  stdout=subprocess.PIPE, text=True, check=True)
            logs = [math.log(expected(file, a)[n][0] / expected(file, 0)[n][0])
                    for n in expected(file, 0)]
            want = '%.2fx %s' % (math.exp(abs(statistics.fmean(logs))), word)
            said = re.search(r'Geometric mean: (.*)', done.stdout)
            ok = said and said[1] == want
            bad.append(None if ok else 'compare_to: wanted %r in:\n%s' % (want, done.stdout))
    for line in filter(None, bad):
        print(line)
    failed = sum(bool(x) for x in bad)
    print('%d passed, %d failed' % (len(bad) - failed, failed))
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
