"""Which known mistake explains what came of a check: the hint of a trial. Pure.

A hint is precise or absent. Three ways to it, and the first that finds a misconception decides:

1. A misconception explains all that is wrong in all checks of the function. It explains the marks as well (verdict.py).
2. A second mistake stands beside it. It still explains all of this check; or, if its hint is of nothing else, every
   value that it changes there. The values can hardly be a coincidence, and in no check is one right that it changes.
3. A mistake that looks different in every style (`by_outcome`): the checks that it fails are those that fail, in the
   way in which it fails them, and those that it passes pass.

A check that raised has no values. A misconception that raises the same there is hinted at if another check shows it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from grader.records import ERROR, FAILED, Reason

if TYPE_CHECKING:
    from grader.judging.verdict import Trial

MOST: Final = 2  # mistakes that one check may show, each by values of its own


def find_hints(trial: Trial, trials: Sequence[Trial]) -> tuple[Reason, ...]:
    """The hint for a trial that did not pass, or nothing; of two mistakes in one, both. trials: all of a submission."""
    if trial.passed or not is_own(trial):
        return ()
    mine = [other for other in trials if other.check.function == trial.check.function and other.fed is None]
    known = understood(trial, trials)
    if known:
        return one_hint({name: trial.variants[name] for name in known})
    shown = shown_elsewhere(trial, mine) if trial.failure else shown_beside_another(trial, mine)
    return shown or hint_by_outcome(mine)


def one_hint(hints: Mapping[str, str]) -> tuple[Reason, ...]:
    """A hint is precise or absent: the one that all matching misconceptions share. hints: by misconception."""
    only = sorted(hints)[:1] if len(set(hints.values())) == 1 else []
    return tuple(Reason.of("hint", misconception=name, text=hints[name]) for name in only)


def understood(trial: Trial, trials: Sequence[Trial]) -> list[str]:
    """The misconceptions that explain this trial and all others of its function: each differs where they do."""
    others = [other for other in trials if other.check.function == trial.check.function and other.judgements]
    return sorted(
        name
        for name in trial.matched
        if all(name in other.matched if name in other.variants else other.passed for other in others)
    )


def is_own(trial: Trial) -> bool:
    """Whether the trial shows something of the function under test: values, or an exception of its own."""
    failure = trial.failure
    return failure is None or (failure.status in (ERROR, FAILED) and failure.function == trial.check.function)


def shown_beside_another(trial: Trial, mine: Sequence[Trial]) -> tuple[Reason, ...]:
    """The hints of misconceptions that explain this check, or values of it, while another mistake explains the rest."""
    seen = {  # by misconception all values that it explains, by check and name
        name: {(other.check.id, value) for other in mine if name in other.fits for value in other.fits[name].explained}
        for name in trial.fits
        if is_told(name, trial) and is_shown(name, mine)
    }
    values: dict[str, set[str]] = {}  # by hint
    named: dict[str, str] = {}
    for name in sorted(name for name in seen if not any(seen[name] < seen[other] for other in seen)):
        values.setdefault(trial.variants[name], set()).update(trial.fits[name].explained)
        named.setdefault(trial.variants[name], name)
    if len(values) > MOST or sum(map(len, values.values())) > len(set().union(*values.values())):
        return ()  # two that explain the same value: one of them is wrong
    order = [judgement.comparison.name for judgement in trial.judgements]
    shown = sorted(values, key=lambda hint: min(map(order.index, values[hint])))
    return tuple(Reason.of("hint", misconception=named[hint], text=hint) for hint in shown)


def is_told(name: str, trial: Trial) -> bool:
    """Whether a misconception explains all of a check; or all that it changes there, if its hint is of that alone."""
    if name in trial.by_outcome:
        return False  # many a shape and many an exception is another mistake's as well
    return name in trial.matched or (name in trial.beside and name in trial.fits and trial.fits[name].is_told)


def is_shown(name: str, mine: Iterable[Trial]) -> bool:
    """Whether a misconception is there though it does not explain all: never denied, and told where it changes a value;
    mostly, if its hint is of that alone."""
    seen = [other for other in mine if name in other.fits]
    told = [other for other in seen if is_told(name, other)]
    is_denied = any(one.fits[name].is_denied for one in seen) or any(one.passed and fails(name, one) for one in mine)
    enough = len(told) == len(seen) or (2 * len(told) >= len(seen) and name in seen[0].beside)
    return not is_denied and enough and any(other.fits[name].is_telling for other in told)


def shown_elsewhere(trial: Trial, mine: Sequence[Trial]) -> tuple[Reason, ...]:
    """The hint of a misconception that raises the same here, and that the values of another check show."""
    shown = [find_hints(other, mine) for other in mine if other.failure is None]
    seen = {hints[0].values["text"] for hints in shown if len(hints) == 1}
    return one_hint({name: trial.raising[name] for name in trial.raised if trial.raising[name] in seen})


def hint_by_outcome(mine: Sequence[Trial]) -> tuple[Reason, ...]:
    """The hint whose misconceptions fail the checks that fail, in the same way, and no others."""
    members: dict[str, list[str]] = {}
    for name, hint in next((other.by_outcome for other in mine if other.by_outcome), {}).items():
        members.setdefault(hint, []).append(name)
    return one_hint({names[0]: hint for hint, names in members.items() if has_same_outcomes(names, mine)})


def has_same_outcomes(names: Sequence[str], mine: Sequence[Trial]) -> bool:
    """Whether the checks that fail are those that one of these misconceptions fails, each as it does in some style.

    Where no check passes, it takes the values of one to tell.
    """
    seen = [other for other in mine if is_own(other)]
    styles = [name for name in names if all(fails(name, other) != other.passed for other in seen)]
    failed = [other for other in seen if not other.passed]
    fits = [other.fits[name] for other in failed for name in styles if name in other.fits]
    is_telling = len(failed) < len(seen) or any(one.is_told and one.is_telling for one in fits)
    return is_telling and all(fits_outcome(styles, other) for other in failed)


def fits_outcome(names: Iterable[str], trial: Trial) -> bool:
    """Whether the check ends as for one of these: in its values, its wrong shape, NaN or inf, or its exception."""
    fits = {name for name, one in trial.fits.items() if one.is_shaped or one.is_overflown}
    return not (trial.raised | trial.matched | fits).isdisjoint(names)


def fails(name: str, trial: Trial) -> bool:
    return name in trial.variants or name in trial.raising
