#!/usr/bin/env python3
"""Times the static part of `solder explain` beside objdump and callgrind_annotate, in one run.

    explain.py SOLDER ELF [PYTHON PYTHON] [--rounds N] [--scratch DIR]

- disassembling and classifying: `solder inspect --code` of the ELF file beside `objdump -d`;
- reading a profile of callgrind: one of 200 MB, made of copies of a real one that this run takes
  from the first Python (valgrind is needed; copies are what callgrind writes for several parts),
  beside `callgrind_annotate` on the real one: the large one would take it minutes;
- everything of explain but the running: `--from-callgrind` on profiles of both Pythons.

Each command runs once before it is timed; then they take turns. Printed are the median of the
processor time (which other work on the machine disturbs least), the largest peak of memory with the
files that are mapped, and the ratio to the first of each block. Outputs go to /dev/null.
"""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile

LARGE = 200 * 1000 * 1000


def measure(command):
    """Seconds of the processors, and the peak memory in KiB."""
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    if os.waitstatus_to_exitcode(status):
        sys.exit('%s ended with %d' % (' '.join(command), os.waitstatus_to_exitcode(status)))
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss


def compare(title, arms, rounds):
    """Arms: name to command, and to how many bytes it reads if the rate is wanted."""
    print('\n' + title)
    times, peaks = {name: [] for name in arms}, {}
    for name, (command, _) in arms.items():
        measure(command)
    for _ in range(rounds):
        for name, (command, _) in arms.items():
            seconds, peak = measure(command)
            times[name].append(seconds)
            peaks[name] = max(peaks.get(name, 0), peak)
    base = statistics.median(times[next(iter(arms))])
    for name, (_, size) in arms.items():
        median = statistics.median(times[name])
        rate = '%7.0f MB/s' % (size / median / 1e6) if size else ''
        print('  %-44s %8.3f s %8.1f MiB %8.2f %s' % (name, median, peaks[name] / 1024,
                                                      median / base, rate))
    sys.stdout.flush()
    return [statistics.median(times[name]) for name in arms]


def profile(python, path):
    """What callgrind writes about a little work."""
    done = subprocess.run(['setarch', '-R', 'valgrind', '-q', '--tool=callgrind', '--dump-instr=yes',
                           '--dump-line=no', '--skip-plt=no', '--callgrind-out-file=' + path, python,
                           '-S', '-c', 'import json, re, dis; dis.code_info(json.loads)'],
                          env={'PYTHONHASHSEED': '0'}, stdout=subprocess.DEVNULL)
    if done.returncode:
        sys.exit('%s fails under valgrind' % python)


def main():
    options = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    options.add_argument('solder')
    options.add_argument('elf')
    options.add_argument('pythons', nargs='*')
    options.add_argument('--rounds', type=int, default=3)
    options.add_argument('--scratch')
    args = options.parse_args()
    scratch = args.scratch or tempfile.mkdtemp()
    print('%-46s %10s   %8s    %8s' % ('', 'time', 'peak', 'ratio'))
    compare('code of %s, %.1f MB' % (os.path.basename(args.elf), os.path.getsize(args.elf) / 1e6), {
        'solder inspect --code': ([args.solder, 'inspect', '--json', '--alone', '--code', args.elf], 0),
        'objdump -d': (['objdump', '-d', args.elf], 0)}, args.rounds)
    if not args.pythons:
        print('not measured: profiles need a Python, or two')
        return
    if not shutil.which('valgrind'):
        print('not measured: profiles need valgrind')
        return
    files = []
    for i, python in enumerate(args.pythons):
        files.append(os.path.join(scratch, 'callgrind.out.%d' % (i + 1)))
        profile(python, files[-1])
    size = os.path.getsize(files[0])
    large = os.path.join(scratch, 'large')
    with open(large, 'wb') as out, open(files[0], 'rb') as f:
        part = f.read()
        for _ in range(LARGE // size + 1):
            out.write(part)
    small_time, large_time, _ = compare('a profile of %.1f MB, and one of %.1f MB' % (os.path.getsize(large) / 1e6, size / 1e6), {
        'solder explain, the small one': ([args.solder, 'explain', '--from-callgrind', files[0]], size),
        'solder explain, the large one': ([args.solder, 'explain', '--from-callgrind', large],
                                          os.path.getsize(large)),
        'callgrind_annotate, the small one': (['callgrind_annotate', files[0]], size)}, args.rounds)
    print('  reading alone, the large one less the small one %22.0f MB/s' % (
        (os.path.getsize(large) - size) / (large_time - small_time) / 1e6))
    if len(files) > 1:
        compare('all of explain but the running', {
            'solder explain --from-callgrind A B': ([args.solder, 'explain', '--from-callgrind', *files[:2]],
                                                    sum(map(os.path.getsize, files[:2]))),
            'callgrind_annotate A, and B': (['sh', '-c', 'callgrind_annotate "$1" && callgrind_annotate "$2"',
                                             'sh', *files[:2]], 0)}, args.rounds)
    if not args.scratch:
        shutil.rmtree(scratch)


if __name__ == '__main__':
    main()
