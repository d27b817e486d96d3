import numpy as np
from sklearn.cluster import KMeans
from sklearn.datasets import make_blobs
from sklearn.ensemble import RandomForestClassifier
from sklearn.svm import SVC

x, y = make_blobs(300, centers=3, cluster_std=0.5, random_state=0)
assert RandomForestClassifier(20, random_state=0).fit(x, y).score(x, y) > 0.99
assert SVC().fit(x, y).score(x, y) > 0.99
labels = KMeans(3, n_init=3, random_state=0).fit_predict(x)
assert all(len(set(labels[y == k])) == 1 for k in range(3))
assert np.isfinite(x).all()
