#!/usr/bin/env python3
"""Does solder bench --pool find that one host is different, and only then?

    pool.py SOLDER PYTHON FOLDER [--hosts N] [--rounds N] [--minutes N] [--filter WORDS] [--load N]
    pool.py SOLDER - FOLDER --simulate N [--hosts N]

Measures one campaign N times on this machine, one "host" after the other, into FOLDER: a Python
against itself, with the arm slowed by 2 % of --self-test. Campaigns that are there are continued. Then pools
them twice: as they are, and with the slowed arm of the last host taken for its second Python, as
if that host slowed it down by 2 %. What is pooled was measured in both cases; the arm that stands
for the other is the same file. Prints what came of it, and exits with 1 if the first pool is not
free of heterogeneity, or the second does not show it.

With --simulate nothing is measured: N pools of invented campaigns (20 workloads, 20 rounds, what the
rounds share 5 %, what one observation has of its own 1.6 %), with and without 2 % on the last host,
are counted by what is said of them.
"""

import argparse
import collections
import json
import math
import os
import random
import subprocess
import sys

from selftest import DEFAULT

SLOWED = 3  # the last of one, two, the copy, and the slowed one
COLUMNS = ('workload arm status code wall user system voluntary involuntary minor_faults '
           'major_faults max_rss steal cycles instructions branch_misses padding').split()
OPTIONS = {'measure': 'cpu', 'rounds': 20, 'layouts': 1, 'max_time': 0, 'limit': 120,
           'resamples': 1000, 'alpha': 0.05, 'margin': 0.01, 'precision': 0.005, 'gate': 0.005,
           'steal_limit': 0.05, 'foreign_limit': 0.1}


def measure(args, path, seed):
    limits = ['--max-time', str(args.minutes), '--load', str(args.load), '--precision', '0.1',
              '--duration', '30', '-o', path]
    if os.path.exists(path):
        command = ['--resume']
    else:
        command = ['one=' + args.python, 'two=' + args.python, '--self-test', '--seed', str(seed),
                   '--rounds', str(args.rounds), '--filter', args.filter]
    done = subprocess.run([args.solder, 'bench', *command, *limits], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True)
    # 2: too noisy for a verdict.
    if done.returncode not in (0, 1, 2) or not os.path.exists(path):
        sys.exit('no campaign: ' + done.stderr.strip())


def without_slowed(source, path, instead):
    """The campaign without its slowed arm, which with `instead` takes the place of the second."""
    with open(source) as f:
        c = json.load(f)
    if [a['role'] for a in c['arms']] != ['arm', 'arm', 'copy', 'slowed']:
        sys.exit("'%s' has other arms" % source)
    for r in c['rounds']:
        rows = [row for row in r['observations'] if row[1] != (1 if instead else SLOWED)]
        r['observations'] = [row[:1] + [1 if row[1] == SLOWED else row[1]] + row[2:] for row in rows]
    c['arms'] = c['arms'][:SLOWED]
    with open(path, 'w') as f:
        json.dump(c, f)


def pool(args, files):
    words = [word for file in files for word in ('--from', file)]
    done = subprocess.run([args.solder, 'bench', *words, '--pool', '--json'],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if not done.stdout.startswith('{'):
        sys.exit('no pool: ' + done.stderr.strip())
    return json.loads(done.stdout)


def tell(title, got):
    print(title)
    for arm in got['arms']:
        hosts = ', '.join('%.4f (%.4f to %.4f)' % (h['ratio'], *h['interval']) for h in arm['hosts'])
        print('  %-5s on each host %s' % (arm['name'], hosts))
        print('        pooled %.4f (%.4f to %.4f), tau %.2f %%, I² %.0f %%, Q %.2f, p %.2g: %s;'
              ' %d of %d workloads differ' % (
                  arm['ratio'], *arm['interval'], 100 * arm['tau'], 100 * arm['i2'], arm['q'],
                  arm['p'], arm['everywhere'], arm['differ'], len(arm['workloads'])))
    for host in got['hosts']:
        print('  %s: %d rounds, A/A gate %s' % (host['file'], host['result']['rounds'],
                                                host['result']['gates']['copy']['outcome']))


def invent(path, seed, ratio):
    """A campaign whose second arm takes `ratio` times as long as the first."""
    r = random.Random(seed)
    rounds = []
    for i in range(OPTIONS['rounds']):
        shared, rows = r.gauss(0, 0.05), []
        for w in range(20):
            for a, slow in enumerate([1, ratio, 1]):
                t = int(6e7 * (1 + w / 7) * slow * math.exp(shared + r.gauss(0, 0.016)))
                rows.append([w, a, 'ok', 0, t, t, 0] + [0] * 9 + [7])
        rounds.append({'layout': 0, 'hash_seed': 1, 'started': i, 'lasted': 10 ** 10, 'steal': 0,
                       'foreign': 0, 'dropped': None, 'observations': rows})
    with open(path, 'w') as f:
        json.dump({'format': 'solder bench', 'version': 1, 'suite': 'own', 'stopped': 'rounds',
                   'machine': {}, 'options': dict(OPTIONS, seed=seed), 'looks': [10, 20],
                   'columns': COLUMNS, 'rounds': rounds,
                   'arms': [{'name': name, 'role': role, 'slowdown': 0, 'sha256': digest}
                            for name, role, digest in (('one', 'arm', '1'), ('two', 'arm', '2'),
                                                       ('copy', 'copy', '1'))],
                   'workloads': [{'name': 'w%d' % w, 'kind': 'loop', 'args': [], 'loops': 1,
                                  'nominal': 0} for w in range(20)]}, f)


def simulate(args):
    said = {1: collections.Counter(), 1.02: collections.Counter()}
    for k in range(args.simulate):
        files = [os.path.join(args.folder, 'invented%d.json' % i) for i in range(args.hosts)]
        for i, file in enumerate(files):
            invent(file, 1000 * k + i, 1)
        for last in said:
            invent(files[-1], 1000 * k + args.hosts, last)
            arm = pool(args, files)['arms'][0]
            said[last][arm['everywhere']] += 1
            said[last]['p at most 5 %'] += arm['p'] <= 0.05
    for last, counts in said.items():
        print('last host %g: ' % last + ', '.join(
            '%s %d of %d' % (word, n, args.simulate) for word, n in sorted(counts.items())))
    return 0


def main():
    options = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    options.add_argument('solder')
    options.add_argument('python')
    options.add_argument('folder')
    options.add_argument('--hosts', type=int, default=3)
    options.add_argument('--rounds', type=int, default=40)
    options.add_argument('--minutes', type=int, default=6)
    options.add_argument('--filter', default=DEFAULT)
    options.add_argument('--load', type=int, default=10)
    options.add_argument('--simulate', type=int)
    args = options.parse_args()
    os.makedirs(args.folder, exist_ok=True)
    if args.simulate:
        return simulate(args)
    files = [os.path.join(args.folder, 'host%d.json' % (i + 1)) for i in range(args.hosts)]
    plain = []
    for i, file in enumerate(files):
        measure(args, file, i + 1)
        plain.append('%s-plain.json' % file[:-5])
        without_slowed(file, plain[-1], False)
    slowed = plain[:-1] + ['%s-slowed.json' % files[-1][:-5]]
    without_slowed(files[-1], slowed[-1], True)
    before, after = pool(args, plain), pool(args, slowed)
    tell('as measured', before)
    tell('with "two" slowed by 2 % on the last host', after)
    two = [p['arms'][0]['p'] <= p['alpha'] for p in (before, after)]
    print('heterogeneity: %s without the slowdown, %s with it' % tuple(
        'found' if x else 'not found' for x in two))
    return int(two != [False, True])


if __name__ == '__main__':
    sys.exit(main())
