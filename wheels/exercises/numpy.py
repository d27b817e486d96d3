import numpy as np

rng = np.random.default_rng(1)
a = rng.standard_normal((60, 60))
q, r = np.linalg.qr(a)
assert np.allclose(q @ r, a) and np.allclose(q.T @ q, np.eye(60))
assert np.allclose(np.fft.ifft(np.fft.fft(a[0])).real, a[0])
assert int(np.arange(1000).sum()) == 499500
assert np.array([3, 1, 2]).argsort().tolist() == [1, 2, 0]
