#!/usr/bin/env python3
"""How often solder bench is wrong: campaigns of a Python against itself, and against itself slowed.

    selftest.py SOLDER PYTHON [--same N] [--slowed N] [--filter WORDS] [--rounds N] [--duration MS]
                [--load PERCENT] [--first N]

Runs short campaigns in which both arms are the same Python: any difference called, of the suite or
of a workload, is a false alarm, whatever the gate says. N of them (--same) have nothing else; N
more (--slowed) also have an arm slowed by 2 %: not finding it is a miss. For each campaign prints what the gates and the arms came to; at the end the counts,
and of the same observations what Welch's test on the same numbers would have said, workload by
workload, as tools do that treat all values as independent and look at one workload at a time. Exits
with 1 if there are more than 10 % false alarms or misses.
"""

import argparse
import collections
import json
import math
import statistics
import subprocess
import sys
import tempfile
import time

# Enough for a half-width of about 0.6 % after 20 rounds on a noisy machine, in a minute. What is
# slowed is the whole process, so that it may be little more than its start.
DEFAULT = ('attributes,contexts,csv_rows,dicts,fannkuch,floats,json_loads,lexer,lists,methods,'
           'n_body,queens,regex_matching,sets,sorting,spectral,stack_machine,string_building,sudoku,'
           'word_count')


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


def said(arm):
    """An arm's interval without regard to gates, in words; whether it lies below 1, or above."""
    low, high = (math.inf if x is None else x for x in arm['interval_suite'])
    words = '%.4f (%.4f to %.4f)' % (arm['ratio'], low, high)
    return words, high < 1, low > 1


def different(arm, result):
    """How many workloads would be called different if no gate stood in the way."""
    margin = 1 + result['margin']

    def called(w):
        low, high = (math.inf if x is None else x for x in w['interval'])
        equal = low >= 1 / margin and high <= margin
        return not equal and (low > 1 or high < 1) and w['p_adjusted'] <= result['alpha']
    return sum(map(called, arm['workloads']))


def judge(number, got, counts):
    arms = {a['name']: a for a in got['result']['arms']}
    gates = got['result']['gates']
    words, faster, slower = said(arms['two'])
    counts['same'] += 1
    single = different(arms['two'], got['result'])
    counts['alarms'] += faster or slower or single > 0
    counts['workloads'] += single
    counts['refused'] += gates['copy']['outcome'] != 'passed'
    called, compared = welch(got, 1)
    counts['called'] += called
    counts['compared'] += compared
    print('%3d same %s, half-width %.2f %%, gate %s' % (
        number, words, 100 * arms['two']['half_width'], gates['copy']['outcome']), end='')
    if 'slowed' in arms:
        words, _, found = said(arms['slowed'])
        counts['slowed'] += 1
        counts['missed'] += not found
        counts['unfound'] += gates['slowed']['outcome'] != 'passed'
        print('; slowed %s, %s' % (words, 'found' if found else 'missed'), end='')
    print(flush=True)


def conclude(counts, took):
    if not counts['same']:
        return 1
    print('same:   %s called any difference; the gate withheld the verdict in %s' % (
        percent(counts['alarms'], counts['same']), percent(counts['refused'], counts['same'])))
    print("        single workloads: %s called different; by Welch's test %s" % (
        percent(counts['workloads'], counts['compared']),
        percent(counts['called'], counts['compared'])))
    if counts['slowed']:
        print('slowed: %s not found; %s did not pass the gate' % (
            percent(counts['missed'], counts['slowed']),
            percent(counts['unfound'], counts['slowed'])))
    if counts['silent']:
        print('no usable rounds in %d campaigns: not counted' % counts['silent'])
    print('%.0f s in all' % took)
    return int(counts['alarms'] > counts['same'] / 10 or counts['missed'] > counts['slowed'] / 10)


def main():
    options = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    options.add_argument('solder')
    options.add_argument('python')
    options.add_argument('--same', type=int, default=20)
    options.add_argument('--slowed', type=int, default=20)
    options.add_argument('--filter', default=DEFAULT)
    options.add_argument('--rounds', type=int, default=20)
    options.add_argument('--duration', type=int, default=30)
    options.add_argument('--load', type=int, default=10)
    options.add_argument('--first', type=int, default=1, help='number and seed of the first')
    args = options.parse_args()
    counts = collections.Counter()
    begun = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        for i in range(args.same + args.slowed):
            got = campaign(args, '%s/%d.json' % (folder, i), args.first + i, i >= args.same)
            if got:
                judge(args.first + i, got, counts)
            else:
                print('%3d no usable rounds' % (args.first + i), flush=True)
                counts['silent'] += 1
    return conclude(counts, time.monotonic() - begun)


if __name__ == '__main__':
    sys.exit(main())
