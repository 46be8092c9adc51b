"""Annotations that name what is absent, or what an older Python cannot evaluate: nobody uses them."""
# loses:
from dataclasses import dataclass, field

import jaxtyping
import numba
import torch
from typing_extensions import Annotated, Literal

Batch = jaxtyping.Float[np.ndarray, "n d"] | None


@dataclass
class Parts:
    x: torch.Tensor | None
    sizes: list[int] = field(default_factory=list)
    kind: "NotDefinedAnywhere" = None


threshold: torch.Tensor | Missing = 0


@numba.njit(parallel=True)
@torch.no_grad()
def relu_forward(x: Annotated[np.ndarray, "any shape"], device=torch.device("cpu")) -> tuple[Batch, Missing]:
    def positive(a: torch.Tensor | None, side: Literal[0, 1] = 0) -> torch.Tensor["n"]:
        return np.maximum(threshold, a)

    if isinstance(x, torch.Tensor):
        x = x.numpy()
    out: torch.Tensor | Missing = positive(Parts(x).x)
    return out, x
