#!/usr/bin/env python3
"""The same comparison by solder bench, by pyperf and by hyperfine: what each says, and how often it
is wrong about a Python and itself.

    methods.py SOLDER A B [--same N] [--workloads NAMES]

Compares A with B once by each method, and A with A N times. Each does what its users do by default:

    solder      solder bench A B: a verdict for the suite, and for each workload
    pyperf      Runner.bench_func on the same functions, all of A, then all of B (20 processes of 3
                values each), then compare_to, which calls a benchmark different by its own test
    hyperfine   hyperfine -N 'A workload' 'B workload', one pair after the other; it names a winner
                with an error, and counts as calling a difference when 1 is outside of that

The order of the methods is turned from one repetition to the next, so that none has the quiet hours.
pyperf comes from PyPI into a scratch folder; hyperfine must be installed.
"""

import argparse
import json
import math
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

DEFAULT = 'attributes,fannkuch,json_loads,methods,queens,regex_matching'
# Loops of a process under hyperfine: about as long as solder's.
LOOPS = 4

PYPERF_SCRIPT = '''
import importlib, pyperf, sys
sys.path.insert(0, {workloads!r})
runner = pyperf.Runner()
for name in {names!r}:
    runner.bench_func(name, importlib.import_module(name).work)
'''


def interpreter(python):
    """pyperf and hyperfine want the program where solder also takes the distribution."""
    return os.path.join(python, 'bin', 'python3') if os.path.isdir(python) else python


def output(command, **more):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          **more)
    # solder bench: 1 an arm is slower, 2 no verdict.
    if done.returncode not in (0, 1, 2):
        sys.exit('%s: exit code %d: %s' % (command[0], done.returncode, done.stderr))
    return done.stdout


class Methods:
    def __init__(self, args, folder):
        self.args, self.folder = args, folder
        self.names = args.workloads.split(',')
        self.workloads = os.path.abspath(args.folder)
        self.packages = folder + '/packages'
        subprocess.run([sys.executable, '-m', 'pip', 'install', '-q', '--target', self.packages,
                        'pyperf'], check=True)
        self.script = folder + '/functions.py'
        with open(self.script, 'w') as f:
            f.write(PYPERF_SCRIPT.format(workloads=self.workloads, names=self.names))

    def solder(self, a, b, seed):
        path = '%s/%d.json' % (self.folder, seed)
        output([self.args.solder, 'bench', 'a=' + a, 'b=' + b, '--filter', self.args.workloads,
                '--seed', str(seed), '--load', str(self.args.load), '-o', path])
        got = json.loads(output([self.args.solder, 'bench', '--from', path, '--json']))
        result = got['result']
        arm = next(x for x in result['arms'] if x['name'] == 'b')
        low, high = arm['interval_suite']
        called = [w['name'] for w in arm['workloads'] if w['verdict'] in ('faster', 'slower')]
        # The suite is called different where the interval says so and no gate withholds it.
        differs = result['verdicts'] and arm['verdict'] in ('faster', 'slower')
        return {'says': '%s, %.4f (%.4f to %.4f), %d rounds' % (
                    arm['verdict'] if result['verdicts'] else 'no verdict', arm['ratio'], low,
                    high, result['rounds']),
                'suite': differs, 'called': len(called), 'of': len(arm['workloads'])}

    def pyperf(self, a, b, seed):
        files = []
        environment = dict(os.environ, PYTHONPATH=self.packages)
        for side, python in (('a', a), ('b', b)):
            files.append('%s/pyperf-%d-%s.json' % (self.folder, seed, side))
            output([python, self.script, '--quiet', '-o', files[-1], '--inherit-environ',
                    'PYTHONPATH'], env=environment)
        text = output([sys.executable, '-m', 'pyperf', 'compare_to'] + files, env=environment)
        called = len(re.findall(r'x (?:faster|slower)$', text, re.M))
        mean = re.search(r'Geometric mean: (.*)', text)
        called -= bool(mean and re.search(r'x (?:faster|slower)$', mean.group(1)))
        return {'says': mean.group(1) if mean else 'not significant', 'suite': called > 0,
                'called': called, 'of': len(self.names)}

    def hyperfine(self, a, b, seed):
        ratios, called = [], 0
        path = '%s/hyperfine-%d.json' % (self.folder, seed)
        for name in self.names:
            commands = ['%s %s/%s.py %d' % (python, self.workloads, name, self.args.loops)
                        for python in (a, b)]
            output(['hyperfine', '-N', '-w', '1', '--export-json', path] + commands)
            with open(path) as f:
                one, two = json.load(f)['results']
            ratio = two['mean'] / one['mean']
            error = ratio * math.hypot(one['stddev'] / one['mean'], two['stddev'] / two['mean'])
            ratios.append(ratio)
            called += abs(ratio - 1) > error
        mean = math.exp(sum(map(math.log, ratios)) / len(ratios))
        return {'says': '%.4f (mean of the ratios, by us)' % mean, 'suite': called > 0,
                'called': called, 'of': len(self.names)}


def main():
    options = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    options.add_argument('solder')
    options.add_argument('a', type=interpreter)
    options.add_argument('b', type=interpreter)
    options.add_argument('--same', type=int, default=5)
    options.add_argument('--workloads', default=DEFAULT)
    options.add_argument('--folder', default='workloads', help='where they are')
    options.add_argument('--loops', type=int, default=LOOPS)
    options.add_argument('--load', type=int, default=10)
    args = options.parse_args()
    if not shutil.which('hyperfine'):
        sys.exit('hyperfine is not installed: apt-get install hyperfine')
    with tempfile.TemporaryDirectory() as folder:
        methods = Methods(args, folder)
        kinds = ['solder', 'pyperf', 'hyperfine']
        sums = {k: {'runs': 0, 'suite': 0, 'called': 0, 'of': 0, 'time': 0} for k in kinds}
        for i in range(args.same + 1):
            for kind in kinds[i % 3:] + kinds[:i % 3]:
                begun = time.monotonic()
                got = getattr(methods, kind)(args.a, args.a if i else args.b, i + 1)
                took = time.monotonic() - begun
                print('%-7s %-9s %5.0f s  %d of %d workloads differ; %s' % (
                    'A and A' if i else 'A and B', kind, took, got['called'], got['of'],
                    got['says']), flush=True)
                if i:
                    total = sums[kind]
                    for key, value in (('runs', 1), ('suite', got['suite']), ('time', took),
                                       ('called', got['called']), ('of', got['of'])):
                        total[key] += value
    print('\nA and A, %d times' % args.same)
    for kind in kinds:
        total = sums[kind]
        print('%-9s a difference in %d of %d runs (%s), %d of %d workloads; %.0f s each' % (
            kind, total['suite'], total['runs'],
            'the suite' if kind == 'solder' else 'any workload', total['called'], total['of'],
            total['time'] / max(total['runs'], 1)))


if __name__ == '__main__':
    main()
