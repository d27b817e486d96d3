#!/usr/bin/env python3
"""What a compile farm costs and saves: steps made here, and with two servers of distcc.

    bench.py [--step NAME]... [--delay MS]... [--rounds N] SOLDER SEED FOLDER [-- OPTION...]

The build is `solder build OPTION...`, and SEED a cache that has its steps. Each way
gets a cache of its own in FOLDER with the steps of SEED but those named (--step, as in --plan;
cpython-compile if none is) and what needs them, and makes these. The build has the first processor that this process
may use, the servers have the second: like two machines with one processor each. A delay is the time that
bytes take on the wire, each way: whoever compiles goes through a proxy that holds them back.

Ways take turns, ROUNDS times. Prints the time that the steps named took, by solder's own records, the ratio
to the same without servers, and how many files these compiled. Exits with 1 unless all trees are the same.
"""

import argparse
import asyncio
import collections
import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'lib'))

from caches import copy_step

SERVERS = 2
JOBS = 4  # compiles at a time of each server, so that one is on the wire while another runs


def free_port():
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        return s.getsockname()[1]


class Wire(threading.Thread):
    """Forwards connections to a port, and holds bytes back for `delay` seconds, each way."""

    def __init__(self, delay, target):
        super().__init__(daemon=True)
        self.delay, self.target, self.port = delay, target, free_port()
        self.ready = threading.Event()

    async def forward(self, reader, writer):
        loop = asyncio.get_running_loop()
        while data := await reader.read(65536):
            loop.call_later(self.delay, writer.write, data)
        # After the bytes: those are due before this is.
        await asyncio.sleep(self.delay)
        if writer.can_write_eof() and not writer.is_closing():
            writer.write_eof()

    async def connection(self, reader, writer):
        try:
            to_reader, to_writer = await asyncio.open_connection('127.0.0.1', self.target)
            await asyncio.gather(self.forward(reader, to_writer), self.forward(to_reader, writer))
            to_writer.close()
        except OSError:
            pass
        writer.close()

    async def serve(self):
        await asyncio.start_server(self.connection, '127.0.0.1', self.port)
        self.ready.set()
        await asyncio.Event().wait()

    def run(self):
        asyncio.run(self.serve())


def start_servers(folder, processor):
    """The ports and the processes; each logs into a file of the folder."""
    ports, servers = [], []
    for n in range(SERVERS):
        ports.append(free_port())
        log = open(os.path.join(folder, 'distccd.%d' % n), 'w')
        servers.append(subprocess.Popen(
            ['taskset', '-c', str(processor), 'distccd', '--no-detach', '--daemon', '--listen',
             '127.0.0.1', '--allow', '127.0.0.1', '--port', str(ports[n]), '--make-me-a-botnet',
             '--jobs', str(JOBS), '--log-level', 'info', '--log-stderr'], stderr=log))
        for _ in range(100):
            if socket.socket().connect_ex(('127.0.0.1', ports[n])) == 0:
                break
            time.sleep(0.1)
        else:
            sys.exit('distccd does not listen')
    return ports, servers


def compiled(folder):
    n = 0
    for i in range(SERVERS):
        with open(os.path.join(folder, 'distccd.%d' % i)) as f:
            n += sum('COMPILE_OK' in line for line in f)
    return n


def plan(args, cache):
    done = subprocess.run([args.solder, 'build', '-n', '--json', '--cache', cache, *args.options],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode:
        sys.exit(done.stderr.strip())
    return json.loads(done.stdout)['steps']


def make_cache(args, cache):
    """A copy of the seed without the steps to be made."""
    steps = plan(args, args.seed)
    made = set(args.step)
    for s in steps:  # what is needed comes first
        if made & set(s['needs']):
            made.add(s['name'])
    if made - {s['name'] for s in steps}:
        sys.exit('this build has no step %s' % ' or '.join(made - {s['name'] for s in steps}))
    missing = [s['id'] for s in steps if s['state'] != 'reuse' and s['name'] not in made]
    if missing:
        sys.exit("'%s' lacks steps of this build; make it once with this cache: %s" % (
            args.seed, ' '.join(missing)))
    shutil.rmtree(cache, ignore_errors=True)
    os.makedirs(cache + '/store')
    subprocess.run(['cp', '-al', args.seed + '/sources', cache], check=True)
    for s in steps:
        if s['name'] not in made:
            copy_step(args.seed, cache, s['id'])


def build(args, way, ports, processor):
    """Seconds that the steps named took."""
    cache, tree = os.path.join(args.folder, 'cache'), os.path.join(args.folder, way)
    make_cache(args, cache)
    shutil.rmtree(tree, ignore_errors=True)
    env = {k: v for k, v in os.environ.items() if not k.startswith(('DISTCC', 'MAKE'))}
    words = []
    if ports:
        env['DISTCC_HOSTS'] = ' '.join('127.0.0.1:%d/%d' % (p, JOBS) for p in ports)
        words = ['--launcher', 'distcc', '--farm-jobs', str(SERVERS * JOBS)]
    done = subprocess.run(['taskset', '-c', str(processor), args.solder, 'build', '-q', '--cache', cache,
                           '-o', tree, '--jobs', '1', *words, *args.options],
                          env=env, stdout=subprocess.DEVNULL)
    if done.returncode:
        sys.exit('%s: the build failed' % way)
    return sum(s['took_ns'] for s in plan(args, cache) if s['name'] in args.step) / 1e9


def main():
    options = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    options.add_argument('solder')
    options.add_argument('seed')
    options.add_argument('folder')
    options.add_argument('--step', action='append')
    options.add_argument('--delay', action='append', type=float)
    options.add_argument('--rounds', type=int, default=1)
    options.add_argument('options', nargs='*')
    args = options.parse_args()
    args.step = args.step or ['cpython-compile']
    processors = sorted(os.sched_getaffinity(0))
    if len(processors) < 2:
        sys.exit('two processors are needed: one for the build, one for the servers')
    os.makedirs(args.folder, exist_ok=True)
    ports, servers = start_servers(args.folder, processors[1])
    ways = {'here': None}
    for delay in args.delay or [0.0, 20.0]:
        wires = [Wire(delay / 1000, port) for port in ports]
        for wire in wires:
            wire.start()
            wire.ready.wait()
        ways['farm, %g ms' % delay] = [wire.port for wire in wires]
    took, files = collections.defaultdict(list), {}
    try:
        for _ in range(args.rounds):
            for way, to in ways.items():
                before = compiled(args.folder)
                took[way].append(build(args, way, to, processors[0]))
                files[way] = compiled(args.folder) - before
                print('%-14s %6.0f s  %4d files by the servers' % (way, took[way][-1], files[way]),
                      flush=True)
    finally:
        for server in servers:
            server.terminate()
    here = statistics.median(took['here'])
    same = True
    for way in ways:
        ratio = statistics.median(t / h for t, h in zip(took[way], took['here']))
        equal = subprocess.run(['diff', '-r', '--no-dereference', os.path.join(args.folder, 'here'),
                                os.path.join(args.folder, way)], stdout=subprocess.DEVNULL).returncode == 0
        same = same and equal
        print('%-14s %6.0f s, %.2f times %.0f s; %s' % (
            way, statistics.median(took[way]), ratio, here,
            'the same tree' if equal else 'ANOTHER TREE'))
    return int(not same)


if __name__ == '__main__':
    sys.exit(main())
