"""The peer of `npm run bench -- training-step`: the same networks, batch and optimizer in PyTorch, on the CPU.

Usage: pytorch_networks.py NETWORK THREADS BATCH STEPS. Prints the number of parameters; then, for each line on stdin,
does so many steps and prints the milliseconds of one by the clock and of the processor, and the most bytes of memory
that the process has had.
Debian: apt-get install --no-install-recommends python3-torch libopenblas0-pthread (its default BLAS is 30 times slower).
"""
import sys
import time

import torch
import torch.nn as nn
import torch.nn.functional as F


def conv(inputs, outputs, kernel, stride=1, pad=None, groups=1):
    """A convolution, its padding such that stride 1 keeps the size, and ReLU."""
    pad = kernel // 2 if pad is None else pad
    return nn.Sequential(nn.Conv2d(inputs, outputs, kernel, stride, pad, groups=groups), nn.ReLU(inplace=True))


def conv_norm(inputs, outputs, kernel, stride=1, groups=1):
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False), nn.BatchNorm2d(outputs)
    )


class Branches(nn.Module):
    """The channels of several branches, one behind the other."""

    def __init__(self, *branches):
        super().__init__()
        self.branches = nn.ModuleList(branches)

    def forward(self, x):
        return torch.cat([branch(x) for branch in self.branches], 1)


class Residual(nn.Module):
    def __init__(self, body, shortcut=None, last=None):
        super().__init__()
        self.body, self.shortcut, self.last = body, shortcut or nn.Identity(), last or nn.Identity()

    def forward(self, x):
        return self.last(self.body(x) + self.shortcut(x))


def classifier(inputs):
    return [
        nn.Flatten(),
        nn.Linear(inputs, 4096), nn.ReLU(inplace=True), nn.Dropout(0.5),
        nn.Linear(4096, 4096), nn.ReLU(inplace=True), nn.Dropout(0.5),
        nn.Linear(4096, 1000),
    ]


def global_pool():
    return [nn.AdaptiveAvgPool2d(1), nn.Flatten()]


def lenet_300_100():
    return nn.Sequential(
        nn.Flatten(), nn.Linear(784, 300), nn.ReLU(), nn.Linear(300, 100), nn.ReLU(), nn.Linear(100, 10)
    )


def lenet_5():
    return nn.Sequential(
        nn.Conv2d(1, 20, 5), nn.MaxPool2d(2), nn.Conv2d(20, 50, 5), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(800, 500), nn.ReLU(), nn.Linear(500, 10),
    )


def alexnet():
    return nn.Sequential(
        conv(3, 96, 11, 4, 0), nn.LocalResponseNorm(5), nn.MaxPool2d(3, 2),
        conv(96, 256, 5, groups=2), nn.LocalResponseNorm(5), nn.MaxPool2d(3, 2),
        conv(256, 384, 3), conv(384, 384, 3, groups=2), conv(384, 256, 3, groups=2), nn.MaxPool2d(3, 2),
        *classifier(9216),
    )


def vgg16():
    layers, inputs = [], 3
    for count, maps in [(2, 64), (2, 128), (3, 256), (3, 512), (3, 512)]:
        for _ in range(count):
            layers.append(conv(inputs, maps, 3))
            inputs = maps
        layers.append(nn.MaxPool2d(2))
    return nn.Sequential(*layers, *classifier(25088))


def squeezenet():
    def fire(inputs, squeeze, expand):
        return nn.Sequential(conv(inputs, squeeze, 1), Branches(conv(squeeze, expand, 1), conv(squeeze, expand, 3)))

    def pool():
        return nn.MaxPool2d(3, 2, ceil_mode=True)

    return nn.Sequential(
        conv(3, 96, 7, 2, 0), pool(),
        fire(96, 16, 64), fire(128, 16, 64), fire(128, 32, 128), pool(),
        fire(256, 32, 128), fire(256, 48, 192), fire(384, 48, 192), fire(384, 64, 256), pool(),
        fire(512, 64, 256), nn.Dropout(0.5), conv(512, 1000, 1), *global_pool(),
    )


def googlenet():
    def inception(inputs, one, reduce3, three, reduce5, five, projected):
        return Branches(
            conv(inputs, one, 1),
            nn.Sequential(conv(inputs, reduce3, 1), conv(reduce3, three, 3)),
            nn.Sequential(conv(inputs, reduce5, 1), conv(reduce5, five, 5)),
            nn.Sequential(nn.MaxPool2d(3, 1, 1), conv(inputs, projected, 1)),
        )

    def pool():
        return nn.MaxPool2d(3, 2, ceil_mode=True)

    return nn.Sequential(
        conv(3, 64, 7, 2), pool(), nn.LocalResponseNorm(5),
        conv(64, 64, 1), conv(64, 192, 3), nn.LocalResponseNorm(5), pool(),
        inception(192, 64, 96, 128, 16, 32, 32), inception(256, 128, 128, 192, 32, 96, 64), pool(),
        inception(480, 192, 96, 208, 16, 48, 64), inception(512, 160, 112, 224, 24, 64, 64),
        inception(512, 128, 128, 256, 24, 64, 64), inception(512, 112, 144, 288, 32, 64, 64),
        inception(528, 256, 160, 320, 32, 128, 128), pool(),
        inception(832, 256, 160, 320, 32, 128, 128), inception(832, 384, 192, 384, 48, 128, 128),
        *global_pool(), nn.Dropout(0.4), nn.Linear(1024, 1000),
    )


def resnet50():
    layers, inputs = [conv_norm(3, 64, 7, 2), nn.ReLU(inplace=True), nn.MaxPool2d(3, 2, 1)], 64
    for stage, count in enumerate([3, 4, 6, 3]):
        maps = 64 * 2**stage
        for i in range(count):
            stride = 2 if i == 0 and stage > 0 else 1
            body = nn.Sequential(
                conv_norm(inputs, maps, 1), nn.ReLU(inplace=True),
                conv_norm(maps, maps, 3, stride), nn.ReLU(inplace=True), conv_norm(maps, 4 * maps, 1),
            )
            shortcut = conv_norm(inputs, 4 * maps, 1, stride) if i == 0 else None
            layers.append(Residual(body, shortcut, nn.ReLU(inplace=True)))
            inputs = 4 * maps
    return nn.Sequential(*layers, *global_pool(), nn.Linear(inputs, 1000))


def mobilenet_v2():
    layers, inputs = [conv_norm(3, 32, 3, 2), nn.ReLU6(inplace=True)], 32
    for expansion, maps, count, first in [
        (1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1),
    ]:
        for i in range(count):
            stride, wide = first if i == 0 else 1, inputs * expansion
            expand = [] if expansion == 1 else [conv_norm(inputs, wide, 1), nn.ReLU6(inplace=True)]
            body = nn.Sequential(
                *expand, conv_norm(wide, wide, 3, stride, wide), nn.ReLU6(inplace=True), conv_norm(wide, maps, 1)
            )
            layers.append(Residual(body) if stride == 1 and inputs == maps else body)
            inputs = maps
    return nn.Sequential(
        *layers, conv_norm(inputs, 1280, 1), nn.ReLU6(inplace=True), *global_pool(),
        nn.Dropout(0.2), nn.Linear(1280, 1000),
    )


def resnet20():
    layers, inputs = [conv_norm(3, 16, 3), nn.ReLU(inplace=True)], 16
    for stage in range(3):
        maps = 16 * 2**stage
        for i in range(3):
            stride = 2 if i == 0 and stage > 0 else 1
            body = nn.Sequential(conv_norm(inputs, maps, 3, stride), nn.ReLU(inplace=True), conv_norm(maps, maps, 3))
            shortcut = conv_norm(inputs, maps, 1, stride) if stride > 1 else None
            layers.append(Residual(body, shortcut, nn.ReLU(inplace=True)))
            inputs = maps
    return nn.Sequential(*layers, *global_pool(), nn.Linear(inputs, 10))


class Attention(nn.Module):
    """Faster in PyTorch 1.13 than its own nn.MultiheadAttention."""

    def __init__(self, width, heads):
        super().__init__()
        self.heads, self.qkv, self.out = heads, nn.Linear(width, 3 * width), nn.Linear(width, width)

    def forward(self, x):
        batch, tokens, width = x.shape
        size = width // self.heads
        query, key, value = self.qkv(x).view(batch, tokens, 3, self.heads, size).permute(2, 0, 3, 1, 4)
        heard = (query * size**-0.5 @ key.transpose(-2, -1)).softmax(-1) @ value
        return self.out(heard.transpose(1, 2).reshape(batch, tokens, width))


class ViT(nn.Module):
    """Patches of 4x4 as tokens with learned positions, blocks normalized first, the mean of all tokens classified."""

    def __init__(self, width=192, depth=6, heads=3, patch=4, image=32, classes=10):
        super().__init__()
        self.patches = nn.Conv2d(3, width, patch, patch)
        self.positions = nn.Parameter(0.02 * torch.randn(1, (image // patch) ** 2, width))
        self.blocks = nn.Sequential(*[
            nn.Sequential(
                Residual(nn.Sequential(nn.LayerNorm(width), Attention(width, heads))),
                Residual(nn.Sequential(
                    nn.LayerNorm(width), nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width)
                )),
            )
            for _ in range(depth)
        ])
        self.norm, self.head = nn.LayerNorm(width), nn.Linear(width, classes)

    def forward(self, x):
        tokens = self.patches(x).flatten(2).transpose(1, 2) + self.positions
        return self.head(self.norm(self.blocks(tokens)).mean(1))


networks = {
    "lenet-300-100": (lenet_300_100, (1, 28, 28)),
    "lenet-5": (lenet_5, (1, 28, 28)),
    "alexnet": (alexnet, (3, 227, 227)),
    "vgg-16": (vgg16, (3, 224, 224)),
    "squeezenet": (squeezenet, (3, 227, 227)),
    "googlenet": (googlenet, (3, 224, 224)),
    "resnet-50": (resnet50, (3, 224, 224)),
    "mobilenet-v2": (mobilenet_v2, (3, 224, 224)),
    "resnet-20": (resnet20, (3, 32, 32)),
    "vit": (ViT, (3, 32, 32)),
}


def peak_bytes():
    with open("/proc/self/status") as status:
        return next(1024 * int(line.split()[1]) for line in status if line.startswith("VmHWM"))


network, (threads, batch, steps) = sys.argv[1], map(int, sys.argv[2:5])
torch.set_num_threads(threads)
torch.manual_seed(1)
build, image = networks[network]
model = build()
optimizer = torch.optim.SGD(model.parameters(), 0.001, 0.9, weight_decay=5e-4)
images, labels = torch.rand(batch, *image), torch.randint(0, 10, (batch,))
print(sum(parameter.numel() for parameter in model.parameters()), flush=True)
for _ in sys.stdin:
    start, cpu = time.perf_counter(), time.process_time()
    for _ in range(steps):
        optimizer.zero_grad(set_to_none=True)
        F.cross_entropy(model(images), labels).backward()
        optimizer.step()
    elapsed, used = time.perf_counter() - start, time.process_time() - cpu
    print(elapsed * 1e3 / steps, used * 1e3 / steps, peak_bytes(), flush=True)
