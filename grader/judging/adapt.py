"""Translates calls between handouts: checks are written for one, a submission may be written for another. Pure.

    check ── ours ──► adapt ── theirs ──► the student's code        adapt_back: the student's code ──► a stub of ours
          ◄─ ours ──        ◄─ theirs ──

The rules of a Handout describe the differences in arguments, keywords and shapes, as data. Both directions use the
same rules. `ours` is the form of the assignment's own handout, `theirs` is the form of the other handout.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from typing import Any, Final

import numpy as np

from grader.calls import Call, update_dict
from grader.errors import AssignmentError
from grader.judging.compare import squeezed
from grader.messages.say import fault
from grader.records import OWN_HANDOUT, Check, Reason


@dataclass(frozen=True)
class Argument:
    """A rule for an argument that has another keyword name or shape in the other handout, or means the complement.

    position: of the positional argument. entry: if not empty, the rule applies to this entry of a dict argument.
    complement: the other handout uses 1 - p for a number p. shape, their_shape: arguments for reshape, or empty.
    """

    of: str
    name: str
    position: int
    their_name: str
    entry: str = ""
    complement: bool = False
    shape: tuple[int, ...] = ()
    their_shape: tuple[int, ...] = ()

    def inverse(self) -> Argument:
        return replace(self, name=self.their_name, their_name=self.name, shape=self.their_shape, their_shape=self.shape)


@dataclass(frozen=True)
class Keywords:
    """A rule: if a call has all keywords of `ours` with these values, the keywords of `theirs` replace them."""

    of: str
    ours: Mapping[str, Any]
    theirs: Mapping[str, Any]

    def inverse(self) -> Keywords:
        return replace(self, ours=self.theirs, theirs=self.ours)


@dataclass(frozen=True)
class Returned:
    """A rule for a returned array that has another shape. position: in the returned tuple, or None without a tuple."""

    of: str
    position: int | None
    shape: tuple[int, ...]
    their_shape: tuple[int, ...]

    def inverse(self) -> Returned:
        return replace(self, shape=self.their_shape, their_shape=self.shape)


Rule = Argument | Keywords | Returned


@dataclass(frozen=True)
class Handout:
    """A handout: its name, the functions that it lacks, and how to call its functions.

    years: shown to readers. like: the handout from which missing keys of its file are taken, or "". lacks: ids of
    functions and classes that it does not have. lacks_checks: patterns of ids of checks of features that its functions
    do not have. solved: ids of functions that it hands out solved, so that they earn no points. accepts: function →
    misconceptions that count as right, because the handout itself contains them. files: patterns of handed-out files
    and notebooks that are the same as the assignment's; reports do not mention changes of other handed-out files.
    hints (function → misconception → text) and titles (check → text) replace those for our handout.
    """

    name: str
    years: str = ""
    lacks: frozenset[str] = frozenset()
    lacks_checks: tuple[str, ...] = ()
    like: str = ""
    solved: frozenset[str] = frozenset()
    accepts: Mapping[str, frozenset[str]] = field(default_factory=dict)
    files: tuple[str, ...] = ()
    arguments: tuple[Argument, ...] = ()
    keywords: tuple[Keywords, ...] = ()
    returned: tuple[Returned, ...] = ()
    hints: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    titles: Mapping[str, str] = field(default_factory=dict)
    by_function: Mapping[str, tuple[Rule, ...]] = field(init=False, compare=False)

    def __post_init__(self) -> None:
        rules: list[Rule] = [*self.arguments, *self.keywords, *self.returned]
        by_function = {one.of: tuple(rule for rule in rules if rule.of == one.of) for one in rules}
        object.__setattr__(self, "by_function", by_function)

    def has(self, check: Check) -> bool:
        """Whether the check applies to submissions for this handout."""
        lacks = check.function in self.lacks or check.needs in self.lacks or check.function in self.solved
        return not lacks and not any(fnmatchcase(check.id, pattern) for pattern in self.lacks_checks)

    def has_file(self, name: str) -> bool:
        """Whether this handed-out file or notebook (its path or name in the assignment) is the same in this handout."""
        return any(fnmatchcase(name, pattern) for pattern in self.files)

    def inverse(self) -> Handout:
        return replace(
            self,
            arguments=tuple(rule.inverse() for rule in self.arguments),
            keywords=tuple(rule.inverse() for rule in self.keywords),
            returned=tuple(rule.inverse() for rule in self.returned),
        )


OWN: Final = Handout(OWN_HANDOUT, "the assignment's own", files=("*",))


def adapt(call: Call, handout: Handout) -> Call:
    """Return a caller for checks that calls code written for `handout`.

    The caller raises AssignmentError if a check calls a function that the handout lacks: then the handout's file must
    leave out this check.
    """
    if not handout.by_function and not handout.lacks:
        return call

    def adapted(function: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if function in handout.lacks:
            raise fault(Reason.of("handout_lacks", handout=handout.name, function=function), AssignmentError)
        return translate(call, handout, function, args, kwargs, is_strict=True)

    return adapted


def adapt_back(call: Call, handout: Handout) -> Call:
    """Return a caller, which never raises by itself, with which code written for `handout` can call our functions."""
    inverse = handout.inverse()
    return lambda function, args, kwargs: translate(call, inverse, function, args, kwargs)


def translate(
    call: Call, handout: Handout, function: str, args: tuple[Any, ...], kwargs: dict[str, Any], is_strict: bool = False
) -> Any:
    """Make one call: translate its arguments into copies, and translate changed dicts and the result back.

    is_strict: raise AssignmentError for a keyword that the handout lacks and no rule replaces.
    """
    rules = handout.by_function.get(function, ())
    if not rules:
        return call(function, args, kwargs)
    given, named = list(args), dict(kwargs)
    for rule in rules:
        if isinstance(rule, Argument):
            rewrite(rule, given, named)
        elif isinstance(rule, Keywords):
            exchange(rule, named)
    for name in sorted(lacking(rules) & named.keys()):
        if is_off(named[name]):
            del named[name]
        elif is_strict:
            argument = f"{name}={named[name]!r}"
            reason = Reason.of("handout_cannot_call", handout=handout.name, function=function, argument=argument)
            raise fault(reason, AssignmentError)
    sent = [dict(value) if isinstance(value, dict) else value for value in given]
    value = call(function, tuple(given), named)
    for position, (before, was_sent, after) in enumerate(zip(args, sent, given, strict=True)):
        if isinstance(before, dict) and after is not before:
            entries = [rule for rule in rules if isinstance(rule, Argument) and rule.position == position]
            update_dict(before, bring_back(before, was_sent, after, entries))
    for rule in rules:
        if isinstance(rule, Returned):
            value = reshape_returned(rule, value)
    return value


def rewrite(rule: Argument, given: list[Any], named: dict[str, Any]) -> None:
    """Translate a positional or keyword argument to their form. Copies dicts and never changes them."""
    if rule.position < len(given):
        given[rule.position] = to_their_form(rule, given[rule.position])
    elif rule.name in named:
        named[rule.their_name] = to_their_form(rule, named.pop(rule.name))


def to_their_form(rule: Argument, value: Any) -> Any:
    if rule.entry:
        if not isinstance(value, dict) or rule.entry not in value:
            return value
        return {**value, rule.entry: to_their_form(replace(rule, entry=""), value[rule.entry])}
    if rule.complement and is_number(value):
        value = 1 - (int(value) if isinstance(value, np.integer) else value)  # NumPy's unsigned integers would wrap
    return reshaped(value, rule.their_shape)


def bring_back(
    before: Mapping[str, Any], sent: Mapping[str, Any], after: Mapping[str, Any], rules: Sequence[Argument]
) -> dict[str, Any]:
    """Return the changed dict in our form. An entry that the call did not change is the original object."""
    ours = dict(after)
    for rule in rules:
        if rule.entry in ours:
            now, then = ours[rule.entry], sent.get(rule.entry)
            unchanged = now is then or (is_number(now) and is_number(then) and now == then)
            ours[rule.entry] = (
                before[rule.entry] if unchanged else to_their_form(replace(rule.inverse(), entry=""), now)
            )
    return ours


def exchange(rule: Keywords, named: dict[str, Any]) -> None:
    if rule.ours and all(name in named and is_same(named[name], value) for name, value in rule.ours.items()):
        for name in rule.ours:
            del named[name]
        named.update(rule.theirs)


def lacking(rules: Sequence[Rule]) -> set[str]:
    """Return the keywords of our function that do not exist in theirs, because rules replace them."""
    keywords = [rule for rule in rules if isinstance(rule, Keywords)]
    return set[str]().union(*(rule.ours for rule in keywords)).difference(*(rule.theirs for rule in keywords))


def reshape_returned(rule: Returned, value: Any) -> Any:
    if rule.position is None:
        return reshaped(value, rule.shape)
    if not isinstance(value, tuple | list) or rule.position >= len(value):
        return value
    items = list(value)
    items[rule.position] = reshaped(items[rule.position], rule.shape)
    return type(value)(items)


def reshaped(value: Any, shape: tuple[int, ...]) -> Any:
    """Return the array in this shape if only axes of length 1 differ; otherwise the unchanged array."""
    if not shape or not isinstance(value, np.ndarray):
        return value
    try:
        new = value.reshape(shape)
    except ValueError:
        return value
    return new if squeezed(new.shape) == squeezed(value.shape) else value


def is_number(value: Any) -> bool:
    return isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)


def is_off(value: Any) -> bool:
    """Whether this value (None or False) switches an option off, so that the argument can be left out."""
    return value is None or value is False


def is_same(found: Any, wanted: Any) -> bool:
    return type(found) is type(wanted) and bool(found == wanted)
