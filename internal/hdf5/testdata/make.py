"""Makes h5py.h5, a file as h5py (3.16, NumPy 2.4) writes it; run here."""
import h5py
import numpy as np

with h5py.File("h5py.h5", "w") as f:
    f.attrs["names"] = ["first", "zweites", ""]
    f.attrs["text"] = "grüße"
    f.attrs["bytes"] = b"abc"
    f.attrs["number"] = 3
    for i in range(30):
        f.attrs["attr_%d" % i] = "value %d" % i
    for i in range(20):
        f.create_group("group_%d" % i)
    values = np.arange(6).reshape(2, 3)
    f["float32"] = values.astype(np.float32)
    f["float64"] = values.astype(np.float64)
    f["int64"] = values
    f.create_dataset("chunked", data=values.astype(np.float32), chunks=(1, 3))
