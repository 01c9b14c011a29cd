"""Writes model.safetensors: stored weights, and as NAME.float32 what PyTorch reads in them.
usage: formats.py OUT DEEPSEEK_FP8_CHECKPOINT_DIR GPT_OSS_MXFP4_CHECKPOINT_DIR (PyTorch 2.13; the directories hold tiny
random models whose weights were quantised by transformers)"""
import glob, json, math, struct, sys
import torch

TYPES = {torch.bfloat16: "BF16", torch.float16: "F16", torch.float32: "F32", torch.uint8: "U8",
         torch.float8_e4m3fn: "F8_E4M3", torch.float8_e5m2: "F8_E5M2", torch.float8_e8m0fnu: "F8_E8M0"}
NAMED = {name: t for t, name in TYPES.items()}
E2M1 = [0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, -0.0, -0.5, -1.0, -1.5, -2.0, -3.0, -4.0, -6.0]


def raw(t):
    return t.contiguous().reshape(-1).view(torch.uint8).numpy().tobytes()


def load(directory, name):
    for path in glob.glob(directory + "/model*.safetensors"):
        with open(path, "rb") as f:
            n = struct.unpack("<Q", f.read(8))[0]
            header = json.loads(f.read(n))
            if name in header:
                entry = header[name]
                f.seek(8 + n + entry["data_offsets"][0])
                data = bytearray(f.read(entry["data_offsets"][1] - entry["data_offsets"][0]))
                return torch.frombuffer(data, dtype=torch.uint8).view(NAMED[entry["dtype"]]).reshape(entry["shape"])
    raise KeyError(name)


def fp8(weight, scale, rows, columns):
    big = scale.float().repeat_interleave(rows, 0).repeat_interleave(columns, 1)
    return weight.float() * big[: weight.shape[0], : weight.shape[1]]


def mxfp4(blocks, scales):  # the arithmetic of transformers' convert_moe_packed_tensors, without its transposition
    lut = torch.tensor(E2M1)
    values = torch.stack([lut[(blocks & 15).long()], lut[(blocks >> 4).long()]], dim=-1).flatten(-2)
    values = torch.ldexp(values.double(), scales[..., None].int() - 127).float()
    values[(scales == 255)[..., None].expand_as(values)] = math.nan  # OCP: the one code ldexp has no value for
    return values.flatten(-2)


out, deepseek, gpt_oss = sys.argv[1:4]
torch.manual_seed(5)
codes = torch.arange(256, dtype=torch.uint8)
tensors = {}


def add(name, stored, truth):
    tensors[name] = stored
    tensors[name + ".float32"] = truth


add("bf16", b := torch.randint(-32768, 32768, (4096,), dtype=torch.int16).view(torch.bfloat16), b.float())
add("f16", h := torch.randint(-32768, 32768, (4096,), dtype=torch.int16).view(torch.float16), h.float())
for t in (torch.float8_e4m3fn, torch.float8_e5m2, torch.float8_e8m0fnu):
    add(TYPES[t].lower(), codes.view(t), codes.view(t).float())
w, s = torch.randn(37, 53).mul(60).to(torch.float8_e4m3fn), torch.rand(3, 3) * 1e-2
add("ragged.weight", w, fp8(w, s, 16, 20))
tensors["ragged.weight_scale_inv"] = s
w, s = torch.randn(9, 31).to(torch.float8_e5m2), torch.rand(9, 1).to(torch.bfloat16)
add("channels.weight", w, w.float() * s.float())
tensors["channels.weight_scale"] = s
w, s = torch.randn(2, 20, 24).to(torch.float8_e4m3fn), torch.rand(2, 3, 2)
add("fused", w, torch.stack([fp8(w[e], s[e], 8, 16) for e in range(2)]))
tensors["fused_scale_inv"] = s
b = torch.randint(0, 256, (3, 6, 2, 16), dtype=torch.uint8)
s = torch.randint(100, 140, (3, 6, 2), dtype=torch.uint8)
s.view(-1)[:6] = torch.tensor([0, 1, 254, 255, 252, 251])
tensors["mx_blocks"], tensors["mx_scales"], tensors["mx.float32"] = b, s, mxfp4(b, s)
name = "model.layers.0.self_attn.q_a_proj.weight"
w, s = load(deepseek, name), load(deepseek, name + "_scale_inv")
add("deepseek.weight", w, fp8(w, s, 16, 16))
tensors["deepseek.weight_scale_inv"] = s
name = "model.layers.0.mlp.experts.gate_up_proj"
b, s = load(gpt_oss, name + "_blocks")[:2, :48], load(gpt_oss, name + "_scales")[:2, :48]
tensors["gpt_oss_blocks"], tensors["gpt_oss_scales"], tensors["gpt_oss.float32"] = b, s, mxfp4(b, s)

header, at = {}, 0
for name, t in tensors.items():
    size = t.numel() * t.element_size()
    header[name] = {"dtype": TYPES[t.dtype], "shape": list(t.shape), "data_offsets": [at, at + size]}
    at += size
text = json.dumps(header).encode()
with open(out, "wb") as f:
    f.write(struct.pack("<Q", len(text)) + text + b"".join(raw(t) for t in tensors.values()))
