"""Pools hosts a second time, for stats.py: from the description in src/bench/pool.c, with other
algorithms. F by integrating its density, tau by Paule's and Mandel's own iteration, which is
Newton's, Student's t for broken degrees of freedom by integration, too."""

import math

STEPS = 4000


def simpson(f, low, high):
    h = (high - low) / STEPS
    inside = sum((4 if i % 2 else 2) * f(low + i * h) for i in range(1, STEPS))
    return (f(low) + inside + f(high)) * h / 3


def f_tail(f, between, within):
    """P(F >= f). With x = within / (within + between F) it is the integral of a beta density up
    to x; x = u^4 takes the singular ends away when the exponents are small."""
    a, b = within / 2, between / 2
    log_beta = math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)
    x = within / (within + between * f)

    def density(start, p, q):
        def value(u):
            t = u ** 4
            if t <= 0 or t >= 1:
                return 0.0
            return 4 * u ** 3 * math.exp((p - 1) * math.log(t) + (q - 1) * math.log1p(-t)
                                         - log_beta)
        return simpson(value, 0, start ** 0.25)
    return density(x, a, b) if x < 0.5 else 1 - density(1 - x, b, a)


def t_two_sided(t, df):
    return f_tail(t * t, 1, df)


def t_quantile(df, tail):
    low, high = 0.0, 1.0
    while t_two_sided(high, df) / 2 > tail:
        high *= 2
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if t_two_sided(middle, df) / 2 > tail else (low, middle)
    return low


def mean(values, weights):
    return sum(v * w for v, w in zip(values, weights)) / sum(weights)


def paule_mandel(y, variance):
    tau2 = 0.0
    for _ in range(1000):
        w = [1 / (v + tau2) for v in variance]
        m = mean(y, w)
        excess = sum(a * (x - m) ** 2 for a, x in zip(w, y)) - (len(y) - 1)
        if excess <= 0 and tau2 == 0:
            return 0.0
        slope = sum(a * a * (x - m) ** 2 for a, x in zip(w, y))
        step = excess / slope
        tau2 = max(0.0, tau2 + step)
        if abs(step) <= 1e-15 * tau2:
            break
    return tau2


def all_equal(hosts, alpha, margin):
    for i, (y, s, n) in enumerate(hosts):
        for z, r, m in hosts[:i]:
            v, w = s * s, r * r
            df = (v + w) ** 2 / (v * v / n + w * w / m)
            if abs(y - z) + t_quantile(df, alpha / 2) * math.sqrt(v + w) > math.log(1 + margin):
                return 0
    return 1


def pool(hosts, alpha=0.05, margin=0.01):
    """log, half-width, half-width of one more host, tau, I^2, Q, p, all equal."""
    k = len(hosts)
    y, variance, df = [h[0] for h in hosts], [h[1] ** 2 for h in hosts], [h[2] for h in hosts]
    w = [1 / v for v in variance]
    q = sum(a * (x - mean(y, w)) ** 2 for a, x in zip(w, y))
    h = sum((1 - a / sum(w)) ** 2 / n for a, n in zip(w, df))
    f = q / (k - 1) / (1 + 2 * (k - 2) * h / (k * k - 1))
    tau2 = paule_mandel(y, variance)
    weights = [1 / (v + tau2) for v in variance]
    error = 1 / math.sqrt(sum(weights))
    other = t_quantile(k - 2, alpha / 2) * math.sqrt(tau2 + error ** 2) if k > 2 else 0.0
    return [mean(y, weights), t_quantile(k - 1, alpha / 2) * error, other, math.sqrt(tau2),
            max(0.0, (q - k + 1) / q) if q else 0.0, q, f_tail(f, k - 1, (k * k - 1) / (3 * h)),
            float(all_equal(hosts, alpha, margin))]
