#!/usr/bin/env python3
"""How long would a matrix take on many machines? Simulated from the times of steps that were built.

    simulate.py [--plan FILE] [--machines 1,4,16,64] [--factor F] [--fetch S] [--changed STEP]
                SOLDER MATRIX.yaml [-- OPTION...]

'solder build --matrix MATRIX.yaml -n --json' gives the graph: each row's steps, their keys, what they
need, and how long they took. --plan FILE keeps its output, or takes it from there. Times are

- that of the step itself, if this cache has it;
- else F times (1.2) that of the latest step of the same name;
- for a row that cannot be planned here (no compiler for its target), F times those of the nearest
  row: the same version and options for the first target that can. It shares steps with rows of its
  own target only.

A machine is one like the one whose times these are, and runs one step at a time. Fetching a step
from the shared cache takes S seconds (1); what a machine made or fetched, it has. Three ways to share
the work:

  alone   a job for each row on a machine that knows nothing, the longest first (a CI without a cache)
  jobs    the same jobs in the matrix's order, with a shared cache: what is there when a job comes to
          the step is fetched, what another job is just making is made again
  steps   a scheduler that knows the graph: each step once, what has the longest way to go first

and what none can beat: all work divided by the machines, or the longest chain. With --changed, the
shared cache has everything to begin with but that step and what depends on it.
"""

import argparse
import collections
import heapq
import json
import os
import subprocess
import sys

Step = collections.namedtuple('Step', 'id name title time needs recorded')


# ---- the graph ---------------------------------------------------------------------------------

def time_of(step, factor):
    if step['state'] == 'reuse' and step['took_ns']:
        return step['took_ns'] / 1e9, True
    if not step['estimate_ns']:
        sys.exit("no step '%s' was ever built here: build one row first" % step['name'])
    return factor * step['estimate_ns'] / 1e9, False


def steps_of(row, suffix, factor):
    """The row's steps in an order in which they can run."""
    ids = {s['name']: s['id'] + suffix for s in row['steps']}
    steps = []
    for s in row['steps']:
        time, recorded = time_of(s, factor)
        if suffix:
            time, recorded = (factor * time if recorded else time), False
        needs = tuple(dict.fromkeys(ids[n] for n in s['needs']))
        steps.append(Step(ids[s['name']], s['name'], s['title'], time, needs, recorded))
    return steps


def rows_of(plan, factor):
    """{row: steps}, and how many rows stand for others."""
    good = [r for r in plan['rows'] if not r.get('failure')]
    if not good:
        sys.exit('no row can be planned here: ' + plan['rows'][0]['failure'])
    rows, seen, borrowed = {}, {}, 0
    for r in plan['rows']:
        nearest, suffix = r, ''
        if r.get('failure'):
            version, options, target = (r['row'].split('-', 2) + [''])[:3]
            nearest = next((g for g in good if g['row'].split('-', 2)[:2] == [version, options]),
                           None)
            if not nearest:
                sys.exit("'%s' cannot be built for any target: %s" % (r['row'], r['failure']))
            suffix = '@' + target
            borrowed += 1
        # Something may have been built while the plan was made.
        rows[r['row']] = [seen.setdefault(s.id, s) for s in steps_of(nearest, suffix, factor)]
    return rows, borrowed


def unique(rows):
    return {s.id: s for steps in rows.values() for s in steps}


def users_of(graph):
    """For each step those that need it."""
    users = collections.defaultdict(list)
    for s in graph.values():
        for n in s.needs:
            users[n].append(s.id)
    return users


def ways(graph):
    """For each step the time of the longest chain from its start to an end, and what follows."""
    users, way, after = users_of(graph), {}, {}

    def visit(i):
        if i not in way:
            after[i] = max(users[i], key=visit, default=None)
            way[i] = graph[i].time + (way[after[i]] if after[i] else 0)
        return way[i]
    for i in graph:
        visit(i)
    return way, after


def critical_path(graph):
    way, after = ways(graph)
    chain, i = [], max(way, key=way.get, default=None)
    while i:
        chain.append(graph[i])
        i = after[i]
    return chain


# ---- ways to share the work --------------------------------------------------------------------

def alone(rows, machines):
    free = [0.0] * machines
    for time in sorted((sum(s.time for s in steps) for steps in rows.values()), reverse=True):
        heapq.heappush(free, heapq.heappop(free) + time)
    return max(free)


def jobs(rows, machines, fetch, cached):
    """Time, and how many steps ran. Machines act in the order of time, so that what is in the cache
    at that moment is known."""
    queue, made, ran, end = collections.deque(rows.values()), dict.fromkeys(cached, 0.0), 0, 0.0
    events = [(0.0, m, None, 0) for m in range(machines)]
    has = [set() for _ in range(machines)]
    while events:
        now, m, steps, i = heapq.heappop(events)
        if steps is None or i == len(steps):
            end = max(end, now if steps else 0.0)
            if queue:
                heapq.heappush(events, (now, m, queue.popleft(), 0))
            continue
        step = steps[i]
        if step.id in has[m]:
            done = now
        elif made.get(step.id, float('inf')) <= now:
            done = now + fetch
        else:
            ran += 1
            done = now + step.time
            made[step.id] = min(done, made.get(step.id, done))
        has[m].add(step.id)
        heapq.heappush(events, (done, m, steps, i + 1))
    return end, ran


def steps(rows, machines, fetch, cached):
    graph = {i: s for i, s in unique(rows).items() if i not in cached}
    way, _ = ways(graph)
    users = users_of(graph)
    waits = {i: sum(n in graph for n in s.needs) for i, s in graph.items()}
    ready = [(-way[i], i) for i in graph if not waits[i]]
    heapq.heapify(ready)
    running, now, idle = [], 0.0, list(range(machines))
    has = [set() for _ in range(machines)]
    while ready or running:
        while ready and idle:
            _, i = heapq.heappop(ready)
            lacks = [len(set(graph[i].needs) - has[m]) for m in idle]
            m = idle.pop(lacks.index(min(lacks)))
            heapq.heappush(running, (now + graph[i].time + fetch * min(lacks), i, m))
            has[m].update(graph[i].needs, [i])
        now, i, m = heapq.heappop(running)
        idle.append(m)
        for user in users[i]:
            waits[user] -= 1
            if not waits[user]:
                heapq.heappush(ready, (-way[user], user))
    return now, len(graph)


def unchanged(graph, name):
    """Steps that do not depend on those of that name."""
    changed = {i for i, s in graph.items() if s.name == name}
    if not changed:
        sys.exit("there is no step '%s'" % name)
    more = True
    while more:
        found = {i for i, s in graph.items() if i not in changed and changed & set(s.needs)}
        more = bool(found)
        changed |= found
    return set(graph) - changed


# ---- words -------------------------------------------------------------------------------------

def span(seconds):
    hours, minutes = divmod(round(seconds / 60), 60)
    return '%d h %02d' % (hours, minutes) if hours else '%d min' % minutes


def read_plan(args):
    if args.plan and os.path.exists(args.plan):
        with open(args.plan) as f:
            return json.load(f)
    command = [args.solder, 'build', '--matrix', args.matrix, '-n', '--json', '--keep-going']
    done = subprocess.run(command + args.options, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True)
    if not done.stdout.startswith('{'):
        sys.exit('no plan: ' + done.stderr.strip())
    if args.plan:
        with open(args.plan, 'w') as f:
            f.write(done.stdout)
    return json.loads(done.stdout)


def tell(args, rows, borrowed):
    graph = unique(rows)
    cached = unchanged(graph, args.changed) if args.changed else set()
    work = sum(s.time for i, s in graph.items() if i not in cached)
    each = sum(s.time for row in rows.values() for s in row)
    print('%d rows, %d of them by the nearest row; %d steps in all, %d different ones' % (
        len(rows), borrowed, sum(map(len, rows.values())), len(graph)))
    print('recorded times: %d different steps; by rule: %d (factor %g)' % (
        sum(s.recorded for s in graph.values()), sum(not s.recorded for s in graph.values()),
        args.factor))
    print('work: %s, each row alone %s' % (span(work), span(each)))
    if args.changed:
        print('in the cache: all but %s and what depends on it, %d of %d steps' % (
            args.changed, len(cached), len(graph)))
    chain = critical_path({i: s for i, s in graph.items() if i not in cached})
    print('longest chain: %s: %s' % (span(sum(s.time for s in chain)), ', '.join(
        '%s%s (%s)' % (s.title, s.id.partition('@')[2] and ' of ' + s.id.partition('@')[2],
                       span(s.time) if s.time >= 30 else '%.0f s' % s.time) for s in chain)))
    print()
    print('| machines | alone | jobs, shared cache (steps run) | steps, shared cache | at best |')
    print('| ---: | ---: | ---: | ---: | ---: |')
    for m in args.machines:
        time, ran = jobs(rows, m, args.fetch, cached)
        print('| %d | %s | %s (%d) | %s | %s |' % (
            m, span(alone(rows, m)), span(time), ran,
            span(steps(rows, m, args.fetch, cached)[0]),
            span(max(work / m, sum(s.time for s in chain)))))


def main():
    options = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    options.add_argument('solder')
    options.add_argument('matrix')
    options.add_argument('--plan')
    options.add_argument('--machines', default='1,4,16,64')
    options.add_argument('--factor', type=float, default=1.2)
    options.add_argument('--fetch', type=float, default=1)
    options.add_argument('--changed')
    options.add_argument('options', nargs='*')
    args = options.parse_args()
    args.machines = [int(m) for m in args.machines.split(',')]
    tell(args, *rows_of(read_plan(args), args.factor))


if __name__ == '__main__':
    main()
