import numba
import numpy as np


@numba.njit
def total(values):
    s = 0.0
    for v in values:
        s += v * v
    return s


assert abs(total(np.arange(1000.0)) - 332833500.0) < 1e-6


@numba.vectorize(["float64(float64, float64)"])
def plus(a, b):
    return a + b


assert plus(np.ones(5), np.ones(5)).tolist() == [2.0] * 5
