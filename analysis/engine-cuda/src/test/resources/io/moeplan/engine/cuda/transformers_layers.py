"""The peer of LayerBenchmark: prefill through transformers at a few layers of a shape, random weights, routing recorded.

usage: transformers_layers.py SHAPE SEQUENCES LENGTH LAYERS grouped_mm|eager|batched_mm
prints milliseconds a layer and tokens a second at the shape's full depth (torch 2.11, transformers 5.17)"""
import sys, torch, transformers
from transformers import AutoModel, Qwen3MoeConfig, MixtralConfig, DeepseekV3Config
transformers.logging.set_verbosity_error()
name, seqs, length, layers, impl = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]), sys.argv[5]
common = dict(vocab_size=32000, num_hidden_layers=layers, max_position_embeddings=8192)
cfg, full = {
 "qwen3-30b-a3b": (lambda: Qwen3MoeConfig(hidden_size=2048, num_attention_heads=32, num_key_value_heads=4, head_dim=128, intermediate_size=6144, num_experts=128, num_experts_per_tok=8, moe_intermediate_size=768, decoder_sparse_step=1, mlp_only_layers=[], norm_topk_prob=True, **common), 48),
 "mixtral-8x7b": (lambda: MixtralConfig(hidden_size=4096, num_attention_heads=32, num_key_value_heads=8, intermediate_size=14336, num_local_experts=8, num_experts_per_tok=2, sliding_window=None, **common), 32),
 "deepseek-v3": (lambda: DeepseekV3Config(first_k_dense_replace=0, **common), 61),
}[name]
cfg = cfg(); torch.set_default_dtype(torch.bfloat16); torch.manual_seed(1)
with torch.device("cuda"): m = AutoModel.from_config(cfg, attn_implementation="sdpa").eval()
m.set_experts_implementation(impl)
ids = torch.randint(0, 32000, (seqs, length), device="cuda"); cap = {}
def mk(n):
    def pre(mod, a, k):
        t = [x for x in list(a) + list(k.values()) if torch.is_tensor(x) and x.dtype in (torch.int64, torch.int32)]
        cap[n] = t[0].to(torch.int16).to("cpu", non_blocking=True)
    return pre
for n, x in m.named_modules():
    if type(x).__name__.endswith("Experts"): x.register_forward_pre_hook(mk(n), with_kwargs=True)
ts = []
with torch.no_grad():
    for rep in range(7):
        a, b = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
        a.record(); m(ids, use_cache=False); b.record(); torch.cuda.synchronize(); ts.append(a.elapsed_time(b))
ts = sorted(ts[2:]); t = ts[len(ts)//2] / layers
print(f"transformers {name} {impl} {seqs} x {length}, {layers} layers, {len(cap)} recorded: {t:.2f} ms a layer, {full} layers {seqs*length/(t*full)*1e3:.0f} tokens/s")
