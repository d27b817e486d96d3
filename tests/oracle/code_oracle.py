#!/usr/bin/env python3
"""Compares the code sites of src/elf with what must be there.

    code_oracle.py DUMPER [--files N]

DUMPER is the program built from elf_dump.c. First, sites.c is compiled in many ways, each with a
known number of sites per function; the same files are read again without symbols and without
section headers. Then N (default 6) of the system's shared objects and programs are compared with
objdump -d, instruction by instruction, and with Capstone. Prints the differences, and at the end
"N passed, N failed, N skipped".
"""

import argparse
import collections
import os
import random
import re
import shutil
import struct
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))

# What t_FUNCTION has in a shared library, built with -O2 -fPIC: {class: count}.
SHARED = {
    'local': {'call-direct': 2}, 'own': {'call-plt-own': 1}, 'other': {'call-plt-other': 2},
    'tail': {'call-plt-other': 1}, 'pointer': {'call-indirect': 1}, 'data': {'got-load': 1},
    'tls': {'tls-general-dynamic': 1}, 'tls_address': {'tls-general-dynamic': 1},
    'tls_hidden': {'tls-local-dynamic': 1}, 'none': {},
}
OTHER_GOT = {'other': {'call-got': 2}, 'tail': {'call-got': 1}}
# Calls within a program are direct, and the linker relaxes its thread-local accesses.
PROGRAM = dict(SHARED, own={'call-direct': 1}, tls={'tls-local-exec': 1},
               tls_address={'tls-local-exec': 1}, tls_hidden={'tls-local-exec': 1})
# Without a register for the address, each of four accesses names the thread pointer.
FIXED = dict(PROGRAM, data={}, tls_hidden={'tls-local-exec': 4})
ALONE = dict(FIXED, other={'call-direct': 2}, tail={'call-direct': 1})


def all_tls(model, hidden=1):
    return {'tls': {model: 1}, 'tls_address': {model: 1}, 'tls_hidden': {model: hidden}}


# Name, flags, what is there. `alone` links other.c in, `program` makes an executable.
X86 = [
    ('lazy', '-fPIC -shared -Wl,-z,lazy', SHARED),
    ('now', '-fPIC -shared -Wl,-z,now', SHARED),
    ('cet', '-fPIC -shared -fcf-protection -Wl,-z,ibtplt', SHARED),
    ('cet-now', '-fPIC -shared -fcf-protection -Wl,-z,ibtplt,-z,now', SHARED),
    ('protector', '-fPIC -shared -fstack-protector-all', SHARED),
    ('frame', '-fPIC -shared -fno-omit-frame-pointer', SHARED),
    ('initial-exec', '-fPIC -shared -ftls-model=initial-exec',
     dict(SHARED, **all_tls('tls-initial-exec', 2))),
    ('pie', '-fPIC -pie program', PROGRAM),
    ('fixed', '-fno-pie -no-pie program', FIXED),
    ('static', '-fno-pie -static program alone', ALONE),
]
GCC_X86 = [
    ('no-plt', '-fPIC -shared -fno-plt', dict(SHARED, own={'call-got': 1}, **OTHER_GOT)),
    ('no-plt-pie', '-fPIE -pie -fno-plt program',
     dict(PROGRAM, data={}, tls_hidden={'tls-local-exec': 4}, **OTHER_GOT)),
    ('descriptors', '-fPIC -shared -mtls-dialect=gnu2', dict(SHARED, **all_tls('tls-descriptor'))),
    ('descriptors-pie', '-fPIC -pie -mtls-dialect=gnu2 program',
     dict(PROGRAM, tls_hidden={'tls-local-exec': 2})),
    # Without optimisation, gcc has no local-dynamic model.
    ('O0', '-O0 -fPIC -shared', dict(SHARED, tls_hidden={'tls-general-dynamic': 6})),
    ('gold', '-fPIC -shared -fuse-ld=gold', SHARED),
]
CLANG_X86 = [
    # clang's flag leaves calls to what it compiles itself alone.
    ('no-plt', '-fPIC -shared -fno-plt', dict(SHARED, **OTHER_GOT)),
    ('O0', '-O0 -fPIC -shared', dict(SHARED, tls_hidden={'tls-local-dynamic': 2})),
    ('lld', '-fPIC -shared -fuse-ld=lld', SHARED),
]
# No compiler for AArch64 has a local-dynamic model of its own by default; both hidden variables are
# reached from one address.
DESC = dict(SHARED, **all_tls('tls-descriptor'))
ARM = [
    ('lazy', '-fPIC -shared -Wl,-z,lazy', DESC),
    ('bti', '-fPIC -shared -mbranch-protection=standard -Wl,-z,now', DESC),
    ('protector', '-fPIC -shared -fstack-protector-all', DESC),
    ('general-dynamic', '-fPIC -shared -mtls-dialect=trad',
     dict(SHARED, **all_tls('tls-general-dynamic'))),
    ('initial-exec', '-fPIC -shared -ftls-model=initial-exec',
     dict(SHARED, **all_tls('tls-initial-exec'))),
    ('no-plt', '-fPIC -shared -fno-plt', dict(DESC, own={'call-got': 1}, **OTHER_GOT)),
    ('pie', '-fPIC -pie program', PROGRAM),
    ('static', '-static program alone',
     dict(PROGRAM, other={'call-direct': 2}, tail={'call-direct': 1})),
]
COMPILERS = [
    ('gcc', X86 + GCC_X86), ('clang-14', X86 + CLANG_X86), ('aarch64-linux-gnu-gcc', ARM),
]
Insn = collections.namedtuple('Insn', 'length kind site target symbol function')


class Counts:
    def __init__(self):
        self.passed = self.failed = self.skipped = 0

    def result(self, name, differences):
        if not differences:
            self.passed += 1
            return
        self.failed += 1
        print(name)
        for line in differences[:10]:
            print('   ', line)

    def skip(self, name, reason):
        self.skipped += 1
        print('skipped: %s: %s' % (name, reason))


def run(*command):
    env = dict(os.environ, LC_ALL='C')
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=env)
    return done.returncode, done.stdout.decode('utf-8', 'backslashreplace')


def read(dumper, how, path):
    """The instructions (or the sites alone) by address, and the counts."""
    insns, totals = {}, {}
    status, text = run(dumper, how, path)
    for line in text.splitlines():
        words = line.split(' ')
        if len(words) == 2:
            totals[words[0]] = int(words[1])
        elif status == 0:
            insns[int(words[0], 16)] = Insn(int(words[1]), words[2], words[3] == '1',
                                            int(words[4], 16), words[5], ' '.join(words[6:]))
    if status:
        return {}, {'error': text.strip()}
    return insns, totals


def compile_all(compiler, name, flags, folder):
    """Returns the file, or None and the compiler's words."""
    words = flags.split()
    options = [w for w in words if w not in ('alone', 'program')]
    out = os.path.join(folder, name)
    other, library = os.path.join(folder, 'other.c'), os.path.join(folder, 'libother.so')
    if not os.path.exists(library):
        status, text = run(compiler, '-O2', '-fPIC', '-shared', '-o', library, other)
        if status:
            return None, text
    sources = [os.path.join(HERE, 'sites.c')]
    if 'program' in words:
        sources.append(os.path.join(folder, 'main.c'))
    sources += [other] if 'alone' in words else ['-L' + folder, '-lother']
    status, text = run(compiler, '-O2', *options, '-o', out, *sources)
    return (None if status else out), text


def compare_sites(insns, expected):
    """`expected` is {function: {class: count}}."""
    found = {'t_' + name: collections.Counter() for name in expected}
    for insn in insns.values():
        # The check of the stack protector comes on top of what is written in the program.
        if insn.function in found and not insn.symbol.startswith('__stack_chk_'):
            found[insn.function][insn.kind] += 1
    return ['t_%s: found %s, expected %s' % (name, dict(found['t_' + name]), sites)
            for name, sites in expected.items() if found['t_' + name] != sites]


def without_sections(path):
    with open(path, 'rb') as f:
        data = bytearray(f.read())
    struct.pack_into('<Q', data, 40, 0)
    struct.pack_into('<HHH', data, 58, 0, 0, 0)
    with open(path + '.bare', 'wb') as f:
        f.write(data)
    return path + '.bare'


def without_symbols(path):
    tool = 'aarch64-linux-gnu-strip' if 'aarch64' in path else 'strip'
    run(tool, '-o', path + '.stripped', path)
    return path + '.stripped'


def compare_stripped(dumper, whole, path):
    """The sites of the functions t_… must be the same ones. A slot of the GOT that has no symbol
    cannot be told from other data without section headers."""
    insns, totals = read(dumper, '-s', path)
    if 'error' in totals:
        return [totals['error']]
    wanted = {a: i.kind for a, i in whole.items() if i.function.startswith('t_')}
    got = {a: insns[a].kind if a in insns else 'nothing' for a in wanted}
    return ['%x: %s, but %s without' % (a, wanted[a], got[a]) for a in wanted if wanted[a] != got[a]]


def constructed(dumper, counts):
    for compiler, cases in COMPILERS:
        if not shutil.which(compiler):
            counts.skip(compiler, 'not installed')
            continue
        with tempfile.TemporaryDirectory() as folder:
            with open(os.path.join(folder, 'other.c'), 'w') as f:
                f.write('int other(int x) { return x; }\nint other_data = 3;\n')
            with open(os.path.join(folder, 'main.c'), 'w') as f:
                f.write('int t_other(int);\nint main(void) { return t_other(0); }\n')
            for case, flags, expected in cases:
                name = compiler + '-' + case
                path, words = compile_all(compiler, name, flags, folder)
                if not path and re.search(r'cannot find .ld|invalid linker', words):
                    counts.skip(name, 'no such linker')
                    continue
                if not path:
                    counts.result(name, words.splitlines())
                    continue
                whole, totals = read(dumper, '-s', path)
                counts.result(name, compare_sites(whole, expected) if whole else [str(totals)])
                counts.result(name + ', stripped',
                              compare_stripped(dumper, whole, without_symbols(path)))
                if case != 'static':  # there, nothing but section headers leads to the code
                    counts.result(name + ', no section headers',
                                  compare_stripped(dumper, whole, without_sections(path)))


CALL = re.compile(r'(?:(?:data16|rex\.W|addr32|bnd|notrack) )*call +(\*?)(\S+)(?: +<([^>]*)>)?')
ARM_CALL = re.compile(r'bl(r?[a-z]*)\t(\S+)(?: +<([^>]*)>)?')
JUMP = re.compile(r'(bnd |notrack |data16 )*j|(b|br|braa|b\.\w+|cbn?z|tbn?z)\t')
ARM_ROOT = '/usr/aarch64-linux-gnu/lib/'
TRANSFERS = {'call-direct', 'call-plt-own', 'call-plt-other', 'call-got', 'call-indirect',
             'tls-general-dynamic', 'tls-local-dynamic', 'tls-descriptor'}


def objdump(path):
    tool = 'aarch64-linux-gnu-objdump' if path.startswith(ARM_ROOT) else 'objdump'
    process = subprocess.Popen([tool, '-d', '--no-show-raw-insn', path],
                               stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                               env=dict(os.environ, LC_ALL='C'))
    for line in process.stdout:
        address, tab, text = line.decode('utf-8', 'replace').partition(':\t')
        if tab:
            yield int(address, 16), text.strip()
    process.wait()


def compare_call(insn, m):
    """What objdump prints as a call must be one of ours, and of the kind that it prints."""
    star, where, name = m.groups()
    if insn.kind not in TRANSFERS or not insn.site:
        return False
    if insn.kind.startswith('tls'):
        return insn.kind == 'tls-descriptor' or not name or '__tls_get_addr' in name or bool(star)
    if star:
        return insn.kind in ('call-got', 'call-indirect')
    stub = bool(name) and name.endswith('@plt')
    if stub:
        symbol = re.sub(r'@plt.*|@.*', '', name)
        return insn.kind.startswith('call-plt') and \
            (symbol.startswith('*ABS*') or symbol == insn.symbol)
    return insn.kind == 'call-direct' and int(where, 16) == insn.target


def compare_objdump(dumper, path):
    ours, totals = read(dumper, '-i', path)
    if 'error' in totals:
        return [totals['error']]
    differences, theirs = [], set()
    call = ARM_CALL if path.startswith(ARM_ROOT) else CALL
    for address, text in objdump(path):
        theirs.add(address)
        insn = ours.get(address)
        m = call.match(text)
        if insn and m and insn.kind != 'plt-stub' and not compare_call(insn, m):
            differences.append('%x: %s, but %s %s' % (address, text, insn.kind, insn.symbol))
        if insn and text.startswith('(bad)') and insn.kind != 'unknown':
            differences.append('%x: %s, but %s' % (address, text, insn.kind))
        elif insn and not m and insn.kind in TRANSFERS and insn.site and \
                not JUMP.match(text):
            differences.append('%x: %s, but %s' % (address, text, insn.kind))
    for address, insn in ours.items():
        if address not in theirs and insn.kind != 'unknown':
            differences.append('%x: inside an instruction of objdump' % address)
    status, text = run(dumper, '-k', path)
    return differences + (text.splitlines() if status else [])


def is_elf(path):
    try:
        with open(path, 'rb') as f:
            head = f.read(20)
    except OSError:
        return False
    return head[:5] == b'\x7fELF\x02' and head[16:17] in b'\x02\x03' and head[18:20] == b'\x3e\x00'


def find_files(sample):
    found = []
    for root in ('/usr/lib/x86_64-linux-gnu', '/usr/bin'):
        for folder, _, names in os.walk(root):
            for name in names:
                path = os.path.join(folder, name)
                if not os.path.islink(path) and os.path.isfile(path) and \
                        os.path.getsize(path) < 2 << 20 and is_elf(path):
                    found.append(path)
    found.sort()
    random.Random(2).shuffle(found)
    # Those of the C library that comes with the cross compiler.
    arm = [ARM_ROOT + name for name in ('libgomp.so.1', 'libc.so.6', 'libstdc++.so.6')]
    arm = [path for path in arm if os.path.exists(path)]
    return found[:sample] + (arm if sample > 20 else arm[:1])


def main():
    options = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    options.add_argument('dumper')
    options.add_argument('--files', type=int, default=6)
    args = options.parse_args()
    counts = Counts()
    constructed(args.dumper, counts)
    for path in find_files(args.files):
        counts.result(path, compare_objdump(args.dumper, path))
    print('%d passed, %d failed, %d skipped' % (counts.passed, counts.failed, counts.skipped))
    return 1 if counts.failed or not counts.passed else 0


if __name__ == '__main__':
    sys.exit(main())
