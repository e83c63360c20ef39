"""Makes the files that h5py (3.16, HDF5 2.0, NumPy 2.4, ml_dtypes 0.5) writes for the tests; run here.

h5py.h5 is what h5py writes unasked. earliest.h5.gz and latest.h5.gz hold the same arrays, filtered and chunked in every
way that is read, in the oldest and the newest form of the format. Every array but those that say otherwise is
0, 1, 2, … in its own type and order.
"""
import gzip
import os

import h5py
import ml_dtypes
import numpy as np


def unasked():
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


def filtered(name, libver, groups, many):
    with h5py.File(name, "w", libver=libver) as f:
        values = np.arange(105).reshape(3, 5, 7)
        for kind in ("float16", "float32", "float64", ">f2", ">f4", ">f8", ml_dtypes.bfloat16):
            f["plain_" + np.dtype(kind).str.replace(">", "big_").replace("<", "") + np.dtype(kind).kind] = values.astype(kind)
        data = values.astype(np.float32)
        f.create_dataset("chunked", data=data, chunks=(2, 3, 4))
        f.create_dataset("whole", data=data, chunks=(3, 5, 7))
        f.create_dataset("wide", data=data, chunks=True, compression="gzip")
        f.create_dataset("gzip", data=data, chunks=(2, 3, 4), compression="gzip", compression_opts=9)
        f.create_dataset("shuffle", data=data, chunks=(2, 3, 4), compression="gzip", shuffle=True)
        f.create_dataset("fletcher", data=data, chunks=(3, 5, 7), compression="gzip", shuffle=True, fletcher32=True)
        f.create_dataset("half", data=values.astype(np.float16), chunks=(2, 5, 3), compression="gzip", shuffle=True)
        f.create_dataset("odd", data=values.astype(np.float16)[0].reshape(35), chunks=(1,), fletcher32=True)
        f.create_dataset("grows", data=data, chunks=(2, 3, 4), maxshape=(None, 5, None), compression="gzip")
        f.create_dataset("many", data=np.arange(many, dtype=np.float32), chunks=(2,))
        f.create_dataset("lzf", data=data, chunks=(3, 5, 7), compression="lzf", shuffle=True)
        f.create_dataset("one_way", data=data, chunks=(2, 3, 4), maxshape=(None, 5, 7))
        f.create_dataset("one_long_way", data=np.arange(2 * many, dtype=np.float32), chunks=(2,), maxshape=(None,), fletcher32=True)
        # refused, with the reason
        f.create_dataset("nbit", data=data, chunks=(3, 5, 7), scaleoffset=2)
        f.create_dataset("integers", data=values)
        f.create_dataset("hole", shape=(4,), dtype=np.float32, chunks=(2,))[:2] = 1
        f.create_dataset("other_way", data=data, chunks=(2, 3, 4), maxshape=(3, 5, None))
        f.create_dataset("room", data=data, chunks=(2, 3, 4), maxshape=(9, 9, 9))
        for i in range(30):
            f.attrs["attr_%d" % i] = "value %d" % i
        f.attrs["long"] = np.array([("name %d " % i) * 10 for i in range(60)], dtype="S")
        for i in range(groups):
            f.create_group("many_groups/group_%03d" % i)
        f["block1/conv/kernel"] = data
    with open(name, "rb") as plain, open(name + ".gz", "wb") as out, gzip.GzipFile("", "wb", 9, out, 0) as z:
        z.write(plain.read())
    os.remove(name)


if __name__ == "__main__":
    unasked()
    filtered("earliest.h5", "earliest", 10, 140)
    filtered("latest.h5", "latest", 150, 2100)
