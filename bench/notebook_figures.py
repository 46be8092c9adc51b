"""The figures that the course documents print, and the comparison with the output of a notebook's cells.

    output of the check cells ─► compare ─► rows: figure, printed by a document, obtained, agrees?

Some cells print their own bound (`label: 1.2e-10   (expected: below 1e-09)`); compare checks it. The tables below hold
the figures of the documents. Figures of trainings need CIFAR-10, and are left out if the images are generated.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

NUMBER = r"[-+.e0-9]+"
Checks = Mapping[str, str]  # the output of each check cell, by its name


@dataclass(frozen=True)
class Row:
    check: str
    figure: str
    printed: str
    obtained: str
    agrees: bool


# Notebook, check, label, figure, and the relative tolerance that fits its number of digits.
EXACT, FIVE_DIGITS, THREE_DIGITS = 1e-12, 5e-6, 5e-4
PRINTED = [
    ("ModularNets", "affine-forward", "affine_forward difference", 9.7698477e-10, FIVE_DIGITS),
    ("ModularNets", "relu-forward", "relu_forward difference", 4.9999998e-08, FIVE_DIGITS),
    ("ModularNets", "conv-forward", "conv_forward_naive difference", 2.2121476e-08, FIVE_DIGITS),
    ("ModularNets", "max-pool-forward", "max_pool_forward_naive difference", 4.1666665e-08, FIVE_DIGITS),
    ("ModularNets", "losses", "svm_loss loss", 8.999602749096233, EXACT),
    ("ModularNets", "losses", "softmax_loss loss", 2.302545844500738, EXACT),
    ("ModularNets", "fast-pool", "out difference", 0.0, EXACT),
    ("ModularNets", "fast-pool", "dx difference", 0.0, EXACT),
    ("FullyConnectedNets", "two-layer-net", "loss without regularization", 3.4702243556, EXACT),
    ("FullyConnectedNets", "two-layer-net", "loss with reg 1.0", 26.5948426952, EXACT),
    ("FullyConnectedNets", "fully-connected-net", "initial loss with reg 0", 2.3004790897684924, EXACT),
    ("FullyConnectedNets", "fully-connected-net", "initial loss with reg 3.14", 7.052114776533016, EXACT),
    ("FullyConnectedNets", "rmsprop", "next_w error", 9.5247e-08, THREE_DIGITS),
    ("FullyConnectedNets", "adam", "next_w error", 1.1396e-07, THREE_DIGITS),
    ("BatchNormalizationAndDropout", "batchnorm-net", "initial loss with reg 0", 2.2611955101340957, EXACT),
    ("BatchNormalizationAndDropout", "batchnorm-net", "initial loss with reg 3.14", 6.996533220108303, EXACT),
    ("BatchNormalizationAndDropout", "dropout", "mean of output in training, p 0.3", 9.990848162756775, EXACT),
    ("BatchNormalizationAndDropout", "dropout", "mean of output in training, p 0.6", 9.977917658761159, EXACT),
    ("BatchNormalizationAndDropout", "dropout", "mean of output in training, p 0.75", 9.991640741515118, EXACT),
    ("BatchNormalizationAndDropout", "dropout", "fraction set to zero, p 0.3", 0.300672, EXACT),
    ("BatchNormalizationAndDropout", "dropout", "fraction set to zero, p 0.6", 0.600796, EXACT),
    ("BatchNormalizationAndDropout", "dropout", "fraction set to zero, p 0.75", 0.750232, EXACT),
    ("ConvolutionalNetworks", "conv-forward", "conv_forward_naive difference", 2.2121476e-08, FIVE_DIGITS),
    ("ConvolutionalNetworks", "max-pool-forward", "max_pool_forward_naive difference", 4.1666665e-08, FIVE_DIGITS),
    ("ConvolutionalNetworks", "fast-pool", "out difference", 0.0, EXACT),
    ("ConvolutionalNetworks", "fast-pool", "dx difference", 0.0, EXACT),
    ("ConvolutionalNetworks", "three-layer-loss", "initial loss", 2.3026, 5e-5),
    ("ConvolutionalNetworks", "three-layer-loss", "initial loss with reg 0.5", 2.5085, 2e-4),
    ("TrainConvNet", "first-loss", "initial loss", 2.3026, 5e-5),
    ("TrainConvNet", "shapes", "parameters in all", 4161658, EXACT),  # counted by hand
]
# Arrays with eight digits in the cells; the cells print the error of the results.
ARRAYS = [
    ("FullyConnectedNets", "sgd-momentum", "next_w error"),
    ("FullyConnectedNets", "sgd-momentum", "velocity error"),
    ("FullyConnectedNets", "rmsprop", "cache error"),
    ("FullyConnectedNets", "adam", "v error"),
    ("FullyConnectedNets", "adam", "m error"),
]
# Relative errors of small nets. The reference's error must be within a factor of 10 of the printed one.
ORDERS = [
    ("ConvolutionalNetworks", "three-layer-gradients", "W1", 1.4e-4),
    ("ConvolutionalNetworks", "three-layer-gradients", "W2", 1.8e-2),
    ("ConvolutionalNetworks", "three-layer-gradients", "W3", 3.1e-4),
    ("ConvolutionalNetworks", "three-layer-gradients", "b1", 3.5e-5),
    ("ConvolutionalNetworks", "three-layer-gradients", "b2", 2.5e-3),
    ("ConvolutionalNetworks", "three-layer-gradients", "b3", 7.9e-10),
    ("TrainConvNet", "gradients", "W1", 3.4e-4),
    ("TrainConvNet", "gradients", "W2", 1.82e-2),
    ("TrainConvNet", "gradients", "W3", 3.4e-4),
]
# Means and standard deviations with eight decimals: notebook, check, index among the check's arrays, printed values.
VECTORS = [
    ("BatchNormalizationAndDropout", "batchnorm-train", 0, [-2.3814598, -13.18038246, 1.91780462]),
    ("BatchNormalizationAndDropout", "batchnorm-train", 1, [27.18502186, 34.21455511, 37.68611762]),
    ("BatchNormalizationAndDropout", "batchnorm-test", 0, [-0.03927354, -0.04349152, -0.10452688]),
    ("BatchNormalizationAndDropout", "batchnorm-test", 1, [1.01531428, 1.01238373, 0.97819988]),
    ("ConvolutionalNetworks", "spatial-batchnorm-train", 0, [9.33463814, 8.90909116, 9.11056338]),
    ("ConvolutionalNetworks", "spatial-batchnorm-train", 1, [3.61447857, 3.19347686, 3.5168142]),
    ("ConvolutionalNetworks", "spatial-batchnorm-train", 3, [0.99999962, 0.99999951, 0.9999996]),
    ("ConvolutionalNetworks", "spatial-batchnorm-train", 5, [2.99999885, 3.99999804, 4.99999798]),
    ("ConvolutionalNetworks", "spatial-batchnorm-test", 0, [-0.08034406, 0.07562881, 0.05716371, 0.04378383]),
    ("ConvolutionalNetworks", "spatial-batchnorm-test", 1, [0.96718744, 1.0299714, 1.02887624, 1.00585577]),
    ("ConvolutionalNetworks", "groupnorm-forward", 0, [9.72505327, 8.51114185, 8.9147544, 9.43448077]),
    ("ConvolutionalNetworks", "groupnorm-forward", 1, [3.67070958, 3.09892597, 4.27043622, 3.97521327]),
    ("ConvolutionalNetworks", "groupnorm-forward", 3, [0.99999963, 0.99999948, 0.99999973, 0.99999968]),
]


@dataclass(frozen=True)
class Training:
    """A figure of a training on CIFAR-10: of one label, or a comparison of two."""

    notebook: str
    check: str
    labels: tuple[str, ...]
    printed: str
    holds: Callable[..., bool]


TRAININGS = [
    Training("FullyConnectedNets", "two-layer-training", ("best validation accuracy",), "0.512", lambda a: a >= 0.48),
    Training(
        "FullyConnectedNets",
        "momentum-ahead",
        ("sgd training accuracy", "sgd_momentum training accuracy"),
        "0.396, 0.522",
        lambda sgd, momentum: momentum - sgd >= 0.05,
    ),
    Training(
        "BatchNormalizationAndDropout",
        "batchnorm-training",
        ("batchnorm training accuracy", "baseline training accuracy"),
        "0.765, 0.655",
        lambda batchnorm, baseline: batchnorm > baseline,
    ),
    Training(
        "BatchNormalizationAndDropout",
        "dropout-training",
        ("dropout 0 gap from training to validation", "dropout 0.75 gap from training to validation"),
        "a smaller gap with dropout",
        lambda without, with_dropout: with_dropout < without,
    ),
    Training("ConvolutionalNetworks", "by-heart", ("first loss",), "2.414060", lambda a: abs(a - 2.4140) <= 0.0005),
    Training("ConvolutionalNetworks", "by-heart", ("training accuracy at epoch 0",), "0.20", lambda a: a == 0.20),
    Training("ConvolutionalNetworks", "by-heart", ("training accuracy",), "0.99", lambda a: a >= 0.95),
    Training("ConvolutionalNetworks", "by-heart", ("validation accuracy",), "0.22", lambda a: 0.15 <= a <= 0.27),
    Training(
        "ConvolutionalNetworks",
        "three-layer-training",
        ("training accuracy",),
        "0.452 and 0.484",
        lambda a: a > 0.40,
    ),
    Training("TrainConvNet", "training", ("training accuracy",), "greater than 40%", lambda a: a > 0.40),
]


def compare(notebook: str, checks: Checks, *, is_cifar10: bool) -> list[Row]:
    """Return a row for every figure of a notebook that a document or a cell prints. A missing figure does not agree."""
    rows = [row for check, text in checks.items() for row in own_words(check, text)]
    for _, check, label, expected, tolerance in mine(PRINTED, notebook):
        rows.append(judged(checks, check, (label,), f"{expected:.12g}", near(expected, tolerance)))
    for _, check, label in mine(ARRAYS, notebook):
        rows.append(judged(checks, check, (label,), "an array, to its digits", lambda error: error < 1e-8))
    for _, check, name, expected in mine(ORDERS, notebook):
        rows.append(judged(checks, check, (f"{name} relative error",), f"{expected:.1e}, its order", order(expected)))
    for _, check, which, expected in mine(VECTORS, notebook):
        found = vectors(checks.get(check, ""))[which : which + 1]
        agrees = bool(found) and len(found[0]) == len(expected)
        agrees = agrees and all(abs(a - b) < 0.5001e-8 for a, b in zip(found[0], expected, strict=True))
        rows.append(Row(check, f"array {which + 1}", str(expected), str(found[0]) if found else "nothing", agrees))
    for one in TRAININGS:
        if one.notebook == notebook and is_cifar10:
            rows.append(judged(checks, one.check, one.labels, one.printed, one.holds))
    return rows


def own_words(check: str, text: str) -> Iterator[Row]:
    """Return rows for the bounds that the cell itself prints."""
    line = rf"^ *(.*): *({NUMBER}) +\(expected: (below|above) ({NUMBER})\)$"
    found = re.findall(line, text, re.MULTILINE)
    for label, obtained, side, bound in found:
        agrees = float(obtained) < float(bound) if side == "below" else float(obtained) > float(bound)
        yield Row(check, label, f"{side} {bound}", obtained, agrees)
    said = len(re.findall(r"\(expected: (?:below|above)", text))
    if said != len(found):
        yield Row(check, "bounds", f"{said} figures", f"{len(found)} numbers", False)


def mine(table: list[tuple], notebook: str) -> list[tuple]:
    return [row for row in table if row[0] == notebook]


def near(expected: float, tolerance: float) -> Callable[[float], bool]:
    return lambda obtained: abs(obtained - expected) <= tolerance * abs(expected)


def order(expected: float) -> Callable[[float], bool]:
    return lambda obtained: expected / 10 < obtained < expected * 10


def judged(checks: Checks, check: str, labels: tuple[str, ...], printed: str, holds: Callable[..., bool]) -> Row:
    found = [number_behind(label, checks.get(check, "")) for label in labels]
    obtained = ", ".join("nothing" if number is None else f"{number:.12g}" for number in found)
    return Row(check, ", ".join(labels), printed, obtained, None not in found and holds(*found))


def number_behind(label: str, text: str) -> float | None:
    """The number that a cell prints behind `label: `."""
    match = re.search(rf"^ *{re.escape(label)}: *({NUMBER})", text, re.MULTILINE)
    return float(match[1]) if match else None


def vectors(text: str) -> list[list[float]]:
    """Return the one-dimensional arrays that a cell prints, in order."""
    found = re.findall(r": +\[([-+.e0-9 \n]+)\]$", text, re.MULTILINE)
    return [[float(number) for number in row.split()] for row in found]
