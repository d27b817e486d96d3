import io

import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot as plt

figure, axes = plt.subplots()
axes.plot([1, 2, 3], [1, 4, 9], label="square")
axes.contourf([[0, 1], [1, 2]])
axes.set_title("$x^2$")
axes.legend()
for kind, magic in (("png", b"\x89PNG"), ("svg", b"<?xml"), ("pdf", b"%PDF")):
    out = io.BytesIO()
    figure.savefig(out, format=kind)
    assert out.getvalue().startswith(magic) and len(out.getvalue()) > 2000
