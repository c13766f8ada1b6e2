"""The peer of the sparse benchmark: one layer in PyTorch, dense and, for a linear one, as a CSR matrix.

Takes one JSON object: {"kind": "linear" | "conv", "inputs", "outputs", "batch", "density", "kernel", "size", "pad", "groups", "threads"}.
Prints {"dense": ms, "csr": ms}, medians.
"""
import json, sys, time
import torch, torch.nn.functional as F

torch.set_grad_enabled(False)
case = json.loads(sys.argv[1])
torch.set_num_threads(case["threads"])


def median_ms(run, at_least=0.2):
    run()
    times, spent = [], 0.0
    while spent < at_least or len(times) < 5:
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
        spent += times[-1]
    return sorted(times)[len(times) // 2] * 1e3


if case["kind"] == "linear":
    x = torch.rand(case["batch"], case["inputs"])
    weight = torch.rand(case["outputs"], case["inputs"]) * (torch.rand(case["outputs"], case["inputs"]) < case["density"])
    bias = torch.rand(case["outputs"])
    sparse = weight.to_sparse_csr()
    columns = x.t().contiguous()
    result = {"dense": median_ms(lambda: F.relu(F.linear(x, weight, bias)))}
    result["csr"] = median_ms(lambda: F.relu(torch.addmm(bias[:, None], sparse, columns)))
else:
    x = torch.rand(case["batch"], case["inputs"], case["size"], case["size"])
    weight = torch.rand(case["outputs"], case["inputs"] // case["groups"], case["kernel"], case["kernel"])
    bias = torch.rand(case["outputs"])
    run = lambda: F.relu(F.conv2d(x, weight, bias, padding=case["pad"], groups=case["groups"]))
    result = {"dense": median_ms(run)}
print(json.dumps(result))
