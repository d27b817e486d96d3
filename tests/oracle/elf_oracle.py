#!/usr/bin/env python3
"""Compares the facts of src/elf with what readelf prints about the same files.

    elf_oracle.py DUMPER [--sample N] [FILE ...]

DUMPER is the program built from elf_dump.c. Without files, takes N (default 300) of the ELF files
and static archives under /usr/lib and /usr/bin, the same ones every time. Prints the differences,
and at the end "N passed, N failed"; exits with 1 if any failed.
"""

import argparse
import collections
import os
import random
import re
import subprocess
import sys

MACHINES = {
    'Advanced Micro Devices X86-64': 'x86_64', 'AArch64': 'aarch64', 'Intel 80386': 'i686',
    'ARM': 'arm', 'RISC-V': 'riscv', 'PowerPC64': 'ppc64', 'IBM S/390': 's390x',
}
# By machine: relocation numbers of DTPMOD, DTPOFF, TPOFF and TLSDESC.
TLS = {
    'x86_64': ({16}, {17}, {18}, {36}),
    'aarch64': ({1028}, {1029}, {1030}, {1031}),
    'i686': ({35}, {36}, {14, 37}, {41}),
}
# readelf cuts names where its column is too narrow; i386's has another one in the ABI.
NAMES = {'R_AARCH64_JUMP_SL': 'R_AARCH64_JUMP_SLOT', 'R_X86_64_JUMP_SLO': 'R_X86_64_JUMP_SLOT',
         'R_386_JUMP_SLOT': 'R_386_JMP_SLOT'}
LEVELS = ['x86-64-baseline', 'x86-64-v2', 'x86-64-v3', 'x86-64-v4']
SYMBOL = re.compile(r'\s*(\d+): [0-9a-f]+\s+\S+\s+(\S+)\s+(\S+)\s+(\S+)\s+'
                    r'(?:\[[^]]*\]\s+)?(\S+)(?: (.*))?$')
RELOC = re.compile(r'([0-9a-f]{8,16})\s+([0-9a-f]{8,16})\s+(\S+)')
SECTION = re.compile(r'\s*\[\s*(\d+)\] (\S*)\s+(\S+)\s+([0-9a-f]+) ([0-9a-f]+) ([0-9a-f]+) '
                     r'([0-9a-f]+) ([A-Za-z ]*?)\s+(\d+)\s+(\d+)\s+(\d+)$')
SEGMENT = re.compile(r'  (\S+)\s+0x([0-9a-f]+) 0x([0-9a-f]+) 0x([0-9a-f]+) 0x([0-9a-f]+) '
                     r'0x([0-9a-f]+) (.{3}) (0x[0-9a-f]+|0)')


def run(*command):
    env = dict(os.environ, LC_ALL='C')
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=env)
    return done.stdout.decode('utf-8', 'backslashreplace')


def number(version):
    return [int(part) for part in version.split('.')]


class Elf:
    """One file as readelf shows it."""

    def __init__(self, path):
        self.path = path
        self.lines = []
        self.text = run('readelf', '-W', '-h', '-l', '-d', '-n', '-S', '-V', '--dyn-syms', path)
        self.relocations = run('readelf', '-W', '-D', '-r', path)
        self.sections = [m.groups() for m in map(SECTION.match, self.text.split('\n')) if m]
        self.segments = [m.groups() for m in map(SEGMENT.match, self.text.split('\n')) if m]
        self.tags = collections.defaultdict(list)
        for m in re.finditer(r'^ 0x[0-9a-f]+ \((\w+)\)\s+(.*)$', self.text, re.M):
            self.tags[m[1]].append(m[2].strip())
        self.dynamic = bool(self.tags)
        self.flags = ' '.join(self.tags['FLAGS']).split()
        self.flags_1 = ' '.join(self.tags['FLAGS_1']).split()
        self.bits = self.head('Class')[-2:]
        self.machine = MACHINES.get(self.head('Machine'))

    def head(self, key):
        return re.search(r'^  %s:\s+(.*)$' % key, self.text, re.M)[1]

    def add(self, key, *values):
        self.lines.append(' '.join([key, *map(str, values)]))

    def named(self, tag):
        return [re.search(r'\[(.*)\]', value)[1] for value in self.tags[tag]]

    def facts(self):
        self.headers()
        self.loader()
        self.debugging()
        symbols = self.symbols()
        self.relocs(symbols)
        self.versions()
        return self.lines

    def headers(self):
        interp = re.search(r'\[Requesting program interpreter: (.*)\]', self.text)
        kind = {'REL': 'object', 'EXEC': 'executable', 'DYN': 'shared'}[self.head('Type').split()[0]]
        if kind == 'shared' and ('PIE' in self.flags_1 or interp and not self.tags['SONAME']):
            kind = 'pie'
        self.kind = kind
        self.add('size', os.path.getsize(self.path))
        self.add('kind', kind)
        self.add('bits', self.bits)
        self.add('big_endian', int('big' in self.head('Data')))
        if self.machine:
            self.add('machine', self.machine)
        if interp:
            self.add('interp', interp[1])

    def loader(self):
        for tag in ('SONAME', 'RPATH', 'RUNPATH', 'NEEDED'):
            for value in self.named(tag):
                self.add(tag.lower(), value)
        now = bool(self.tags['BIND_NOW']) or 'BIND_NOW' in self.flags or 'NOW' in self.flags_1
        kinds = {segment[0]: segment for segment in self.segments}
        self.add('dynamic', int(self.dynamic))
        self.add('symbolic', int(bool(self.tags['SYMBOLIC']) or 'SYMBOLIC' in self.flags))
        self.add('bind_now', int(now))
        self.add('textrel', int(bool(self.tags['TEXTREL']) or 'TEXTREL' in self.flags))
        self.add('static_tls', int('STATIC_TLS' in self.flags))
        self.add('wx_segment', int(any(s[0] == 'LOAD' and 'W' in s[6] and 'E' in s[6]
                                       for s in self.segments)))
        self.add('relro', 'none' if 'GNU_RELRO' not in kinds else 'full' if now else 'partial')
        stack = kinds.get('GNU_STACK')
        self.add('stack', 'missing' if not stack else 'exec' if 'E' in stack[6] else 'nonexec')
        self.tls = kinds.get('TLS')
        if self.tls:
            self.add('tls', int(self.tls[5], 16), int(self.tls[7], 16))

    def debugging(self):
        present = {s[1] for s in self.sections if s[2] != 'NOBITS' and int(s[5], 16)}
        build_id = re.search(r'Build ID: ([0-9a-f]+)', self.text)
        if build_id:
            self.add('build_id', build_id[1])
        if '.gnu_debuglink' in present:
            dump = run('readelf', '-p', '.gnu_debuglink', self.path)
            self.add('debuglink', re.search(r'\[ *0\]  (\S+)', dump)[1])
        self.add('debug_info', int(bool(present & {'.debug_info', '.zdebug_info'})))
        self.add('symtab', int(any(s[2] == 'SYMTAB' for s in self.sections)))
        self.properties()

    def properties(self):
        marks = re.findall(r'(?:x86|AArch64) feature: ([^,\n]*(?:, (?:IBT|SHSTK|BTI|PAC)\b)*)', self.text)
        marks = {word for mark in marks for word in mark.split(', ')}
        needed = re.findall(r'x86 ISA needed: (.*)', self.text)
        level = max((LEVELS.index(w.strip()) + 1 for line in needed for w in line.split(',')
                     if w.strip() in LEVELS), default=0)
        self.add('properties', *(int(mark in marks) for mark in ('IBT', 'SHSTK', 'BTI', 'PAC')),
                 level)

    def symbols(self):
        """Adds exports and undefined symbols; returns the numbers of the undefined ones."""
        exports, undefined, numbers = set(), [], set()
        for line in self.text.split('\n'):
            # readelf names a binding of GNU's only where the header says that GNU's are in use.
            m = SYMBOL.match(line.replace('<OS specific>: 10', 'UNIQUE'))
            if not m:
                continue
            index, _, bind, visibility, section, name = m.groups()
            if section == 'UND':
                numbers.add(int(index))
            if bind not in ('GLOBAL', 'WEAK', 'UNIQUE') or not name:
                continue
            plain, _, version = name.partition('@')
            if section == 'UND':
                version = version.split(' ')[0] or '-'
                undefined.append((plain, version, int(bind == 'WEAK')))
            elif visibility in ('DEFAULT', 'PROTECTED'):
                exports.add(plain)
        for name in exports:
            self.add('export', name)
        for entry in undefined:
            self.add('undefined', *entry)
        self.undefined = {entry[0] for entry in undefined}
        return numbers

    def relocs(self, undefined):
        counts = collections.Counter()
        kinds = TLS.get(self.machine, ({}, {}, {}, {}))
        tls, own = [0, 0, 0, 0], 0
        for line in self.relocations.split('\n'):
            m = RELOC.match(line)
            if not m:
                continue
            info = int(m[2], 16)
            symbol, kind = (info >> 32, info & 0xffffffff) if self.bits == '64' else \
                (info >> 8, info & 0xff)
            counts[kind, m[3]] += 1
            for i, numbers in enumerate(kinds):
                if kind in numbers:
                    tls[i] += 1
                    own += symbol == 0 or symbol not in undefined
        for (kind, name), count in counts.items():
            self.add('reloc', kind, NAMES.get(name, name), count)
        self.add('relr', sum(map(int, re.findall(r'^\s*(\d+) offsets?$', self.relocations, re.M))))
        self.add('tls_relocs', *tls, own)
        self.add('tls_model', self.model(tls, own))

    def model(self, tls, own):
        if self.kind in ('executable', 'pie') and self.tls and not own:
            return 'local-exec'
        if tls[0]:
            return 'global-dynamic'
        if tls[3]:
            return 'descriptors'
        if tls[2] or 'STATIC_TLS' in self.flags:
            return 'initial-exec'
        if self.undefined & {'__tls_get_addr', '___tls_get_addr'}:
            return 'global-dynamic'
        return 'none'

    def versions(self):
        part = self.text.partition('Version needs section')[2]
        file, best = None, None
        for m in re.finditer(r'File: (\S+) |Name: (\S+) ', part):
            if m[1]:
                file = m[1]
                continue
            self.add('version', file, m[2])
            # The name by which loaders before 2.36 refuse packed relative relocations.
            name = 'GLIBC_2.36' if m[2] == 'GLIBC_ABI_DT_RELR' else m[2]
            version = re.fullmatch(r'GLIBC_(\d[\d.]*)', name)
            if version and (not best or number(version[1]) > number(best)):
                best = version[1]
        if best:
            self.add('glibc', best)


def archive_member(text, totals):
    """Adds one member's relocations and symbols to the totals."""
    sections = {m[1]: m for m in map(SECTION.match, text.split('\n')) if m}
    by_offset = {int(m[5], 16): m for m in sections.values() if m[3] in ('RELA', 'REL')}
    names = [m[2] for m in sections.values()]
    loaded = any('A' in m[8] and m[3] != 'NOTE' and int(m[6], 16) for m in sections.values())
    lto = any(name.startswith(('.gnu.lto_', '.llvm.lto')) for name in names)
    if lto and not loaded:
        totals['lto'] += 1
        return
    totals['fat_lto'] += lto
    alloc = False
    for line in text.split('\n'):
        m = re.match(r"Relocation section '.*' at offset 0x([0-9a-f]+)", line)
        if m:
            alloc = 'A' in sections[by_offset[int(m[1], 16)][10]][8]
        m = RELOC.match(line)
        if m and alloc and int(m[2], 16) & 0xffffffff in (10, 11):
            totals['abs32'] += 1
        m = SYMBOL.match(line)
        if m and m[3] in ('GLOBAL', 'WEAK', 'UNIQUE') and m[5] != 'UND':
            totals['globals'] += 1


def archive_facts(path):
    totals = collections.Counter()
    text = run('readelf', '-W', '-h', '-S', '-r', '-s', path)
    members = text.split('\nFile: ')[1:]
    machines = re.findall(r'^  Machine:\s+(.*)$', text, re.M)
    for member in members:
        archive_member(member, totals)
    lines = ['members %d' % len(run('ar', 't', path).splitlines()), 'bitcode 0', 'foreign 0',
             'bits ' + re.search(r'Class:\s+ELF(\d+)', text)[1], 'machine ' + MACHINES[machines[0]]]
    return lines + ['%s %d' % (key, totals[key]) for key in ('lto', 'fat_lto', 'abs32', 'globals')]


def magic(path):
    try:
        with open(path, 'rb') as f:
            return f.read(8)
    except OSError:
        return b''


def find_files(sample):
    found = []
    for root in ('/usr/lib', '/usr/bin'):
        for folder, _, names in os.walk(root):
            for name in names:
                path = os.path.join(folder, name)
                if not os.path.islink(path) and os.path.isfile(path):
                    start = magic(path)
                    if start[:4] == b'\x7fELF' or start == b'!<arch>\n':
                        found.append(path)
    found.sort()
    random.Random(1).shuffle(found)
    return found[:sample]


def compare(dumper, path):
    if magic(path) == b'!<arch>\n':
        if not run('readelf', '-W', '-h', path).count('ELF Header'):
            return None
        ours, theirs = run(dumper, '-a', path), archive_facts(path)
    else:
        ours, theirs = run(dumper, path), Elf(path).facts()
    ours = collections.Counter(ours.splitlines())
    theirs = collections.Counter(theirs)
    return ['ours:    ' + line for line in (ours - theirs).elements()] + \
           ['readelf: ' + line for line in (theirs - ours).elements()]


def main():
    options = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    options.add_argument('dumper')
    options.add_argument('--sample', type=int, default=300)
    options.add_argument('files', nargs='*')
    args = options.parse_args()
    passed = failed = 0
    for path in args.files or find_files(args.sample):
        differences = compare(args.dumper, path)
        if differences is None:
            continue
        if not differences:
            passed += 1
            continue
        failed += 1
        print(path)
        for line in differences[:10]:
            print('   ', line)
    print('%d passed, %d failed' % (passed, failed))
    return 1 if failed or not passed else 0


if __name__ == '__main__':
    sys.exit(main())
