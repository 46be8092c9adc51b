"""How an English sentence writes numbers, lists and shapes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

FEW: Final = 4
WORDS: Final = dict(enumerate(("two", "three", "four", "five", "six", "seven", "eight", "nine"), 2))


def shape(lengths: Sequence[int]) -> str:
    return str(tuple(lengths))


def ratio(value: float | Sequence[int]) -> str:
    if isinstance(value, int | float):
        return f"{value}" if isinstance(value, int) else f"{value:.4g}"
    return "{}/{}".format(*value)


def sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else text + "."


def joined(by: str) -> Callable[[Sequence[Any]], str]:
    return lambda items: by.join(map(str, items))


FORMS: Final[Mapping[str, Callable[[Any], str]]] = {
    "shape": shape,
    "array": lambda lengths: f"an array of shape {shape(lengths)}" if lengths else "a number",
    "position": lambda index: shape(index) if len(index) > 1 else str(index[0]),
    "list": joined(", "),
    "and": joined(" and "),
    "or": joined(" or "),
    "few": lambda items: ", ".join(map(str, items[:FEW])) + (" …" if len(items) > FEW else ""),
    "amount": lambda error: f"{error:.0%}" if error >= 0.01 else f"{error:.2g}",
    "percent": lambda share: f"{100 * share:.0f} %",
    "ratio": ratio,
    "counted": lambda share: "in full" if share == 1 else "half",
    "unsaid": lambda value: "",  # the catalogue of another language finds its own hint by the misconception's id
    "word": lambda number: WORDS.get(number, str(number)),
    "sentence": sentence,
}
