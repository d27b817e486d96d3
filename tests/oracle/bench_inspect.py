#!/usr/bin/env python3
"""Times `solder inspect` beside other readers of ELF files, in one run, on the same files.

    bench_inspect.py SOLDER [--folder DIR] [--rounds N] [--scratch DIR]

Three sets of files: all shared objects of a folder (default: the system's), a sample of them that
the Python libraries get through in reasonable time, and the shared objects of a few wheels, for
auditwheel. Each program reads every set once before it is timed, so that disks play no part; then
they take turns. What is printed is the median time, the largest peak of memory of any process, and
the ratio to solder's time on the same set. Outputs go to /dev/null.
"""

import argparse
import glob
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import venv
import zipfile

WHEELS = ['numpy', 'lxml', 'pillow', 'cryptography', 'psycopg-binary', 'pyzmq']

# The facts of `solder inspect` as pyelftools and LIEF give them: headers, dynamic section,
# relocations by type, symbols with versions, notes.
PYELFTOOLS = '''
import collections, sys
from elftools.elf.elffile import ELFFile
from elftools.elf.dynamic import DynamicSection
from elftools.elf.gnuversions import GNUVerNeedSection
from elftools.elf.relocation import RelocationSection
from elftools.elf.sections import NoteSection
for path in sys.argv[1:]:
    with open(path, 'rb') as f:
        elf = ELFFile(f)
        facts = [elf.header['e_type'], elf.header['e_machine']]
        facts += [(s['p_type'], s['p_flags'], s['p_memsz']) for s in elf.iter_segments()]
        relocations = collections.Counter()
        for section in elf.iter_sections():
            if isinstance(section, DynamicSection):
                facts += [(t.entry.d_tag, getattr(t, 'needed', None)) for t in section.iter_tags()]
            elif isinstance(section, RelocationSection):
                relocations.update(r['r_info_type'] for r in section.iter_relocations())
            elif isinstance(section, GNUVerNeedSection):
                facts += [(n.name, [a.name for a in aux]) for n, aux in section.iter_versions()]
            elif isinstance(section, NoteSection):
                facts += [n['n_type'] for n in section.iter_notes()]
            elif section.name == '.dynsym':
                facts += [(s.name, s['st_shndx'], s['st_info']) for s in section.iter_symbols()]
'''
LIEF = '''
import collections, sys
import lief
for path in sys.argv[1:]:
    elf = lief.ELF.parse(path)
    facts = [elf.header.file_type, elf.header.machine_type]
    facts += [(s.type, s.flags, s.virtual_size) for s in elf.segments]
    facts += [(e.tag, e.value) for e in elf.dynamic_entries] + list(elf.libraries)
    collections.Counter(r.type for r in elf.dynamic_relocations)
    collections.Counter(r.type for r in elf.pltgot_relocations)
    facts += [(s.name, s.shndx, s.binding, s.visibility) for s in elf.dynamic_symbols]
    facts += [(r.name, [a.name for a in r.get_auxiliary_symbols()])
              for r in elf.symbols_version_requirement]
    facts += [n.type for n in elf.notes]
'''


def measure(commands):
    """Seconds, and the peak memory of the largest process in KiB, of commands in a row."""
    peak, start = 0, time.monotonic()
    for command in commands:
        with open(os.devnull, 'w') as null:
            child = subprocess.Popen(command, stdout=null, stderr=null)
        _, status, usage = os.wait4(child.pid, 0)
        # 1 is what readelf and its like say about a file with a blemish.
        if os.waitstatus_to_exitcode(status) not in (0, 1):
            sys.exit('%s ended with %d' % (command[0], os.waitstatus_to_exitcode(status)))
        peak = max(peak, usage.ru_maxrss)
    return time.monotonic() - start, peak


def compare(title, arms, rounds):
    print('\n' + title)
    times, peaks = {name: [] for name in arms}, {}
    for name, commands in arms.items():
        measure(commands)
    for _ in range(rounds):
        for name, commands in arms.items():
            seconds, peak = measure(commands)
            times[name].append(seconds)
            peaks[name] = max(peaks.get(name, 0), peak)
    base = statistics.median(times[next(iter(arms))])
    for name in arms:
        median = statistics.median(times[name])
        print('  %-34s %9.3f s %8.1f MiB %9.2f' % (name, median, peaks[name] / 1024, median / base))
    sys.stdout.flush()


def is_elf(path):
    with open(path, 'rb') as f:
        return f.read(4) == b'\x7fELF'


def copy_set(paths, folder):
    os.makedirs(folder)
    copies = []
    for i, path in enumerate(paths):
        copies.append(os.path.join(folder, '%d-%s' % (i, os.path.basename(path))))
        try:
            os.link(path, copies[-1])
        except OSError:
            shutil.copy(path, copies[-1])
    return copies


def solder_arms(solder, folder):
    return {'solder inspect': [[solder, 'inspect', '--json', '--alone', folder]],
            'solder inspect --code': [[solder, 'inspect', '--json', '--alone', '--code', folder]]}


def wheels(python, scratch):
    """Downloads the wheels and unpacks their shared objects; [] without a network."""
    folder = os.path.join(scratch, 'wheels')
    done = subprocess.run([python, '-m', 'pip', '-q', 'download', '--no-deps', '--only-binary', ':all:',
                           '-d', folder, *WHEELS])
    if done.returncode:
        return [], None
    found = glob.glob(os.path.join(folder, '*.whl'))
    out = os.path.join(scratch, 'wheel-objects')
    for wheel in found:
        with zipfile.ZipFile(wheel) as z:
            z.extractall(os.path.join(out, os.path.basename(wheel)))
    return found, out


def main():
    options = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    options.add_argument('solder')
    options.add_argument('--folder', default='/usr/lib/x86_64-linux-gnu')
    options.add_argument('--rounds', type=int, default=3)
    options.add_argument('--scratch')
    args = options.parse_args()
    scratch = args.scratch or tempfile.mkdtemp()
    paths = sorted(p for p in glob.glob(args.folder + '/*.so*')
                   if not os.path.islink(p) and os.path.isfile(p) and is_elf(p))
    if len(paths) < 300:
        sys.exit('%s has only %d shared objects; 300 are needed' % (args.folder, len(paths)))
    small = [p for p in paths if os.path.getsize(p) < 2 << 20]
    random.Random(3).shuffle(small)
    everything = copy_set(paths, os.path.join(scratch, 'all'))
    sample = copy_set(small[:60], os.path.join(scratch, 'sample'))
    size = sum(map(os.path.getsize, paths)) / 1e6
    arms = solder_arms(args.solder, os.path.join(scratch, 'all'))
    for name, tool in (('readelf -Wa', ['readelf', '-Wa']), ('eu-readelf -a', ['eu-readelf', '-a'])):
        if shutil.which(tool[0]):
            arms[name] = [tool + everything]
        else:
            print('not measured: %s needs %s' % (name, tool[0]))
    print('%-36s %9s   %8s     %9s' % ('', 'time', 'peak', 'ratio'))
    compare('%d shared objects, %.0f MB' % (len(paths), size), arms, args.rounds)

    venv.create(os.path.join(scratch, 'venv'), with_pip=True)
    python = os.path.join(scratch, 'venv/bin/python')
    done = subprocess.run([python, '-m', 'pip', '-q', 'install', 'auditwheel', 'pyelftools', 'lief'])
    if done.returncode:
        print('not measured: the Python tools need a package index')
        return
    arms = solder_arms(args.solder, os.path.join(scratch, 'sample'))
    arms['readelf -Wa'] = [['readelf', '-Wa'] + sample]
    arms['pyelftools'] = [[python, '-c', PYELFTOOLS] + sample]
    arms['LIEF'] = [[python, '-c', LIEF] + sample]
    compare('%d of them below 2 MiB' % len(sample), arms, args.rounds)

    found, folder = wheels(python, scratch)
    if not found:
        print('not measured: auditwheel needs wheels from a package index')
        return
    arms = solder_arms(args.solder, folder)
    audit = os.path.join(scratch, 'venv/bin/auditwheel')
    arms['auditwheel show'] = [[audit, 'show', wheel] for wheel in found]
    compare('the shared objects of %d wheels' % len(found), arms, args.rounds)
    if not args.scratch:
        shutil.rmtree(scratch)


if __name__ == '__main__':
    main()
