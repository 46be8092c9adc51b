"""Makes mutants: a student file with one small mistake in its solution regions. `make mutants` runs the checks on them.

The syntax tree is changed in one place, compiled, and changed back. mistakes.py defines the changes.

Calls that only validate arguments (expect_...) are removed first: students need not write them, and they would catch
mistakes that a check must catch. Dtypes are never changed, since they cost no marks. A statement is dropped only if the
names that it binds were bound before; an undefined name would be too easy to catch.

cosmic-ray and mutmut are well maintained, but they rewrite files and start a test run for each mutant, and they have no
mutations of axes, keywords, dropped terms or NumPy functions.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from types import CodeType
from typing import Any, Final

from bench.mistakes import wrong_forms, wrong_in, wrong_updates

BEGIN: Final = "### BEGIN SOLUTION"
END: Final = "### END SOLUTION"


@dataclass(frozen=True)
class Mutant:
    """One mistake in a function or class.

    line, becomes: the statement before and after, or the first line of a compound one, as ast.unparse writes them. nth:
    numbers the mutants of a function with equal line and becomes, from 0.
    """

    function: str
    line: str
    becomes: str
    nth: int
    code: CodeType

    @property
    def key(self) -> tuple[str, str, str, int]:
        return self.function, self.line, self.becomes, self.nth


def mutants_of(source: str, module: str, functions: frozenset[str]) -> Iterator[Mutant]:
    """Yield every mutant of a student file's functions and classes, in the order of the file.

    module: its name below the package, "layers". functions: ids to mutate. Mutants of a method belong to its class.
    """
    tree = ast.parse(source)
    regions = solution_lines(source)
    for owner in tree.body:
        if isinstance(owner, ast.FunctionDef | ast.ClassDef) and f"{module}.{owner.name}" in functions:
            take_out_expectations(owner, regions)
            seen: dict[tuple[str, str], int] = {}
            for place, known in statements_of(owner, regions):
                line, seen_here = head_of(place.statement), set()
                for _ in changes(place, known):
                    becomes = head_of(place.statement)
                    if becomes not in seen_here and becomes != line:
                        seen_here.add(becomes)
                        nth = seen[line, becomes] = seen.get((line, becomes), -1) + 1
                        code = compile(ast.fix_missing_locations(tree), f"<mutant of {module}>", "exec")
                        yield Mutant(f"{module}.{owner.name}", line, becomes, nth, code)


@dataclass(frozen=True)
class Place:
    """The position of a statement: a block (a body) and an index in it."""

    block: list[ast.stmt]
    index: int

    @property
    def statement(self) -> ast.stmt:
        return self.block[self.index]

    def put(self, statement: ast.stmt) -> None:
        self.block[self.index] = statement


def solution_lines(source: str) -> set[int]:
    """Return the numbers of the lines between the markers. Raises ValueError if a marker has no partner."""
    inside, lines = False, set()
    for number, text in enumerate(source.splitlines(), start=1):
        if text.strip() in (BEGIN, END):
            if inside == (text.strip() == BEGIN):
                raise ValueError(f"line {number}: {text.strip()} has no partner")
            inside = not inside
        elif inside:
            lines.add(number)
    if inside:
        raise ValueError(f"{BEGIN} without {END}")
    return lines


def places_of(owner: ast.AST) -> list[Place]:
    """Return the places of the statements of a function or class, in the order of the file."""
    blocks = [getattr(node, name, []) for node in ast.walk(owner) for name in ("body", "orelse")]
    found = [Place(block, k) for block in blocks if isinstance(block, list) for k in range(len(block))]
    return sorted(found, key=lambda place: place.statement.lineno)


def take_out_expectations(owner: ast.AST, regions: set[int]) -> None:
    for place in places_of(owner):
        if place.statement.lineno in regions and is_expectation(place.statement):
            place.put(ast.copy_location(ast.Pass(), place.statement))


def statements_of(owner: ast.AST, regions: set[int]) -> Iterator[tuple[Place, set[str]]]:
    """Return the places of the statements in solution regions, each with the names that are bound before it."""
    known = {argument.arg for node in ast.walk(owner) if isinstance(node, ast.arguments) for argument in node.args}
    for place in places_of(owner):
        if place.statement.lineno in regions:
            yield place, known
        known = known | {node.id for node in parts_of(place.statement) if is_stored(node)}


def changes(place: Place, known: set[str]) -> Iterator[None]:
    """For every mistake in one statement's own expressions: change the tree in place, yield, and change it back."""
    statement = place.statement
    dropped = [ast.Pass()] if droppable(statement, known) else []
    for wrong in [*dropped, *wrong_updates(statement)]:
        place.put(ast.copy_location(wrong, statement))
        yield
        place.put(statement)
    for parent, field, index, child in list(places(statement)):
        for wrong in [*wrong_forms(child), *wrong_in(parent, field, child)]:
            put(parent, field, index, wrong)
            yield
            put(parent, field, index, child)


def places(node: ast.AST) -> Iterator[tuple[ast.AST, str, int | None, ast.AST]]:
    """Yield every node below a statement that is not part of a nested statement: parent, field, index, node."""
    for field, value in ast.iter_fields(node):
        for index, child in enumerate(value) if isinstance(value, list) else [(None, value)]:
            if isinstance(child, ast.AST) and not isinstance(child, ast.stmt | ast.expr_context):
                if isinstance(child, ast.keyword) and child.arg == "dtype":
                    continue
                yield node, field, index, child
                yield from places(child)


def parts_of(statement: ast.stmt) -> Iterator[ast.AST]:
    return (child for _, _, _, child in places(statement))


def is_stored(node: ast.AST) -> bool:
    return isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)


def is_expectation(statement: ast.stmt) -> bool:
    call = statement.value if isinstance(statement, ast.Expr) else None
    return isinstance(call, ast.Constant) or (
        isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id.startswith("expect_")
    )


def droppable(statement: ast.stmt, known: set[str]) -> bool:
    if isinstance(statement, ast.Assign):
        stored = [node.id for node in parts_of(statement) if is_stored(node)]
        return set(stored) <= known
    return isinstance(statement, ast.AugAssign | ast.Expr)


def put(parent: ast.AST, field: str, index: int | None, node: Any) -> None:
    if index is None:
        setattr(parent, field, node)
    else:
        getattr(parent, field)[index] = node


def head_of(statement: ast.AST) -> str:
    return ast.unparse(statement).splitlines()[0]
