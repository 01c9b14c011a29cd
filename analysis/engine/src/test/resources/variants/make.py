"""Writes the model variants beside it: tiny random checkpoints and what transformers computes from them in float32.

Made with transformers 5.17.0 and torch 2.13.0 (CPU): python make.py. Each exercises configuration that the fixtures in
../models do not; weights are stored in bfloat16, under the names of the Hub.
"""

import json
import pathlib
import sys

import torch
import transformers
from safetensors.torch import save_file

HERE = pathlib.Path(__file__).parent
BASE = dict(vocab_size=48, hidden_size=32, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2,
            max_position_embeddings=256, tie_word_embeddings=False, bos_token_id=None, eos_token_id=None,
            pad_token_id=None)
LATENT = dict(kv_lora_rank=16, qk_nope_head_dim=16, qk_rope_head_dim=8, v_head_dim=8, num_key_value_heads=4,
              moe_intermediate_size=16, intermediate_size=48, n_routed_experts=8, num_experts_per_tok=2,
              first_k_dense_replace=1)
YARN = dict(rope_type="yarn", rope_theta=10000.0, factor=4.0, original_max_position_embeddings=64, beta_fast=32,
            beta_slow=1, mscale=0.707, mscale_all_dim=0.707)
VARIANTS = {
    "olmoe_clipped": ("Olmoe", dict(intermediate_size=16, num_experts=8, num_experts_per_tok=2, clip_qkv=0.5,
                                    norm_topk_prob=True)),
    "mixtral_window": ("Mixtral", dict(intermediate_size=24, num_local_experts=4, sliding_window=7)),
    "qwen2_moe_windows": ("Qwen2Moe", dict(num_hidden_layers=4, intermediate_size=32, moe_intermediate_size=16,
                                           shared_expert_intermediate_size=16, num_experts=4, num_experts_per_tok=2,
                                           use_sliding_window=True, sliding_window=5, max_window_layers=3,
                                           norm_topk_prob=False)),
    "llama4_unrotated": ("Llama4Text", dict(num_hidden_layers=4, head_dim=8, intermediate_size=16,
                                            intermediate_size_mlp=32, num_local_experts=4, num_experts_per_tok=1,
                                            no_rope_layers=[1, 0, 1, 0], interleave_moe_layer_step=2,
                                            attention_chunk_size=32, floor_scale=8, attn_scale=0.3, use_qk_norm=True,
                                            rope_parameters=dict(rope_type="llama3", rope_theta=500000.0, factor=8.0,
                                                                 low_freq_factor=1.0, high_freq_factor=4.0,
                                                                 original_max_position_embeddings=64))),
    "glm4_moe_plain": ("Glm4Moe", dict(head_dim=8, intermediate_size=32, moe_intermediate_size=16, n_routed_experts=8,
                                       num_experts_per_tok=2, n_shared_experts=1, first_k_dense_replace=1,
                                       use_qk_norm=False, attention_bias=False, routed_scaling_factor=1.5)),
    "deepseek_v2_lite": ("DeepseekV2", dict(LATENT, q_lora_rank=None, topk_method="greedy", n_group=1, topk_group=1,
                                            n_shared_experts=2, routed_scaling_factor=1.0, rope_parameters=YARN)),
    "deepseek_v3_unnormalised": ("DeepseekV3", dict(LATENT, q_lora_rank=None, n_group=1, topk_group=1,
                                                    n_shared_experts=1, norm_topk_prob=False,
                                                    routed_scaling_factor=2.5, rope_parameters=YARN)),
    "granitemoe_tied": ("GraniteMoe", dict(intermediate_size=16, num_local_experts=8, num_experts_per_tok=3,
                                           tie_word_embeddings=True, attention_multiplier=0.2,
                                           residual_multiplier=0.3, embedding_multiplier=6.0, logits_scaling=4.0)),
    "phimoe_longrope": ("Phimoe", dict(intermediate_size=24, num_local_experts=8, attention_bias=True,
                                       lm_head_bias=True, sliding_window=9,
                                       rope_parameters=dict(rope_type="longrope", rope_theta=10000.0,
                                                            short_factor=[1.0, 1.1, 1.3, 1.7],
                                                            long_factor=[2.0, 3.0, 5.0, 9.0], short_mscale=1.243,
                                                            long_mscale=1.3, original_max_position_embeddings=64))),
    "hunyuan_alpha": ("HunYuanMoEV1", dict(head_dim=8, intermediate_size=16, num_experts=8, moe_topk=2,
                                           rope_parameters=dict(rope_type="dynamic", rope_theta=10000.0,
                                                                alpha=1000.0, factor=1.0))),
    "dots1_windows": ("Dots1", dict(num_hidden_layers=3, head_dim=8, intermediate_size=32, moe_intermediate_size=16,
                                    n_routed_experts=8, num_experts_per_tok=2, n_shared_experts=1, n_group=2,
                                    topk_group=1, first_k_dense_replace=1, norm_topk_prob=True, sliding_window=6,
                                    max_window_layers=1)),
    "ernie_sparse": ("Ernie4_5_Moe", dict(num_hidden_layers=4, intermediate_size=32, moe_intermediate_size=16,
                                          moe_num_experts=4, moe_k=2, moe_num_shared_experts=0,
                                          moe_layer_interval=2, moe_layer_start_index=1, moe_layer_end_index=-1,
                                          tie_word_embeddings=True)),
}
# Left out of config.json, so that the family's own rule for them is read.
IMPLIED = {"qwen2_moe_windows": ["layer_types"], "dots1_windows": ["layer_types"],
           "llama4_unrotated": ["layer_types", "moe_layers"], "ernie_sparse": ["tie_word_embeddings"]}


def fill(model):
    for name, value in sorted(model.state_dict().items()):
        if not value.is_floating_point() or "inv_freq" in name:
            continue
        noise = torch.randn_like(value)
        if value.dim() >= 2:
            value.copy_(noise * 1.5 / value.shape[-1] ** 0.5)
        elif "norm" in name and name.endswith("weight"):
            value.copy_(1 + 0.2 * noise)
        else:
            value.copy_(0.2 * noise)
        value.copy_(value.to(torch.bfloat16))


def make(name, family, settings):
    torch.manual_seed(sum(name.encode()))
    config = getattr(transformers, family + "Config")(**dict(BASE, **settings))
    config._attn_implementation = "eager"
    config._experts_implementation = "eager"
    model = getattr(transformers, family.replace("Text", "") + "ForCausalLM")(config).eval()
    with torch.no_grad():
        fill(model)
        ids = torch.randint(0, BASE["vocab_size"], (2, 40))
        out = model(ids, output_hidden_states=True, use_cache=False)
    directory = HERE / name
    model.to(torch.bfloat16).save_pretrained(directory)
    config_file = directory / "config.json"
    written = json.loads(config_file.read_text())
    for key in IMPLIED.get(name, []):
        written.pop(key)
    config_file.write_text(json.dumps(written, indent=2) + "\n")
    (directory / "generation_config.json").unlink(missing_ok=True)
    expected = {"input_ids": ids.int(), "logits": out.logits.contiguous()}
    last = config.num_hidden_layers
    expected["hidden.%d" % last] = out.hidden_states[last].contiguous()
    save_file(expected, directory / "expected.safetensors")


for variant in sys.argv[1:] or VARIANTS:
    make(variant, *VARIANTS[variant])
