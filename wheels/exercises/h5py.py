import h5py
import numpy as np

with h5py.File("x.h5", "w") as f:
    f.create_dataset("g/d", data=np.arange(10000).reshape(100, 100), compression="gzip",
                     chunks=(10, 100))
    f["g"].attrs["unit"] = "m"
with h5py.File("x.h5") as f:
    assert f["g/d"][50, 1:3].tolist() == [5001, 5002] and f["g"].attrs["unit"] == "m"
    try:
        f["missing"]
    except KeyError:
        pass
