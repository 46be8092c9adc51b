"""Times the fast layers: against PyTorch on the CPU with the same number of threads, and against the naive layers.

    make bench

Every ratio is the median over rounds in which both sides run right after each other. Forward and backward are timed
apart, and each has its bar. Both sides compute all gradients: dx, dw and db. GFLOP/s count two operations for each
product of the convolution. "limit" is the part of the machine's limit that was reached: the time that the products take
at the rate of a large matrix product, or the arrays at the rate of a large copy, both measured in this run, whichever
is longer, to the time that was taken.

PyTorch is an extra: .venv/bin/python -m pip install -e '.[bench]'. Without it, the columns for PyTorch are left out.
Exits with 1 if a bar is missed.

    python -m bench.fast_layers     prints more than bench/RESULTS.md: forward and backward separately, GFLOP/s
"""

from __future__ import annotations

import sys
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from bench import machine
from bench.row import Options, Part, Row
from reference import fast_layers, layers
from reference.classifiers.cnn import ThreeLayerConvNet
from reference.fast_optim import adam_fast

try:
    from reference import kernels
except ImportError:
    kernels = None
try:
    import torch
except ImportError:
    torch = None

ROUNDS = 40
NAIVE_ROUNDS = 3
THREADS = kernels.thread_count() if kernels else 0
NO_KERNELS = "the kernels are not compiled, so there is nothing to time. Install a C compiler; run make setup."
NO_TORCH = "PyTorch is not installed. Run .venv/bin/python -m pip install -e '.[bench]'."


# Of the forward and the backward; and of both together.
Pair = tuple[float, float]
Bars = tuple[float, float, float]


@dataclass(frozen=True)
class Convolution:
    """A convolution to time. both: how many times PyTorch's speed is asked for, by dtype, both ways together."""

    title: str
    x: tuple[int, int, int, int]
    w: tuple[int, int, int, int]
    stride: int
    pad: int
    both: dict[str, float]

    def windows(self) -> int:
        """The windows of the batch."""
        H_out, W_out = (1 + (self.x[k] + 2 * self.pad - self.w[k]) // self.stride for k in (2, 3))
        return self.x[0] * H_out * W_out

    def operations(self) -> Pair:
        forward = 2.0 * np.prod(self.w) * self.windows()
        return forward, 2 * forward

    def values(self) -> Pair:
        """Read and written at least: x, w and out; dout, x, w, dx and dw."""
        x, w, out = np.prod(self.x), np.prod(self.w), self.w[0] * self.windows()
        return float(x + w + out), float(2 * x + 2 * w + out)

    def bars(self, dtype: str) -> Bars:
        each = 1.5 if dtype == "float64" else 1.0
        return each, each, self.both.get(dtype, 0.0)


@dataclass(frozen=True)
class Pooling:
    """A 2 x 2 max-pooling to time."""

    title: str
    x: tuple[int, int, int, int]

    def operations(self) -> Pair:
        """None are counted."""
        return 0.0, 0.0

    def values(self) -> Pair:
        """Read and written at least: x and out; dout and dx."""
        return 1.25 * np.prod(self.x), 1.25 * np.prod(self.x)

    def bars(self, dtype: str) -> Bars:
        return 1.0, 1.0, 2.0


CONVOLUTIONS = [
    Convolution("the documents' case", (100, 3, 31, 31), (25, 3, 3, 3), 2, 1, {"float64": 2.0, "float32": 1.3}),
    Convolution("ThreeLayerConvNet's", (50, 3, 32, 32), (32, 3, 7, 7), 1, 3, {"float64": 2.5}),
    Convolution("a deep layer", (50, 32, 32, 32), (32, 32, 3, 3), 1, 1, {"float64": 2.0}),
    Convolution("1x1 filters", (50, 64, 16, 16), (64, 64, 1, 1), 1, 0, {}),
    Convolution("stride 2, 64 channels", (50, 64, 32, 32), (64, 64, 3, 3), 2, 1, {}),
    Convolution("5x5, pad 2", (50, 16, 32, 32), (32, 16, 5, 5), 1, 2, {}),
    Convolution("a batch of 1", (1, 64, 56, 56), (64, 64, 3, 3), 1, 1, {}),
]
POOLINGS = [
    Pooling("pooling, 3 channels", (100, 3, 32, 32)),
    Pooling("pooling, 32 channels", (50, 32, 32, 32)),
]
# Why a case stays below 70 % of the machine's limit.
WHY = {
    "the documents' case": "27 terms a window: copying rows apart by the stride, and starting threads, take as long",
    "1x1 filters": "64 terms a window: the products are too short to hide that x is read and out is written",
    "stride 2, 64 channels": "copying rows apart by the stride; dx is written at every other pixel",
}
POOL_PARAM = {"pool_height": 2, "pool_width": 2, "stride": 2}

# Runs once and returns the seconds of its forward and of its backward.
Timed = Callable[[], tuple[float, float]]


def clocked(forward: Callable, backward: Callable) -> Timed:
    """Time a forward and a backward; `backward` gets what `forward` returned."""

    def run() -> tuple[float, float]:
        start = time.perf_counter()
        answer = forward()
        between = time.perf_counter()
        backward(answer)
        return between - start, time.perf_counter() - between

    return run


def rounds(sides: list[Timed], count: int) -> np.ndarray:
    """Return the seconds of the sides, which take turns, in shape (count, sides, 2).

    In its turn a side runs twice, and only the second run counts: during the first run, threads of the other side may
    still use the same cores.
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
            model.params[name], configs[name] = adam_fast(model.params[name], gradient, configs[name])

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
    """Return the GFLOP/s of a large matrix product, an upper limit for the layers."""
    a = np.random.RandomState(231).randn(2048, 2048).astype(dtype)
    a @ a
    times = []
    for _ in range(10):
        start = time.perf_counter()
        a @ a
        times.append(time.perf_counter() - start)
    return 2 * 2048**3 / min(times) / 1e9


def copy_speed(dtype: str) -> float:
    """Values a second that a large copy reads and writes, with as many threads as the layers."""
    source = np.ones((THREADS, 8 * 2**20), dtype=dtype)
    target = source.copy()
    times = []
    with ThreadPoolExecutor(THREADS) as executor:
        for _ in range(10):
            start = time.perf_counter()
            list(executor.map(np.copyto, target, source))
            times.append(time.perf_counter() - start)
    return 2 * source.size / min(times)


@dataclass(frozen=True)
class Machine:
    """What the machine can do in one dtype: GFLOP/s of a large product, values a second of a large copy."""

    product: float
    copy: float

    def seconds(self, work: Convolution | Pooling) -> np.ndarray:
        """The least that the forward and the backward can take."""
        products = np.array(work.operations()) / self.product / 1e9
        return np.maximum(products, np.array(work.values()) / self.copy)


@dataclass(frozen=True)
class Timing:
    """One work in one dtype. seconds: (rounds, sides, 2), ours first; least: what the machine's limits allow."""

    title: str
    dtype: str
    seconds: np.ndarray
    bars: Bars = (0.0, 0.0, 0.0)
    operations: Pair = (0.0, 0.0)
    least: np.ndarray | None = None

    @property
    def has_peer(self) -> bool:
        return self.seconds.shape[1] > 1

    def ratios(self) -> list[float]:
        """Median of side 1 over side 0: forward, backward, both."""
        both = np.concatenate([self.seconds, self.seconds.sum(axis=2, keepdims=True)], axis=2)
        return list(np.median(both[:, 1] / both[:, 0], axis=0))

    def reached(self) -> list[float]:
        """The part of the machine's limit: forward, backward."""
        return [] if self.least is None else list(self.least / np.median(self.seconds[:, 0], axis=0))

    def line(self) -> str:
        text = f"{self.title:22} {self.dtype:8}"
        speeds = np.array(self.operations) / np.median(self.seconds[:, 0], axis=0) / 1e9
        for speed, reached in zip(speeds, self.reached() or (None, None), strict=True):
            text += (f" {speed:5.0f}" if speed else 6 * " ") + (6 * " " if reached is None else f" {reached:5.0%}")
        if self.has_peer:
            text += "".join(f" {ratio:5.2f}x" for ratio in self.ratios())
            text += "  " + " ".join(f"{bar:.1f}" if bar else "-" for bar in self.bars)
            missed = any(row.missed for row in self.rows())
            text += "" if not any(self.bars) else "  MISSED" if missed else "  met"
        return text

    def rows(self) -> Iterator[Row]:
        reached = [f"{part:.0%} of the machine's limit" for part in self.reached()]
        if reached and min(self.reached()) < 0.7 and self.title in WHY:
            reached = [
                f"{text}: {WHY[self.title]}" if part < 0.7 else text
                for text, part in zip(reached, self.reached(), strict=True)
            ]
        said = [*reached, ""] if reached else ["", "", ""]
        for way, ratio, bar, of in zip(("forward", "backward", "both"), self.ratios(), self.bars, said, strict=True):
            yield Row(f"{self.title}, {self.dtype}, {way}, to PyTorch", ratio, "x", bar or None, of=of)


def of_dtype(dtype: str, limits: Machine) -> Iterator[Timing]:
    """The layers, against PyTorch."""
    for work in [*CONVOLUTIONS, *POOLINGS]:
        sides = convolution_sides if isinstance(work, Convolution) else pooling_sides
        fast, _, peer = sides(work, dtype)
        seconds = rounds([fast, peer] if peer else [fast], ROUNDS)
        yield Timing(work.title, dtype, seconds, work.bars(dtype), work.operations(), limits.seconds(work))


def step() -> Timing:
    """The bar is on the whole step."""
    fast, peer = step_sides()
    return Timing("a training step", "float32", rounds([fast, peer] if peer else [fast], ROUNDS), (0.0, 0.0, 1.0))


def against_naive() -> Iterator[Timing]:
    for work, sides in ((CONVOLUTIONS[0], convolution_sides), (POOLINGS[0], pooling_sides)):
        fast, naive, _ = sides(work, "float64")
        yield Timing(work.title, "float64", rounds([fast, naive], NAIVE_ROUNDS))


def limits_of(dtype: str) -> Machine:
    return Machine(product_speed(dtype), copy_speed(dtype))


def prepare_torch() -> None:
    """Give PyTorch as many threads as our layers use, and silence its warnings."""
    if torch is not None:
        torch.set_num_threads(THREADS)
        warnings.filterwarnings("ignore", module="torch")


def rows(options: Options) -> Iterator[Row]:
    prepare_torch()
    for dtype in ("float64", "float32"):
        limits = limits_of(dtype)
        yield Row(f"the machine's limits, {dtype}: a large product", limits.product, "GFLOP/s")
        yield Row(f"the machine's limits, {dtype}: a large copy", limits.copy * np.dtype(dtype).itemsize / 1e9, "GB/s")
        for timing in of_dtype(dtype, limits):
            yield from timing.rows()
    yield from step().rows()
    for timing in against_naive():
        forward, backward, both = timing.ratios()
        said = f"forward {forward:.0f}x, backward {backward:.0f}x"
        yield Row(f"{timing.title}: time of the naive layers to ours", both, "x", of=said)


def lacks(options: Options) -> str:
    return NO_KERNELS if kernels is None else NO_TORCH if torch is None else ""


def versions(options: Options) -> Mapping[str, str]:
    return {"PyTorch": torch.__version__} if torch else {}


def main() -> None:
    if kernels is None:
        sys.exit(f"bench: {NO_KERNELS}")
    met = True
    prepare_torch()
    print(f"{THREADS} threads, instruction set {kernels.INSTRUCTION_SETS[0]}, medians of {ROUNDS} paired rounds")
    print(f"{'':31} forward     backward     times PyTorch's speed")
    print(f"{'':31}  GF/s limit  GF/s limit   fwd    bwd   both  bars")
    for dtype in ("float64", "float32"):
        limits = limits_of(dtype)
        for timing in of_dtype(dtype, limits):
            print(timing.line())
            met &= not (timing.has_peer and any(row.missed for row in timing.rows()))
        copied = limits.copy * np.dtype(dtype).itemsize / 1e9
        print(
            f"{'the limits':22} {dtype:8} {limits.product:5.0f} GFLOP/s of a large product, {copied:.0f} GB/s of a copy"
        )
    timing = step()
    print(timing.line())
    met &= not (timing.has_peer and any(row.missed for row in timing.rows()))
    per_step = np.median(timing.seconds[:, 0].sum(axis=1))
    print(f"{'':31} of it the update: {np.median(timing.seconds[:, 0, 1]) / per_step:.0%} (adam_fast)")

    print(f"\nfast against naive, float64, the documents' cases, medians of {NAIVE_ROUNDS} rounds")
    print("(the documents printed 485x, 600x, 68x and 57x, against naive layers of their own)")
    for timing in against_naive():
        forward, backward, _ = timing.ratios()
        print(f"{timing.title:22} forward {forward:4.0f}x, backward {backward:4.0f}x")
    print(machine.line(versions(Options()) or {"no PyTorch": "(python -m pip install -e '.[bench]')"}))
    sys.exit(0 if met else 1)


PART = Part(
    "fast_layers",
    "The fast layers",
    f"The compiled layers against PyTorch on the CPU with as many threads: its time to ours, medians of {ROUNDS} "
    "paired rounds; how near they come to the machine's limits, the rates of a large product and of a large copy in "
    "the same run; and against the naive layers.",
    rows,
    lacks=lacks,
    versions=versions,
)

if __name__ == "__main__":
    main()
