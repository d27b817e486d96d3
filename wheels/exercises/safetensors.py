# requires: numpy
import numpy
from safetensors.numpy import load, save

tensors = {"a": numpy.arange(12, dtype="float32").reshape(3, 4), "b": numpy.ones(5, dtype="int64")}
again = load(save(tensors))
assert all((again[k] == tensors[k]).all() for k in tensors)
