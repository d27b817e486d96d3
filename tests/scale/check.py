#!/usr/bin/env python3
"""Is simulate.py right? Graphs whose answer is known, and bounds that every schedule keeps on random
ones. Prints what failed, and at the end one line with the counts."""

import random
import sys

from simulate import Step, alone, critical_path, jobs, rows_of, steps, unchanged, unique


def rows(*lists):
    """Rows of (id, time, needs…)."""
    return {'row%d' % i: [Step(s[0], s[0], s[0], float(s[1]), tuple(s[2:]), True) for s in row]
            for i, row in enumerate(lists)}


def known():
    # A package of 4 that both need, and a compile of 3 for each.
    two = rows([('a', 4), ('b', 3, 'a')], [('a', 4), ('c', 3, 'a')])
    yield 'alone, one machine', alone(two, 1), 14
    yield 'alone, two', alone(two, 2), 7
    yield 'jobs, one machine', jobs(two, 1, 0, ()), (10, 3)
    # Both begin with the package, since neither has it yet.
    yield 'jobs, two machines', jobs(two, 2, 0, ()), (7, 4)
    yield 'jobs, at home', jobs(two, 1, 1, ()), (10, 3)
    yield 'jobs, all there', jobs(two, 2, 1, {'a', 'b', 'c'}), (2, 0)
    yield 'jobs, package there', jobs(two, 2, 1, {'a'}), (4, 2)
    yield 'steps, one machine', steps(two, 1, 0, ()), (10, 3)
    yield 'steps, two machines', steps(two, 2, 0, ()), (7, 3)
    yield 'steps, fetching', steps(two, 2, 1, ()), (8, 3)
    yield 'critical path', [s.id for s in critical_path(unique(two))], ['a', 'b']
    yield 'unchanged', unchanged(unique(two), 'b'), {'a', 'c'}
    yield 'unchanged package', unchanged(unique(two), 'a'), set()
    yield 'steps, at home', steps(two, 1, 1, ()), (10, 3)
    yield 'steps, package there', steps(two, 2, 1, {'a'}), (4, 2)
    # The long chain begins first, though it was listed last.
    late = rows([('x', 2)], [('y', 2)], [('p', 1), ('q', 3, 'p')])
    yield 'steps, longest way first', steps(late, 2, 0, ()), (4, 4)
    step = {'took_ns': 2e9, 'estimate_ns': 0, 'state': 'reuse', 'title': 'a', 'needs': []}
    plan = {'rows': [
        {'row': '3.13-x-here', 'steps': [dict(step, name='a', id='a-1'), dict(
            step, name='b', id='b-1', state='run', estimate_ns=10e9, needs=['a', 'a'])]},
        {'row': '3.13-x-there', 'failure': 'there is no compiler'}]}
    got, borrowed = rows_of(plan, 1.5)
    yield 'borrowed', borrowed, 1
    yield 'times', [s.time for s in got['3.13-x-here']], [2, 15]
    yield 'times of the nearest', [s.time for s in got['3.13-x-there']], [3, 15]
    yield 'needs of the nearest', got['3.13-x-there'][1].needs, ('a-1@there',)


def random_rows(r):
    packages = [('p%d' % i, r.uniform(1, 20)) for i in range(r.randint(1, 8))]
    lists = []
    for i in range(r.randint(1, 12)):
        kind = r.randint(0, 3)
        compiled = ('c%d' % kind, 10 + 5 * kind) + tuple(p for p, _ in packages)
        lists.append(packages + [compiled, ('l%d' % i, r.uniform(0, 3), 'c%d' % kind)])
    return rows(*lists)


def bounds(r):
    for i in range(200):
        given, m = random_rows(r), r.randint(1, 9)
        graph = unique(given)
        work = sum(s.time for s in graph.values())
        chain = sum(s.time for s in critical_path(graph))
        best, most = max(work / m, chain), work / m + chain * (m - 1) / m
        by_steps, ran = steps(given, m, 0, ())
        by_jobs, made = jobs(given, m, 0, ())
        by_one = alone(given, m)
        near = 1e-9
        # Graham's bound holds for every list schedule.
        yield 'steps %d' % i, best - near <= by_steps <= most + near and ran == len(graph), True
        yield 'jobs %d' % i, best - near <= by_jobs and made >= len(graph), True
        yield 'alone %d' % i, by_one >= best - near, True
        if m == 1:
            yield 'one machine %d' % i, abs(by_jobs - work) < 1e-6 > abs(by_steps - work), True


def main():
    bad = total = 0
    for name, got, expected in [*known(), *bounds(random.Random(1))]:
        total += 1
        if got != expected:
            bad += 1
            print('%s: %r, not %r' % (name, got, expected))
    print('%d passed, %d failed' % (total - bad, bad))
    return int(bad > 0)


if __name__ == '__main__':
    sys.exit(main())
