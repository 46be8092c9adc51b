# mypy cannot read kernels.pyx: any name may be in it.
from typing import Any

def __getattr__(name: str) -> Any: ...
