"""The peer of `npm run bench -- training-step`: the same LeNets, batch and optimizer in PyTorch, on the CPU.

Usage: pytorch_step.py NETWORK THREADS STEPS; prints the median milliseconds of a step.
Debian: apt-get install --no-install-recommends python3-torch libopenblas0-pthread (its default BLAS is 30 times slower).
"""
import statistics
import sys
import time

import torch
import torch.nn as nn
import torch.nn.functional as F

BATCH = 64
WARM_UP = 20

networks = {
    "lenet-300-100": lambda: nn.Sequential(
        nn.Flatten(), nn.Linear(784, 300), nn.ReLU(), nn.Linear(300, 100), nn.ReLU(), nn.Linear(100, 10)
    ),
    "lenet-5": lambda: nn.Sequential(
        nn.Conv2d(1, 20, 5), nn.MaxPool2d(2), nn.Conv2d(20, 50, 5), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(800, 500), nn.ReLU(), nn.Linear(500, 10),
    ),
}

network, threads, steps = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
torch.set_num_threads(threads)
torch.manual_seed(1)
model = networks[network]()
optimizer = torch.optim.SGD(model.parameters(), 0.01, 0.9, weight_decay=5e-4)
images, labels = torch.rand(BATCH, 1, 28, 28), torch.randint(0, 10, (BATCH,))
times = []
for _ in range(WARM_UP + steps):
    start = time.perf_counter()
    optimizer.zero_grad()
    F.cross_entropy(model(images), labels).backward()
    optimizer.step()
    times.append((time.perf_counter() - start) * 1e3)
print(statistics.median(times[WARM_UP:]))
