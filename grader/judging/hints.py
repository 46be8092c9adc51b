"""Finds the hint of a trial: the known mistake (misconception) that explains how the check failed. Pure.

A hint is precise or absent. find_hints tries three rules in this order, and uses the first that finds a misconception:

1. One misconception explains everything that is wrong in all checks of the function (verdict.py uses this rule, too).
2. The code has a second mistake. The misconception still explains all of this check or, with `beside=True`, every value
   that it changes there. These values can hardly be a coincidence, and no check is right where it changes a value.
3. The misconception has option `by_outcome`, for a mistake that gives different values in every style of code. Exactly
the same checks fail as with the misconception, each in the same way.

If a check raised, it returned no values. Such a check gets a hint if a misconception raises the same exception in it,
and the values of another check show the same misconception.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from grader.records import ERROR, FAILED, Reason

if TYPE_CHECKING:
    from grader.judging.verdict import Trial

MOST_MISTAKES: Final = 2  # a check may show two mistakes if different values show them


def find_hints(trial: Trial, trials: Sequence[Trial]) -> tuple[Reason, ...]:
    """Return the hint for a trial that did not pass, two if it shows two mistakes, or none.

    trials: all trials of the submission.
    """
    if trial.passed or not shows_own_code(trial):
        return ()
    mine = [other for other in trials if other.check.function == trial.check.function and other.fed is None]
    known = full_explanations(trial, trials)
    if known:
        return common_hint({name: trial.variants[name] for name in known})
    shown = hint_from_another_check(trial, mine) if trial.failure else hints_beside_another_mistake(trial, mine)
    return shown or hint_by_outcome(mine)


def common_hint(hints: Mapping[str, str]) -> tuple[Reason, ...]:
    """Return the hint that all these misconceptions share, or none if they differ. hints: by misconception."""
    only = sorted(hints)[:1] if len(set(hints.values())) == 1 else []
    return tuple(Reason.of("hint", misconception=name, text=hints[name]) for name in only)


def full_explanations(trial: Trial, trials: Sequence[Trial]) -> list[str]:
    """Return the misconceptions that explain this trial and all other trials of its function.

    Wherever a misconception's values differ from the reference's, the student's values equal them; everywhere else,
    the trial passed.
    """
    others = [other for other in trials if other.check.function == trial.check.function and other.judgements]
    return sorted(
        name
        for name in trial.matched
        if all(name in other.matched if name in other.variants else other.passed for other in others)
    )


def shows_own_code(trial: Trial) -> bool:
    """Whether the function under test itself returned values or raised, rather than another function."""
    failure = trial.failure
    return failure is None or (failure.status in (ERROR, FAILED) and failure.function == trial.check.function)


def hints_beside_another_mistake(trial: Trial, mine: Sequence[Trial]) -> tuple[Reason, ...]:
    """Return the hints of misconceptions that explain some values; another mistake may explain the rest."""
    seen = {  # misconception → all values that it explains, as (check, name)
        name: {(other.check.id, value) for other in mine if name in other.fits for value in other.fits[name].explained}
        for name in trial.fits
        if explains(name, trial) and is_present(name, mine)
    }
    values: dict[str, set[str]] = {}  # by hint
    named: dict[str, str] = {}
    for name in sorted(name for name in seen if not any(seen[name] < seen[other] for other in seen)):
        values.setdefault(trial.variants[name], set()).update(trial.fits[name].explained)
        named.setdefault(trial.variants[name], name)
    if len(values) > MOST_MISTAKES or sum(map(len, values.values())) > len(set().union(*values.values())):
        return ()  # two misconceptions explain one value, so one is wrong
    order = [judgement.comparison.name for judgement in trial.judgements]
    shown = sorted(values, key=lambda hint: min(map(order.index, values[hint])))
    return tuple(Reason.of("hint", misconception=named[hint], text=hint) for hint in shown)


def explains(name: str, trial: Trial) -> bool:
    """Whether a misconception explains all values of a check or, with `beside=True`, all arrays that it changes."""
    if name in trial.by_outcome:
        return False  # values do not identify a mistake with by_outcome
    return name in trial.matched or (name in trial.beside and name in trial.fits and trial.fits[name].explains_arrays)


def is_present(name: str, mine: Iterable[Trial]) -> bool:
    """Whether the code has this misconception, although other values are wrong, too: no check contradicts it, and it
    explains all checks where it changes a value (with `beside=True`, half of them)."""
    seen = [other for other in mine if name in other.fits]
    explained = [other for other in seen if explains(name, other)]
    is_contradicted = any(one.fits[name].is_contradicted for one in seen) or any(
        one.passed and fails(name, one) for one in mine
    )
    enough = len(explained) == len(seen) or (2 * len(explained) >= len(seen) and name in seen[0].beside)
    return not is_contradicted and enough and any(other.fits[name].is_specific for other in explained)


def hint_from_another_check(trial: Trial, mine: Sequence[Trial]) -> tuple[Reason, ...]:
    """Return the hint of a misconception that raises the same exception here, if another check's values show it."""
    shown = [find_hints(other, mine) for other in mine if other.failure is None]
    seen = {hints[0].values["text"] for hints in shown if len(hints) == 1}
    return common_hint({name: trial.raising[name] for name in trial.raised if trial.raising[name] in seen})


def hint_by_outcome(mine: Sequence[Trial]) -> tuple[Reason, ...]:
    """Return the hint whose misconceptions fail exactly the checks that failed, in the same way."""
    members: dict[str, list[str]] = {}
    for name, hint in next((other.by_outcome for other in mine if other.by_outcome), {}).items():
        members.setdefault(hint, []).append(name)
    return common_hint({names[0]: hint for hint, names in members.items() if has_same_outcomes(names, mine)})


def has_same_outcomes(names: Sequence[str], mine: Sequence[Trial]) -> bool:
    """Whether the same checks fail as with one of these misconceptions, each in the way of one of them.

    If no check passes, the values of at least one check must also fit a misconception.
    """
    seen = [other for other in mine if shows_own_code(other)]
    styles = [name for name in names if all(fails(name, other) != other.passed for other in seen)]
    failed = [other for other in seen if not other.passed]
    fits = [other.fits[name] for other in failed for name in styles if name in other.fits]
    is_specific = len(failed) < len(seen) or any(one.explains_arrays and one.is_specific for one in fits)
    return is_specific and all(fits_outcome(styles, other) for other in failed)


def fits_outcome(names: Iterable[str], trial: Trial) -> bool:
    """Whether the check ends as with one of these misconceptions: same values, shape, NaN or inf, or exception."""
    fits = {name for name, one in trial.fits.items() if one.has_same_shape or one.overflows_alike}
    return not (trial.raised | trial.matched | fits).isdisjoint(names)


def fails(name: str, trial: Trial) -> bool:
    return name in trial.variants or name in trial.raising
