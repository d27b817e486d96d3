import numpy as np
from scipy import integrate, linalg, optimize, sparse, special, stats
from scipy.sparse.linalg import spsolve

assert abs(integrate.quad(np.sin, 0, np.pi)[0] - 2) < 1e-9
best = optimize.minimize(lambda x: (x[0] - 1) ** 2 + (x[1] + 2) ** 2, [0, 0])
assert np.allclose(best.x, [1, -2], atol=1e-4)
a = sparse.diags([1.0, 4.0, 1.0], [-1, 0, 1], shape=(50, 50), format="csc")
x = spsolve(a, np.ones(50))
assert np.allclose(a @ x, 1)
assert np.allclose(linalg.expm(np.zeros((3, 3))), np.eye(3))
assert abs(special.gamma(5) - 24) < 1e-9
assert abs(stats.norm.cdf(1.96) - 0.975) < 1e-3
