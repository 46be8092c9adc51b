"""Small mistakes that people make in NumPy code, as replacements for nodes of a syntax tree.

A lost sign, factor or term; a wrong axis, bound or condition; arguments in another order; H for W; += for =. Each
function takes a node and yields nodes to put in its place. The functions leave out replacements that certainly compute
the same.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any, Final

OPERATORS: Final = {
    ast.Add: (ast.Sub,),
    ast.Sub: (ast.Add,),
    ast.Mult: (ast.Div,),
    ast.Div: (ast.Mult,),
    ast.FloorDiv: (ast.Div, ast.Mult),
    ast.Pow: (ast.Mult,),
    ast.Lt: (ast.LtE, ast.Gt),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.Lt),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
    ast.And: (ast.Or,),
    ast.Or: (ast.And,),
}
ORDERED: Final = (ast.Sub, ast.Div, ast.FloorDiv, ast.MatMult, ast.Pow)  # swapping their operands changes the result
SWAPS: Final = (
    ("sum", "mean"), ("max", "min"), ("maximum", "minimum"), ("argmax", "argmin"), ("zeros", "ones"),
    ("zeros_like", "ones_like"), ("randn", "rand"), ("mean", "sum"), ("min", "max"), ("ones", "zeros"),
)  # fmt: skip
SYMMETRIC: Final = ("maximum", "minimum", "result_type")
DROPPED: Final = ("sqrt", "square", "exp", "log", "abs", "pad", "transpose", "reshape", "copy", "T")
TWINS: Final = (("H", "W"), ("HH", "WW"), ("H_out", "W_out"), ("H_conv", "W_conv"), ("i", "j"), ("top", "left"))
OTHER: Final = {name: other for pair in TWINS for name, other in (pair, pair[::-1])}


def wrong_updates(statement: ast.stmt) -> Iterator[ast.stmt]:
    """Replacements for +=: -= and =."""
    if isinstance(statement, ast.AugAssign):
        opposite = ast.Sub() if isinstance(statement.op, ast.Add) else ast.Add()
        yield ast.AugAssign(statement.target, opposite, statement.value)
        yield ast.Assign([statement.target], statement.value)


def wrong_forms(node: ast.AST) -> Iterator[Any]:
    """Replacements for a node."""
    if isinstance(node, ast.Constant):
        yield from (ast.Constant(value) for value in wrong_constants(node.value))
    elif isinstance(node, ast.operator | ast.cmpop | ast.boolop):
        yield from (kind() for kind in OPERATORS.get(type(node), ()))
    elif isinstance(node, ast.BinOp):
        yield from (node.left, node.right)
        if isinstance(node.op, ORDERED):
            yield ast.BinOp(node.right, node.op, node.left)
    elif isinstance(node, ast.UnaryOp):
        yield node.operand
    elif isinstance(node, ast.Compare) and len(node.ops) == 1:
        yield ast.UnaryOp(ast.Not(), node)
    elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id in OTHER:
        yield ast.Name(OTHER[node.id], ast.Load())
    elif isinstance(node, ast.Slice):
        yield from wrong_slices(node)
    elif isinstance(node, ast.Attribute):
        yield from (ast.Attribute(node.value, other, node.ctx) for name, other in SWAPS if name == node.attr)
        if node.attr == "T":
            yield node.value
    elif isinstance(node, ast.Call):
        yield from wrong_calls(node)


def wrong_in(parent: ast.AST, field: str, child: ast.AST) -> Iterator[Any]:
    """Replacements that depend on the parent of a node: for a condition, or the axes of a sum."""
    if isinstance(parent, ast.If | ast.IfExp | ast.While) and field == "test":
        yield from (ast.Constant(True), ast.Constant(False))
        if not isinstance(child, ast.Compare):
            yield ast.UnaryOp(ast.Not(), child)
    if isinstance(child, ast.Tuple | ast.List):
        if isinstance(parent, ast.keyword) and parent.arg == "axis":  # axes have no order, so drop one
            yield from (ast.Tuple(without(child.elts, k), child.ctx) for k in range(len(child.elts)))
        else:
            yield from (type(child)(items, child.ctx) for items in neighbours_swapped(child.elts))


def wrong_constants(value: Any) -> tuple[Any, ...]:
    if isinstance(value, bool):
        return (not value,)
    if isinstance(value, int):
        return (value + 1, value - 1)
    return (2 * value, 1.0 - value) if isinstance(value, float) else ()


def wrong_slices(node: ast.Slice) -> Iterator[ast.Slice]:
    """Yield each bound too large by one, too small by one, and left out."""
    for name in ("lower", "upper"):
        bound = getattr(node, name)
        if bound is not None:
            for moved in (one_more(bound, ast.Add()), one_more(bound, ast.Sub()), None):
                yield ast.Slice(**{"lower": node.lower, "upper": node.upper, "step": node.step, name: moved})


def wrong_calls(node: ast.Call) -> Iterator[Any]:
    """Yield swapped arguments; a call without a keyword, or only its argument; a loop that starts one late or ends one
    early."""
    if not (isinstance(node.func, ast.Attribute) and node.func.attr in SYMMETRIC):
        yield from (ast.Call(node.func, args, node.keywords) for args in neighbours_swapped(node.args))
    for k, keyword in enumerate(node.keywords):
        if keyword.arg != "dtype":
            yield ast.Call(node.func, node.args, without(node.keywords, k))
    if isinstance(node.func, ast.Attribute) and node.func.attr in DROPPED:
        on_numpy = isinstance(node.func.value, ast.Name) and node.func.value.id == "np"
        yield node.args[0] if on_numpy else node.func.value
    if isinstance(node.func, ast.Name) and node.func.id == "range" and len(node.args) == 1:
        yield ast.Call(node.func, [ast.Constant(1), *node.args], [])
        yield ast.Call(node.func, [one_more(node.args[0], ast.Sub())], [])


def one_more(node: Any, operator: ast.operator) -> ast.BinOp:
    return ast.BinOp(node, operator, ast.Constant(1))


def neighbours_swapped(items: list[Any]) -> Iterator[list[Any]]:
    for k in range(len(items) - 1):
        pair = items[k : k + 2]
        if not any(isinstance(item, ast.Starred) for item in pair):
            yield [*items[:k], *pair[::-1], *items[k + 2 :]]


def without(items: list[Any], k: int) -> list[Any]:
    return items[:k] + items[k + 1 :]
