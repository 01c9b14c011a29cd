"""Writes what is not in the trace beside it, with PyTorch and NumPy: python3 goldens.py"""
import os

import numpy
import torch

# Five decoder layers of which 0 is dense; 6 physical experts hold 4 logical ones; top-2; two ranks.
LAYERS, PHYSICAL = 5, 6
MAP = torch.tensor([[0, 1, 2, 3, 0, 1]] * LAYERS)
generator = torch.Generator().manual_seed(1)


def record(rank, number, tokens, padding):
    ids = torch.full((LAYERS, tokens + padding, 8), -1, dtype=torch.int32)
    for layer in range(1, LAYERS):
        for token in range(tokens):
            ids[layer, token, :2] = torch.randperm(PHYSICAL, generator=generator)[:2]
    counts = torch.zeros(LAYERS, PHYSICAL, dtype=torch.int32)
    for layer in range(LAYERS):
        counts[layer] = torch.bincount(ids[layer][ids[layer] >= 0].long(), minlength=PHYSICAL)
    return {
        "forward_pass_id": number, "rank": rank, "gatherer_key": "primary", "global_physical_count": counts,
        "input_ids": list(range(tokens + padding)), "positions": list(range(tokens + padding)),
        "extend_seq_lens": [tokens] if number == 1 else None, "forward_mode": 1 if number == 1 else 2,
        "topk_ids_of_layer": ids, "misc_objects": [],
    }


os.makedirs("sglang_dense_per_token", exist_ok=True)
os.makedirs("sglang_dense_per_pass", exist_ok=True)
logical = torch.zeros(2, LAYERS, 4, dtype=torch.int64)
for rank in range(2):
    records = [record(rank, number, tokens, padding) for number, tokens, padding in ((1, 300, 0), (2, 5, 3))]
    for r in records:
        for layer in range(LAYERS):
            logical[r["forward_pass_id"] - 1, layer].index_add_(0, MAP[layer], r["global_physical_count"][layer].long())
    torch.save({"records": records, "last_physical_to_logical_map": MAP},
               f"sglang_dense_per_token/expert_distribution_recorder_1.0_{rank}.pt")
    keep = ("forward_pass_id", "rank", "gatherer_key", "global_physical_count")
    torch.save({"records": [{k: r[k] for k in keep} for r in records], "last_physical_to_logical_map": MAP},
               f"sglang_dense_per_pass/expert_distribution_recorder_1.0_{rank}.pt")
stat = torch.zeros(4, LAYERS, 4, dtype=torch.int32)
stat[:2] = logical
torch.save({"rank": 0, "logical_count": stat, "average_utilization_rate_over_window": 0.5}, "sglang_dense_stat.pt")

matrix = logical[:, 1:].contiguous()
os.makedirs("count_matrix", exist_ok=True)
torch.save(matrix, "count_matrix/steps.pt")
torch.save({"weight": matrix[0].t().contiguous().t()}, "count_matrix/one.pt")
numpy.save("count_matrix/steps.npy", matrix.numpy().astype(numpy.float32))
numpy.savetxt("count_matrix/one.txt", matrix[0].numpy(), fmt="%d")
with open("count_matrix/one.csv", "w") as file:
    file.write("layer,0,1,2,3\n")
    for layer in range(LAYERS - 1):
        file.write(f"{layer + 1}," + ",".join(str(int(c)) for c in matrix[0, layer]) + "\n")
with open("count_matrix/steps.json", "w") as file:
    file.write(str(matrix.tolist()))
with open("count_matrix/steps.txt", "w") as file:
    file.write("\n\n".join("\n".join(" ".join(map(str, row)) for row in step) for step in matrix.tolist()))
