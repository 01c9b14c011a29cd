"""Writes the archives beside it, with PyTorch 2.13: python3 archives.py"""
import collections
import os
import pickle
import zipfile

import numpy
import torch


class Evil:
    def __reduce__(self):
        return os.system, ("touch /tmp/moeplan-was-here",)


base = torch.arange(24, dtype=torch.int32)
values = collections.OrderedDict(
    text="grüße",
    none=None,
    flags=[True, False],
    numbers=[0, -1, 255, 65536, 2**31, -(2**40), 2**80],
    real=0.1,
    bytes=b"\x00\xff",
    tuple=(1, ("a", 2.5), ()),
    set={7},
    size=torch.Size([2, 3]),
    device=torch.device("cuda:0"),
    keys={1: "one", "two": 2},
    matrix=base.reshape(4, 6),
    transposed=base.reshape(4, 6).t(),
    every_second=base[1::2],
    column=base.reshape(2, 3, 4)[:, 1:, 2],
    expanded=torch.tensor([[5], [6]]).expand(2, 3),
    empty=torch.zeros(0, 4),
    scalar=torch.tensor(42),
    parameter=torch.nn.Parameter(torch.tensor([1.5, -2.0])),
    f64=torch.tensor([0.1], dtype=torch.float64),
    f16=torch.tensor([0.5, -65504.0], dtype=torch.float16),
    bf16=torch.tensor([1.0, -3.140625], dtype=torch.bfloat16),
    i8=torch.tensor([-128, 127], dtype=torch.int8),
    i16=torch.tensor([-32768, 32767], dtype=torch.int16),
    i64=torch.tensor([-(2**62), 2**62]),
    u8=torch.tensor([0, 255], dtype=torch.uint8),
    u16=torch.tensor([65535], dtype=torch.uint16),
    bool=torch.tensor([True, False]),
)
for protocol in range(2, 6):
    torch.save(values, f"protocol{protocol}.pt", pickle_protocol=protocol)
torch.save({"a": base}, "legacy.pt", _use_new_zipfile_serialization=False)
torch.save({"x": Evil()}, "evil.pt")

with zipfile.ZipFile("protocol2.pt") as source:
    with zipfile.ZipFile("deflated.pt", "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            target.writestr(zipfile.ZipInfo(name), source.read(name), zipfile.ZIP_DEFLATED)
    zipfile.ZIP64_LIMIT = zipfile.ZIP_FILECOUNT_LIMIT = 0  # as if everything were too large for plain ZIP
    with zipfile.ZipFile("zip64.pt", "w") as target:
        for name in source.namelist():
            with target.open(zipfile.ZipInfo(name), "w", force_zip64=True) as entry:
                entry.write(source.read(name))


def text_protocol():
    """Protocols 0 and 1, which torch.save does not offer for tensors: plain values only."""
    plain = {k: v for k, v in values.items() if not isinstance(v, (torch.Tensor, torch.Size, torch.device))}
    for protocol in (0, 1):
        with zipfile.ZipFile(f"protocol{protocol}.pt", "w") as target:
            target.writestr(zipfile.ZipInfo("archive/data.pkl"), pickle.dumps(plain, protocol))


text_protocol()
numpy.save("rows.npy", numpy.arange(6, dtype=numpy.int64).reshape(2, 3))
numpy.save("columns.npy", numpy.asfortranarray(numpy.arange(6, dtype=numpy.float32).reshape(2, 3)))
numpy.save("big_endian.npy", numpy.arange(3, dtype=">i4"))
