#!/usr/bin/env python3
"""Computes the statistics of src/bench a second time and compares.

    stats.py DUMPER [--campaigns N]

DUMPER is the program built from stats_dump.c. Written from the description in stats.c, with the
standard library only and other algorithms where there are any: tests by enumeration, Student's
distribution by its finite series, medians by sorting every resample. Prints the differences, and
at the end "N passed, N failed"; exits with 1 if any failed.
"""

import argparse
import itertools
import json
import math
import os
import random
import statistics
import subprocess
import sys
import tempfile

import pooling

MASK = (1 << 64) - 1
COLUMNS = ('workload arm status code wall user system voluntary involuntary minor_faults '
           'major_faults max_rss steal cycles instructions branch_misses padding').split()


def splitmix(state):
    while True:
        state = (state + 0x9e3779b97f4a7c15) & MASK
        z = state
        z = ((z ^ (z >> 30)) * 0xbf58476d1ce4e5b9) & MASK
        z = ((z ^ (z >> 27)) * 0x94d049bb133111eb) & MASK
        yield z ^ (z >> 31)


class Xoshiro:
    def __init__(self, seed, stream):
        source = splitmix(seed ^ next(splitmix(stream)))
        self.s = [next(source) for _ in range(4)]

    def next(self):
        def rotate(x, k):
            return ((x << k) | (x >> (64 - k))) & MASK
        s = self.s
        result = rotate(s[1] * 5 & MASK, 7) * 9 & MASK
        t = s[1] << 17 & MASK
        s[2] ^= s[0]
        s[3] ^= s[1]
        s[1] ^= s[2]
        s[0] ^= s[3]
        s[2] ^= t
        s[3] = rotate(s[3], 45)
        return result

    def below(self, n):
        while True:
            product = self.next() * n
            if product & MASK >= (1 << 64) % n:
                return product >> 64


def t_tail(t, df):
    """P(T > t) for a whole df: Abramowitz and Stegun 26.7.3 and 26.7.4."""
    theta = math.atan(t / math.sqrt(df))
    c, s = math.cos(theta), math.sin(theta)
    if df == 1:
        return 0.5 - theta / math.pi
    term = total = c if df % 2 else 1.0
    for k in range(3 if df % 2 else 2, df - 1, 2):
        term *= c * c * (k - 1) / k
        total += term
    inside = 2 / math.pi * (theta + s * total) if df % 2 else s * total
    return (1 - inside) / 2


def t_quantile(df, tail):
    low, high = 0.0, 1e9
    for _ in range(400):
        middle = (low + high) / 2
        if t_tail(middle, df) > tail:
            low = middle
        else:
            high = middle
    return low


def mid_ranks(values):
    ordered = sorted(values)
    return [(ordered.index(v) + 1 + len(ordered) - ordered[::-1].index(v)) / 2 for v in values]


def signed_rank(d):
    d = [x for x in d if x != 0]
    n = len(d)
    if n == 0:
        return 1.0
    ranks = mid_ranks([abs(x) for x in d])
    w = sum(r for r, x in zip(ranks, d) if x > 0)
    if n <= 12:
        sums = [sum(r for r, take in zip(ranks, chosen) if take)
                for chosen in itertools.product((0, 1), repeat=n)]
        low = sum(x <= w for x in sums)
        high = sum(x >= w for x in sums)
        return min(1.0, 2 * min(low, high) / 2 ** n)
    if n <= 100:
        counts = {0: 1}
        for r in ranks:
            more = dict(counts)
            for total, ways in counts.items():
                more[total + r] = more.get(total + r, 0) + ways
            counts = more
        low = sum(ways for total, ways in counts.items() if total <= w)
        high = sum(ways for total, ways in counts.items() if total >= w)
        return min(1.0, 2 * min(low, high) / 2 ** n)
    sizes = sorted(abs(x) for x in d)
    ties = sum(len(list(group)) ** 3 - 0 for _, group in itertools.groupby(sizes)) - n
    variance = n * (n + 1) * (2 * n + 1) / 24 - ties / 48
    z = max(0.0, abs(w - n * (n + 1) / 4) - 0.5) / math.sqrt(variance)
    return min(1.0, 2 * (1 - statistics.NormalDist().cdf(z))) if z < 5 else math.erfc(z / 2 ** 0.5)


def adjust(p):
    order = sorted(p)
    n = len(p)
    return [min([1.0] + [order[i] * n / (i + 1) for i in range(n) if order[i] >= x]) for x in p]


def interval(log_ratio, error, n, alpha):
    if n < 2:
        return [0.0, None], None
    half = t_quantile(n - 1, alpha / 2) * math.sqrt(n / (n - 1)) * error
    return [math.exp(log_ratio - half), math.exp(log_ratio + half)], half


def judge(span, margin):
    low, high = span[0], math.inf if span[1] is None else span[1]
    if 1 / (1 + margin) <= low and high <= 1 + margin:
        return 'equal'
    return 'faster' if high < 1 else 'slower' if low > 1 else 'undecided'


class Campaign:
    def __init__(self, file):
        self.file = file
        self.o = file['options']
        self.rounds = [r for r in file['rounds'] if not r['dropped']][:file['looks'][-1]]
        self.look = next(i for i, n in enumerate(file['looks']) if n >= len(self.rounds))
        levels = zip([0] + file['looks'], file['looks'])
        self.alpha = [self.o['alpha'] * (b - a) / file['looks'][-1] for a, b in levels][self.look]
        self.cells = {}
        failed = set()
        for r in file['rounds']:
            failed |= {row[0] for row in r['observations'] if row[2] != 'ok'}
        for i, r in enumerate(self.rounds):
            for row in r['observations']:
                got = dict(zip(COLUMNS, row))
                cpu = got['user'] + got['system']
                time = got['wall'] if self.o['measure'] == 'wall' else cpu
                self.cells[i, got['workload'], got['arm']] = time
        self.counting = [
            w for w in range(len(file['workloads'])) if w not in failed and all(
                self.cells.get((i, w, a), 0) > 0
                for i in range(len(self.rounds)) for a in range(len(file['arms'])))]

    def d(self, w, a):
        return [math.log(self.cells[i, w, a] / self.cells[i, w, 0])
                for i in range(len(self.rounds))]

    def draws(self, number):
        """The rounds and the workloads of one resample."""
        source = Xoshiro(self.o['seed'], (1 << 32) + number)
        if self.o['layouts'] > 1:
            seen = list(dict.fromkeys(r['layout'] for r in self.rounds))
            drawn = [seen[source.below(len(seen))] for _ in seen]
            rounds = [i for layout in drawn for i, r in enumerate(self.rounds)
                      if r['layout'] == layout]
            units = len(seen)
        else:
            units = len(self.rounds)
            rounds = [source.below(units) for _ in range(units)]
        return units, rounds, [source.below(len(self.counting)) for _ in self.counting]

    def result(self):
        resamples = [self.draws(i) for i in range(self.o['resamples'])]
        units = resamples[0][0]
        arms = []
        for a in range(1, len(self.file['arms'])):
            arms.append(self.arm(a, units, resamples))
        return {'rounds': len(self.rounds), 'alpha': self.alpha, 'arms': arms,
                'workloads': len(self.counting), 'verdicts': self.gates(arms)}

    def arm(self, a, units, resamples):
        data = [self.d(w, a) for w in self.counting]
        estimates = [statistics.median(d) for d in data]
        drawn = [[statistics.median([d[i] for i in rounds]) for d in data]
                 for _, rounds, _ in resamples]
        suite = statistics.fmean(estimates)
        fixed = statistics.stdev([statistics.fmean(m) for m in drawn])
        general = statistics.stdev([statistics.fmean([m[w] for w in chosen])
                                    for m, (_, _, chosen) in zip(drawn, resamples)])
        p = [signed_rank(d) for d in data]
        adjusted = adjust(p)
        span, half = interval(suite, fixed, units, self.alpha)
        out = {'ratio': math.exp(suite), 'interval_suite': span, 'half_width': half,
               'interval_general': interval(suite, general, min(units, len(data)), self.alpha)[0],
               'verdict': judge(span, self.o['margin']), 'workloads': []}
        for i, w in enumerate(self.counting):
            own = interval(estimates[i], statistics.stdev([m[i] for m in drawn]), units,
                           self.alpha)[0]
            verdict = judge(own, self.o['margin'])
            if verdict in ('faster', 'slower') and adjusted[i] > self.alpha:
                verdict = 'undecided'
            times = [[self.cells[r, w, k] for r in range(len(self.rounds))] for k in (0, a)]
            out['workloads'].append({
                'name': self.file['workloads'][w]['name'], 'ratio': math.exp(estimates[i]),
                'interval': own, 'p': p[i], 'p_adjusted': adjusted[i],
                'ratio_of_minima': min(times[1]) / min(times[0]), 'verdict': verdict})
        out['different'] = sum(c['verdict'] in ('faster', 'slower') for c in out['workloads'])
        return out

    def gates(self, arms):
        passed, copies = True, 0
        for spec, arm in zip(self.file['arms'][1:], arms):
            if spec['role'] == 'copy':
                copies += 1
                passed &= (arm['verdict'] == 'equal' and arm['different'] * 10 <= len(self.counting)
                           and abs(math.log(arm['ratio'])) <= self.o['gate'])
            elif spec['role'] == 'slowed':
                passed &= arm['verdict'] == 'slower'
        passed &= copies > 0
        if not passed:
            self.withhold(arms, copies)
        return passed

    def withhold(self, arms, copies):
        """A gate failed: what lies further from 1 than the gates were off stays."""
        roles = list(zip(self.file['arms'][1:], arms))
        known = [(arm, 1 if spec['role'] == 'copy' else 1 + spec['slowdown'])
                 for spec, arm in roles if spec['role'] != 'arm']
        noise = max([off(arm['interval_suite'], ratio) for arm, ratio in known], default=math.inf)
        copy = next((arm for spec, arm in reversed(roles) if spec['role'] == 'copy'), None)
        if not copies:
            noise = math.inf
        for spec, arm in roles:
            if spec['role'] != 'arm':
                continue
            arm['verdict'] = beyond(arm['interval_suite'], noise)
            for i, cell in enumerate(arm['workloads']):
                there = max(noise, off(copy['workloads'][i]['interval'], 1)) if copy else noise
                cell['verdict'] = (beyond(cell['interval'], there)
                                   if cell['verdict'] in ('faster', 'slower') else 'no verdict')
            arm['different'] = sum(c['verdict'] != 'no verdict' for c in arm['workloads'])


def logs(span):
    low, high = span
    return (math.log(low) if low else -math.inf,
            math.inf if high is None or math.isinf(high) else math.log(high))


def off(span, ratio):
    return max(abs(end - math.log(ratio)) for end in logs(span))


def beyond(span, noise):
    low, high = logs(span)
    return 'slower' if low > max(noise, 0) else 'faster' if -high > max(noise, 0) else 'no verdict'


def make_campaign(r):
    """A campaign's file with noise, ties, failures, dropped rounds and layouts."""
    planned = r.choice([2, 5, 10, 12, 20, 40, 47])
    rounds, n_workloads = r.randint(2, planned), r.randint(1, 8)
    looks = [n for n in (10, 20, 40) if n < planned] + [planned]
    layouts = r.choice([1, 1, 2, 3])
    roles = ['arm'] * r.randint(1, 3) + r.choice([['copy'], ['copy'], ['copy', 'slowed'], []])
    if len(roles) < 2:
        roles.append('arm')
    noise = r.choice([0, 0.0001, 0.001, 0.01, 0.05])
    # Coarse times make ties and differences of nothing.
    grain = r.choice([1000, 1000, 10000000])
    options = {'seed': r.getrandbits(53), 'measure': r.choice(['cpu', 'wall']), 'rounds': planned,
               'layouts': layouts, 'max_time': 0, 'limit': 10, 'resamples': r.choice([2, 99, 250]),
               'alpha': r.choice([0.05, 0.1]), 'margin': r.choice([0.01, 0.002, 0]),
               'precision': 0.005, 'gate': r.choice([0.005, 0.05]), 'steal_limit': 0.05,
               'foreign_limit': 0.1}
    slow = [1.0 if role == 'copy' else r.choice([1, 0.9, 1.002, 1.02, 1.3]) for role in roles]
    slow[0] = 1.0
    file = {'format': 'solder bench', 'version': 1, 'machine': {}, 'suite': 'own',
            'options': options, 'looks': looks, 'stopped': None, 'columns': COLUMNS,
            'arms': [{'name': 'a%d' % i, 'role': role, 'slowdown': 0.02}
                     for i, role in enumerate(roles)],
            'workloads': [{'name': 'w%d' % i, 'kind': 'loop', 'args': [], 'loops': 1, 'nominal': 0}
                          for i in range(n_workloads)], 'rounds': []}
    ill = {w for w in range(1, n_workloads) if r.random() < 0.1}
    for _ in range(rounds + r.randint(0, 3)):
        rows = []
        for w in range(n_workloads):
            for a in range(len(roles)):
                t = 2e8 * (1 + w) * slow[a] * math.exp(r.gauss(0, noise))
                t = max(1, round(t / grain)) * grain
                status = 'signal' if w in ill and r.random() < 0.2 else 'ok'
                rows.append([w, a, status, 0, t + 5, t // 3, t - t // 3] + [0] * 9 + [7])
        r.shuffle(rows)
        file['rounds'].append({
            'layout': r.randrange(layouts), 'hash_seed': 1, 'started': 0, 'lasted': 0,
            'steal': None, 'foreign': None, 'dropped': r.choice([None] * 9 + ['steal']),
            'observations': rows})
    return file


def same(ours, theirs, where=''):
    """The first difference, or None. Keys that only ours has are extra words."""
    if isinstance(theirs, dict):
        for key, value in theirs.items():
            found = same(ours.get(key, 'missing'), value, where + '.' + key)
            if found:
                return found
        return None
    if isinstance(theirs, list):
        if not isinstance(ours, list) or len(ours) != len(theirs):
            return '%s: not as long' % where
        return next(filter(None, (same(x, y, '%s[%d]' % (where, i))
                                  for i, (x, y) in enumerate(zip(ours, theirs)))), None)
    if isinstance(theirs, float) and isinstance(ours, (int, float)):
        # A standard error of nothing is a difference of equal numbers: good to 1e-9 of 1.
        return None if math.isclose(ours, theirs, rel_tol=1e-8, abs_tol=1e-9) else \
            '%s: ours %r, theirs %r' % (where, ours, theirs)
    return None if ours == theirs else '%s: ours %r, theirs %r' % (where, ours, theirs)


def questions(r):
    """Lines for the dumper, each with the answer expected."""
    for n in [1, 2, 3, 4, 9, 10, 12, 13, 25, 40, 77, 100, 101, 300]:
        for kind in range(4):
            values = [r.gauss(0.5, 1) if kind < 2 else float(r.randint(-3, 3 + kind))
                      for _ in range(n)]
            if kind == 1:
                values = [abs(x) for x in values]
            line = ' '.join(map(repr, values))
            yield 'median ' + line, [statistics.median(values)]
            yield 'signed_rank ' + line, [signed_rank(values)]
    yield 'signed_rank 0 0 0', [1.0]
    yield 'signed_rank', [1.0]
    yield 'signed_rank 2', [1.0]
    yield 'signed_rank 1 2 3 4 5', [2 / 32]
    for n in [1, 2, 5, 30, 200]:
        p = [r.choice([r.random(), r.random() ** 4, 0.03]) for _ in range(n)]
        yield 'adjust ' + ' '.join(map(repr, p)), adjust(p)
    for df in [1, 2, 3, 4, 9, 10, 19, 39, 40, 100, 999]:
        for tail in [0.5, 0.25, 0.05, 0.025, 0.0125, 0.00625, 1e-4, 1e-6]:
            yield 't %d %r' % (df, tail), [t_quantile(df, tail)]
    for between, within in [(1, 5), (1, 9.5), (2, 3.7), (2, 40), (4, 11.2), (7, 100)]:
        for f in [0.001, 0.3, 1, 2.5, 7, 30]:
            yield 'f %r %r %r' % (f, between, within), [pooling.f_tail(f, between, within)]
    for k in [2, 3, 3, 5, 9]:
        for spread in [0, 0.003, 0.02]:
            hosts = [(r.gauss(0.01, 0.003) + r.gauss(0, spread), r.uniform(0.0005, 0.005),
                      r.choice([9, 19, 39])) for _ in range(k)]
            line = ' '.join('%r %r %d' % h for h in hosts)
            yield 'pool ' + line, pooling.pool(hosts)
    for seed in [0, 1, 2 ** 53 - 1, r.getrandbits(53)]:
        source = Xoshiro(seed, 1 << 32)
        expected = [source.next() for _ in range(20)]
        yield 'random %d %d 20' % (seed, 1 << 32), \
            expected + [source.below(3 * i + 1) for i in range(20)]


def compare_numbers(dumper, r):
    cases = list(questions(r))
    text = '\n'.join(line for line, _ in cases) + '\n'
    done = subprocess.run([dumper], input=text, stdout=subprocess.PIPE, text=True, check=True)
    answers = done.stdout.splitlines()
    if len(answers) != len(cases):
        return 0, ['%d answers to %d questions' % (len(answers), len(cases))]
    bad = []
    for (line, expected), answer in zip(cases, answers):
        kind = int if isinstance(expected[0], int) else float
        found = same([kind(x) for x in answer.split()], expected, line[:60])
        if found:
            bad.append(found)
    return len(cases) - len(bad), bad


def compare_campaigns(dumper, r, count):
    passed, bad = 0, []
    with tempfile.TemporaryDirectory() as folder:
        for i in range(count):
            file = make_campaign(r)
            path = os.path.join(folder, 'campaign.json')
            with open(path, 'w') as f:
                json.dump(file, f)
            done = subprocess.run([dumper, path], stdout=subprocess.PIPE, text=True, check=True)
            kept = sum(not x['dropped'] for x in file['rounds'])
            if kept < 2 or not Campaign(file).counting:
                found = None if done.stdout.startswith('error: ') else 'expected an error'
            elif done.stdout.startswith('error: '):
                found = done.stdout
            else:
                ours = json.loads(done.stdout)
                ours['arms'] = ours['arms'][1:]
                found = same(ours, Campaign(file).result())
            passed += not found
            if found:
                bad.append('campaign %d: %s' % (i, found))
    return passed, bad


def main():
    options = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    options.add_argument('dumper')
    options.add_argument('--campaigns', type=int, default=40)
    options.add_argument('--seed', type=int, default=1)
    args = options.parse_args()
    r = random.Random(args.seed)
    passed, bad = compare_numbers(args.dumper, r)
    more, worse = compare_campaigns(args.dumper, r, args.campaigns)
    for line in bad + worse:
        print(line)
    print('%d passed, %d failed' % (passed + more, len(bad + worse)))
    return 1 if bad or worse else 0


if __name__ == '__main__':
    sys.exit(main())
