"""The peer of `npm run bench -- recurrent`: a recurrent layer of PyTorch, forwards and backwards, on the CPU.

Usage: pytorch_recurrent.py LSTM|GRU|RNN STEPS BATCH FEATURES UNITS THREADS RUNS; prints the median milliseconds of a run.
"""
import statistics
import sys
import time

import torch

WARM_UP = 3

kind = sys.argv[1]
steps, batch, features, units, threads, runs = map(int, sys.argv[2:])
torch.set_num_threads(threads)
layer = getattr(torch.nn, kind)(features, units)
x = torch.randn(steps, batch, features, requires_grad=True)
times = []
for _ in range(WARM_UP + runs):
    start = time.perf_counter()
    y, _ = layer(x)
    (y * y).mean().backward()
    times.append((time.perf_counter() - start) * 1e3)
print(statistics.median(times[WARM_UP:]))
