"""The peer of `npm run bench -- lstm`: a training step of the same network in PyTorch, on the CPU.

Usage: pytorch_lstm.py THREADS STEPS; prints the median milliseconds of a step.
"""
import statistics
import sys
import time

import torch

CLASSES, EMBEDDING, HIDDEN, DEPTH, DROPOUT = 65, 64, 256, 2, 0.1
BATCH, WINDOW = 32, 64
WARM_UP = 3


class Language(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = torch.nn.Embedding(CLASSES, EMBEDDING)
        self.lstm = torch.nn.LSTM(EMBEDDING, HIDDEN, DEPTH, batch_first=True, dropout=DROPOUT)
        self.dropout = torch.nn.Dropout(DROPOUT)
        self.out = torch.nn.Linear(HIDDEN, CLASSES)

    def forward(self, tokens, state):
        hidden, state = self.lstm(self.embedding(tokens), state)
        return self.out(self.dropout(hidden)), state


threads, steps = map(int, sys.argv[1:])
torch.set_num_threads(threads)
model = Language()
optimizer = torch.optim.Adam(model.parameters(), lr=0.001)
tokens = torch.randint(CLASSES, (BATCH, WINDOW))
labels = torch.randint(CLASSES, (BATCH, WINDOW))
state = tuple(torch.zeros(DEPTH, BATCH, HIDDEN) for _ in range(2))
times = []
for _ in range(WARM_UP + steps):
    start = time.perf_counter()
    optimizer.zero_grad()
    scores, state = model(tokens, tuple(part.detach() for part in state))
    torch.nn.functional.cross_entropy(scores.flatten(0, 1), labels.flatten()).backward()
    optimizer.step()
    times.append((time.perf_counter() - start) * 1e3)
print(statistics.median(times[WARM_UP:]))
