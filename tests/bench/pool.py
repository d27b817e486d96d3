#!/usr/bin/env python3
"""Does solder bench --pool find that one host is different, and only then?

    pool.py SOLDER PYTHON FOLDER [--hosts N] [--rounds N] [--minutes N] [--filter WORDS] [--load N]

Measures one campaign N times on this machine, one "host" after the other, into FOLDER: a Python
against itself, with the arm slowed by 2 % of --self-test. Campaigns that are there are continued. Then pools
them twice: as they are, and with the slowed arm of the last host taken for its second Python, as
if that host slowed it down by 2 %. What is pooled was measured in both cases; the arm that stands
for the other is the same file. Prints what came of it, and exits with 1 if the first pool is not
free of heterogeneity, or the second does not show it.
"""

import argparse
import json
import os
import subprocess
import sys

from selftest import DEFAULT

SLOWED = 3  # the last of one, two, the copy, and the slowed one


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
    args = options.parse_args()
    os.makedirs(args.folder, exist_ok=True)
    files = [os.path.join(args.folder, 'host%d.json' % (i + 1)) for i in range(args.hosts)]
    plain, slowed = [], []
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
