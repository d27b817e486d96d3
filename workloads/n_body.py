"""The motion of the five outer bodies of the solar system: float arithmetic on lists in a double loop."""

from math import pi

from common import main

SOLAR_MASS = 4 * pi * pi


def bodies():
    """Position, velocity, mass: rounded figures, not an ephemeris."""
    year = 365.24
    rows = [
        ((0.0, 0.0, 0.0), (0.0, 0.0, 0.0), 1.0),
        ((4.84, -1.16, -0.10), (0.00166, 0.00770, -0.00007), 0.000955),
        ((8.34, 4.12, -0.40), (-0.00277, 0.00500, 0.00002), 0.000286),
        ((12.89, -15.11, -0.22), (0.00296, 0.00238, -0.00003), 0.0000437),
        ((15.38, -25.92, 0.18), (0.00268, 0.00163, -0.00010), 0.0000515),
    ]
    return [[list(place), [v * year for v in speed], mass * SOLAR_MASS] for place, speed, mass in rows]


def advance(system, pairs, step):
    for a, b in pairs:
        (ax, ay, az), speed_a, mass_a = a
        (bx, by, bz), speed_b, mass_b = b
        dx, dy, dz = ax - bx, ay - by, az - bz
        pull = step / (dx * dx + dy * dy + dz * dz) ** 1.5
        to_a, to_b = mass_b * pull, mass_a * pull
        speed_a[0] -= dx * to_a
        speed_a[1] -= dy * to_a
        speed_a[2] -= dz * to_a
        speed_b[0] += dx * to_b
        speed_b[1] += dy * to_b
        speed_b[2] += dz * to_b
    for place, speed, _ in system:
        for axis in range(3):
            place[axis] += step * speed[axis]


def energy(system, pairs):
    total = sum(mass * sum(v * v for v in speed) / 2 for _, speed, mass in system)
    for a, b in pairs:
        distance = sum((p - q) ** 2 for p, q in zip(a[0], b[0])) ** 0.5
        total -= a[2] * b[2] / distance
    return total


def work():
    system = bodies()
    pairs = [(system[i], system[j]) for i in range(5) for j in range(i)]
    before = energy(system, pairs)
    for _ in range(1000):
        advance(system, pairs, 0.01)
    after = energy(system, pairs)
    return abs(after / before - 1) < 1e-4, round(system[1][0][0], 6)


if __name__ == "__main__":
    main(work, (True, 1.557073))
