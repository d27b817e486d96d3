#!/usr/bin/env python3
"""How often solder bench is wrong: campaigns of a Python against itself, and against itself slowed.

    selftest.py SOLDER PYTHON [--same N] [--slowed N] [--filter WORDS] [--rounds N] [--duration MS]
                [--load PERCENT] [--first N]

Runs N short campaigns in which both arms are the same Python (a difference called is a false
alarm), and N with an arm slowed by 2 % (not finding it is a miss). For each campaign prints what
the gates and the arm came to; at the end the counts, and of the same observations what Welch's
test on the same numbers would have said, workload by workload, as tools do that treat all values
as independent and look at one workload at a time. Exits with 1 if there are more than 10 % false
alarms or misses.
"""

import argparse
import json
import math
import statistics
import subprocess
import sys
import tempfile


def campaign(args, path, seed, slowed):
    command = [args.solder, 'bench', 'one=' + args.python, 'two=' + args.python, '--json',
               '--seed', str(seed), '-o', path, '--rounds', str(args.rounds),
               '--duration', str(args.duration), '--load', str(args.load)]
    command += ['--filter', args.filter] if args.filter else []
    command += ['--self-test'] if slowed else []
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.stdout.startswith('{'):
        return json.loads(done.stdout)
    # So noisy that every round was dropped: it says nothing, right or wrong.
    if ' usable round' in done.stderr:
        return None
    sys.exit('no campaign: ' + done.stderr.strip())


def welch(campaign, arm):
    """How many workloads a two-sample test calls different at 5 %, and how many there are."""
    different = 0
    names = {w['name'] for w in campaign['result']['arms'][1]['workloads']}
    indexes = [i for i, w in enumerate(campaign['workloads']) if w['name'] in names]
    for w in indexes:
        times = [[row[5] + row[6] for r in campaign['rounds'] if not r['dropped']
                  for row in r['observations'] if row[:2] == [w, a]] for a in (0, arm)]
        error = math.sqrt(sum(statistics.variance(t) / len(t) for t in times))
        gap = abs(statistics.fmean(times[1]) - statistics.fmean(times[0]))
        # The normal quantile: with some twenty degrees of freedom t's is 2.09.
        different += gap > 2.09 * error
    return different, len(indexes)


def percent(part, whole):
    return '%d of %d (%.1f %%)' % (part, whole, 100 * part / whole if whole else 0)


def main():
    options = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    options.add_argument('solder')
    options.add_argument('python')
    options.add_argument('--same', type=int, default=40)
    options.add_argument('--slowed', type=int, default=20)
    options.add_argument('--filter')
    options.add_argument('--rounds', type=int, default=10)
    options.add_argument('--duration', type=int, default=100)
    options.add_argument('--load', type=int, default=10)
    options.add_argument('--first', type=int, default=1, help='number and seed of the first')
    args = options.parse_args()
    alarms = refused = called = compared = missed = unfound = 0
    silent = [0, 0]
    with tempfile.TemporaryDirectory() as folder:
        for i in range(args.same + args.slowed):
            slowed = i >= args.same
            got = campaign(args, folder + '/c.json', args.first + i, slowed)
            if not got:
                print('%3d no usable rounds' % (args.first + i), flush=True)
                silent[slowed] += 1
                continue
            arms = {a['name']: a for a in got['result']['arms']}
            arm = arms['slowed' if slowed else 'two']
            low, high = (math.inf if x is None else x for x in arm['interval_suite'])
            differs = low > 1 or high < 1
            gate = got['result']['gates']['slowed' if slowed else 'copy']['outcome']
            print('%3d %-6s ratio %.4f (%.4f to %.4f), half-width %.2f %%, gate %s' % (
                args.first + i, 'slowed' if slowed else 'same', arm['ratio'], low, high,
                100 * arm['half_width'], gate), flush=True)
            if slowed:
                missed += not low > 1
                unfound += gate != 'passed'
                continue
            # Without regard to the gate: what the intervals alone would have claimed.
            alarms += differs
            refused += gate != 'passed'
            more, total = welch(got, 1)
            called, compared = called + more, compared + total
    args.same -= silent[False]
    args.slowed -= silent[True]
    if not args.same and not args.slowed:
        return 1
    if args.same:
        print('same:   %s called different; the gate withheld the verdict in %s' % (
            percent(alarms, args.same), percent(refused, args.same)))
        print('        Welch\'s test on single workloads: %s called different' % percent(
            called, compared))
    if args.slowed:
        print('slowed: %s not found; %s did not pass the gate' % (
            percent(missed, args.slowed), percent(unfound, args.slowed)))
    if any(silent):
        print('no usable rounds in %d and %d campaigns: not counted' % tuple(silent))
    return 1 if alarms > args.same / 10 or missed > args.slowed / 10 else 0


if __name__ == '__main__':
    sys.exit(main())
