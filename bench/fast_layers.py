"""How quick the fast layers are: against PyTorch on the CPU with as many threads, and against the naive layers.

    make bench

Every ratio is the median over rounds in which both sides run right after each other. Forward and backward are timed
apart; the bars are on both together. Both sides compute all gradients: dx, dw and db. GFLOP/s count two operations for
each product of the convolution; beside them stands what part that is of a large matrix product of NumPy in this run.

PyTorch is an extra: .venv/bin/python -m pip install -e '.[bench]'. Without it the columns against it are left out.
Exits with 1 if a bar is missed.
"""

from __future__ import annotations

import platform
import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from reference import fast_layers, layers, optim
from reference.classifiers.cnn import ThreeLayerConvNet

try:
    from reference import kernels
except ImportError:
    sys.exit("bench: the kernels are not compiled, so there is nothing to time. Install a C compiler; run make setup.")
try:
    import torch
except ImportError:
    torch = None

ROUNDS = 40
THREADS = kernels.thread_count()


@dataclass(frozen=True)
class Convolution:
    """A convolution to time, and how many times PyTorch's speed is asked for, by dtype."""

    title: str
    x: tuple[int, int, int, int]
    w: tuple[int, int, int, int]
    stride: int
    pad: int
    bars: dict[str, float]

    def operations(self) -> float:
        """Of the forward; the backward has twice as many."""
        H_out, W_out = (1 + (self.x[k] + 2 * self.pad - self.w[k]) // self.stride for k in (2, 3))
        return 2.0 * self.x[0] * np.prod(self.w) * H_out * W_out


@dataclass(frozen=True)
class Pooling:
    """A 2 x 2 max-pooling to time, and how many times PyTorch's speed is asked for, by dtype."""

    title: str
    x: tuple[int, int, int, int]
    bars: dict[str, float]


CONVOLUTIONS = [
    Convolution("the documents' case", (100, 3, 31, 31), (25, 3, 3, 3), 2, 1, {"float64": 2.0, "float32": 1.3}),
    Convolution("ThreeLayerConvNet's", (50, 3, 32, 32), (32, 3, 7, 7), 1, 3, {"float64": 2.5, "float32": 1.0}),
    Convolution("a deep layer", (50, 32, 32, 32), (32, 32, 3, 3), 1, 1, {"float64": 2.0, "float32": 0.8}),
]
POOLINGS = [
    Pooling("pooling, 3 channels", (100, 3, 32, 32), {"float64": 1.0, "float32": 1.0}),
    Pooling("pooling, 32 channels", (50, 32, 32, 32), {"float64": 1.0, "float32": 1.0}),
]
POOL_PARAM = {"pool_height": 2, "pool_width": 2, "stride": 2}

# What runs once and gives the seconds of its forward and of its backward.
Timed = Callable[[], tuple[float, float]]


def clocked(forward: Callable, backward: Callable) -> Timed:
    """backward is called with what forward returned."""

    def run() -> tuple[float, float]:
        start = time.perf_counter()
        answer = forward()
        between = time.perf_counter()
        backward(answer)
        return between - start, time.perf_counter() - between

    return run


def rounds(sides: list[Timed], count: int) -> np.ndarray:
    """The seconds (count, sides, 2) of sides that take turns.

    In its turn a side runs twice, and the second time counts: the threads of the other one still wait for work, on the
    same processors, when the first begins.
    """
    return np.array([[(side(), side())[1] for side in sides] for _ in range(count)])


def convolution_sides(work: Convolution, dtype: str) -> tuple[Timed, Timed, Timed | None]:
    """Fast, naive and PyTorch's (None without it)."""
    rng = np.random.RandomState(231)
    x, w, b = (rng.randn(*shape).astype(dtype) for shape in (work.x, work.w, work.w[:1]))
    param = {"stride": work.stride, "pad": work.pad}
    out, _ = fast_layers.conv_forward_fast(x, w, b, param)
    dout = rng.randn(*out.shape).astype(dtype)

    fast = clocked(
        lambda: fast_layers.conv_forward_fast(x, w, b, param),
        lambda answer: fast_layers.conv_backward_fast(dout, answer[1]),
    )
    naive = clocked(
        lambda: layers.conv_forward_naive(x, w, b, param), lambda answer: layers.conv_backward_naive(dout, answer[1])
    )
    if torch is None:
        return fast, naive, None
    inputs = [torch.from_numpy(array).requires_grad_() for array in (x, w, b)]
    peer = clocked(
        lambda: torch.nn.functional.conv2d(*inputs, stride=work.stride, padding=work.pad),
        lambda answer: torch.autograd.grad(answer, inputs, torch.from_numpy(dout)),
    )
    return fast, naive, peer


def pooling_sides(work: Pooling, dtype: str) -> tuple[Timed, Timed, Timed | None]:
    """Fast, naive and PyTorch's (None without it)."""
    rng = np.random.RandomState(231)
    x = rng.randn(*work.x).astype(dtype)
    dout = rng.randn(*work.x[:2], work.x[2] // 2, work.x[3] // 2).astype(dtype)

    fast = clocked(
        lambda: fast_layers.max_pool_forward_fast(x, POOL_PARAM),
        lambda answer: fast_layers.max_pool_backward_fast(dout, answer[1]),
    )
    naive = clocked(
        lambda: layers.max_pool_forward_naive(x, POOL_PARAM),
        lambda answer: layers.max_pool_backward_naive(dout, answer[1]),
    )
    if torch is None:
        return fast, naive, None
    leaf = torch.from_numpy(x).requires_grad_()
    peer = clocked(
        lambda: torch.nn.functional.max_pool2d(leaf, 2, 2),
        lambda answer: torch.autograd.grad(answer, leaf, torch.from_numpy(dout)),
    )
    return fast, naive, peer


def step_sides() -> tuple[Timed, Timed | None]:
    """A training step of ThreeLayerConvNet with hidden 500, batch 50 and adam: loss and gradients, then the update."""
    model = ThreeLayerConvNet(hidden_dim=500, weight_scale=1e-3, reg=1e-3)
    rng = np.random.RandomState(231)
    x, y = rng.randn(50, 3, 32, 32).astype(np.float32), rng.randint(10, size=50)
    configs = dict.fromkeys(model.params)

    def update(answer):
        for name, gradient in answer[1].items():
            model.params[name], configs[name] = optim.adam(model.params[name], gradient, configs[name])

    fast = clocked(lambda: model.loss(x, y), update)
    if torch is None:
        return fast, None
    nn = torch.nn
    net = nn.Sequential(
        nn.Conv2d(3, 32, 7, padding=3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(32 * 16 * 16, 500),
        nn.ReLU(), nn.Linear(500, 10),
    )  # fmt: skip
    adam = torch.optim.Adam(net.parameters(), lr=1e-3)
    images, labels = torch.from_numpy(x), torch.from_numpy(y)

    def loss():
        adam.zero_grad()
        value = nn.functional.cross_entropy(net(images), labels)
        value = value + 5e-4 * sum((p * p).sum() for p in net.parameters() if p.ndim > 1)
        value.backward()

    return fast, clocked(loss, lambda _: adam.step())


def product_speed(dtype: str) -> float:
    """GFLOP/s of a large matrix product, the most that can be hoped for."""
    a = np.random.RandomState(231).randn(2048, 2048).astype(dtype)
    a @ a
    times = []
    for _ in range(10):
        start = time.perf_counter()
        a @ a
        times.append(time.perf_counter() - start)
    return 2 * 2048**3 / min(times) / 1e9


def ratios(seconds: np.ndarray) -> list[float]:
    """Median of side 1 over side 0: forward, backward, both."""
    both = np.concatenate([seconds, seconds.sum(axis=2, keepdims=True)], axis=2)
    return list(np.median(both[:, 1] / both[:, 0], axis=0))


def report(title: str, dtype: str, seconds: np.ndarray, operations: float, peak: float, bar: float) -> bool:
    """Print one line; whether the bar is met (True where there is no peer)."""
    line, met = f"{title:22} {dtype:8}", True
    if operations:
        speeds = operations * np.array([1, 2]) / np.median(seconds[:, 0], axis=0) / 1e9
        line += "".join(f" {speed:5.0f} {speed / peak:5.0%}" for speed in speeds)
    else:
        line += 24 * " "
    if seconds.shape[1] > 1:
        forward, backward, both = ratios(seconds)
        met = both >= bar
        line += f"  {forward:5.2f}x {backward:5.2f}x {both:5.2f}x  {f'{bar:.1f}x' if bar else '':>4} "
        line += ("met" if met else "MISSED") if bar else ""
    print(line.rstrip())
    return met


def main() -> None:
    met = True
    if torch is not None:
        torch.set_num_threads(THREADS)
        warnings.filterwarnings("ignore", module="torch")
    print(f"{THREADS} threads, instruction set {kernels.INSTRUCTION_SETS[0]}, medians of {ROUNDS} paired rounds")
    print(f"{'':31} forward     backward      times PyTorch's speed")
    print(f"{'':31} GF/s peak  GF/s  peak     fwd    bwd   both   bar")
    for dtype in ("float64", "float32"):
        peak = product_speed(dtype)
        for work in [*CONVOLUTIONS, *POOLINGS]:
            sides = convolution_sides if isinstance(work, Convolution) else pooling_sides
            fast, _, peer = sides(work, dtype)
            operations = work.operations() if isinstance(work, Convolution) else 0
            seconds = rounds([fast, peer] if peer else [fast], ROUNDS)
            met &= report(work.title, dtype, seconds, operations, peak, work.bars[dtype])
        print(f"{'a large product':22} {dtype:8} {peak:5.0f}  100%")
    fast, peer = step_sides()
    seconds = rounds([fast, peer] if peer else [fast], ROUNDS)
    report("a training step", "float32", seconds, 0, 0, 0)
    per_step = np.median(seconds[:, 0].sum(axis=1))
    print(f"{'':31} of it the update: {np.median(seconds[:, 0, 1]) / per_step:.0%} (adam)")

    print("\nfast against naive, float64, the documents' cases, medians of 3 rounds")
    print("(the documents printed 485x, 600x, 68x and 57x, against naive layers of their own)")
    for work, sides in ((CONVOLUTIONS[0], convolution_sides), (POOLINGS[0], pooling_sides)):
        fast, naive, _ = sides(work, "float64")
        forward, backward, _ = ratios(rounds([fast, naive], 3))
        print(f"{work.title:22} forward {forward:4.0f}x, backward {backward:4.0f}x")

    peer_version = f"PyTorch {torch.__version__}" if torch else "no PyTorch (python -m pip install -e '.[bench]')"
    print(f"on Python {platform.python_version()}, NumPy {np.__version__}, {peer_version}, {platform.machine()}")
    sys.exit(0 if met else 1)


if __name__ == "__main__":
    main()
