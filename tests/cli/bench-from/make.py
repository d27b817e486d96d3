"""Prints a campaign: one arm 5 % slower, one equal, one workload that crashed, a dropped round.

    python3 make.py [SEED [RATIO_OF_THE_SLOWER_ARM [WORKLOADS_TO_RENAME [counts|only]]]]

With "counts" it has instructions too, with "only" nothing else.
"""

import json
import random
import sys

COLUMNS = ('workload arm status code wall user system voluntary involuntary minor_faults '
           'major_faults max_rss steal cycles instructions branch_misses padding').split()
given = sys.argv[1:] + ['1', '1.05', '', ''][len(sys.argv) - 1:]
r = random.Random(int(given[0]))
names = ['calls', 'dicts', 'json', 'regex', 'sorting', 'startup']
names = [n + '2' if n in given[2].split(',') else n for n in names]
ratios = [1, float(given[1]), 1.001, 1]
rounds = []
for i in range(11):
    rows = []
    for w in range(len(names)):
        for a, ratio in enumerate(ratios):
            t = int(4e8 * (1 + w / 7) * ratio * (1 + r.uniform(-0.004, 0.004))) // 1000 * 1000
            status, code = ('signal', 11) if (i, w, a) == (3, 3, 2) else ('ok', 0)
            rows.append([w, a, status, code, t + 9000, t - 8000, 8000, 1, 2, 900, 0, 9000, 0,
                         None, None, None, 77])
    rounds.append({'layout': 0, 'hash_seed': i + 1, 'started': 1760000000 + 20 * i,
                   'lasted': 12 * 10 ** 9, 'steal': 10 ** 9 if i == 5 else 10 ** 7,
                   'foreign': 2 * 10 ** 8, 'observations': rows,
                   'dropped': 'the hypervisor took 8.3 % of its time' if i == 5 else None})
arms = [('static', 'arm'), ('shared', 'arm'), ('dual', 'arm'), ('copy', 'copy')]
options = {'seed': 7, 'measure': 'cpu', 'rounds': 40, 'layouts': 1, 'max_time': 0, 'limit': 120,
           'resamples': 2000, 'alpha': 0.05, 'margin': 0.01, 'precision': 0.005, 'gate': 0.005,
           'steal_limit': 0.05, 'foreign_limit': 0.1}
counts = {'counter': 'valgrind-3.19.0', 'counts': [
    [w, a, 1, 10 ** 8, 10 ** 8 + int(10 ** 7 * (1 + w) * ratio)]
    for w in range(len(names)) if w != 2 for a, ratio in enumerate([1, 1.02, 1.001, 1])]}
print(json.dumps({
    'format': 'solder bench', 'version': 1, 'suite': 'own', 'stopped': 'precision',
    'machine': {'processor': 'a processor', 'counters': 'not supported: the machine has no counters',
                'address_randomization': 'on'},
    'options': options, 'looks': [10, 20, 40], 'columns': COLUMNS, 
    'rounds': [] if given[3] == 'only' else rounds, **(counts if given[3] else {}),
    'arms': [{'name': n, 'role': role, 'slowdown': 0, 'version': '3.13.5', 'link': n}
             for n, role in arms],
    'workloads': [{'name': n, 'kind': 'loop', 'args': [], 'loops': 9, 'nominal': 1,
                   **({'uncounted': 'dual: exit code 1: unhandled instruction'}
                      if given[3] and w == 2 else {})} for w, n in enumerate(names)],
}, separators=(',', ':')))
