"""Guess for which handout a submission was written, by clues in the submission's files. Pure.

A clue is a pattern in a file: the wording of a docstring, the names in a signature, an import ([[marks]] in a handout's
file). All clues of one topic together have one vote, even if several of them match. A topic votes for every handout
that has a matching clue on this topic. A topic without a matching clue does not vote, so a missing text is never a clue
for an older handout.

    A handout is chosen only if  at least LEAST topics vote for it,
                                 these are at least SHARE of all topics that vote,
                                 and every other handout, including the assignment's own, has fewer votes; or it has
                                 equally many, but differs only a little (`elders`): then the elder is chosen;
    else the assignment's own handout.

So a student gains nothing by deleting a function and copying one docstring of an older handout: the signatures, imports
and other docstrings still vote, and one topic is not enough. No pattern can detect a submission that imitates most of
an older package. The note and the class page show each guess, so that staff notice one odd submission among many.
If all submissions are of one handout, name this handout instead of guessing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from grader.records import Reason

LEAST: Final = 3
SHARE: Final = 0.75
MOST_READ: Final = 1 << 20  # most characters of a file that are searched; a student file has some 50,000


@dataclass(frozen=True)
class Clue:
    """A pattern to search in a file, in which several white space characters count as one space.

    topic: see above; notes and pages also show it.
    """

    topic: str
    file: str
    pattern: re.Pattern[str]


def guess_handout(
    files: Mapping[str, bytes], clues: Mapping[str, Sequence[Clue]], own: str, elders: Mapping[str, str] | None = None
) -> tuple[str, Reason]:
    """Return the probable handout of a submission, and the reason. Never raises, whatever the files contain.

    clues: the clues of each handout; `own`, the assignment's own handout, may have none. elders: for a handout, the
    older handout from which it differs only a little.
    """
    wanted = {clue.file for found in clues.values() for clue in found}
    texts = {file: one_spaced(files[file]) for file in sorted(wanted) if file in files}
    topics = list(dict.fromkeys(clue.topic for found in clues.values() for clue in found))
    votes = {}  # for each handout, the topics that vote for it
    for name, found in clues.items():
        matching = {clue.topic for clue in found if clue.file in texts and clue.pattern.search(texts[clue.file])}
        votes[name] = [topic for topic in topics if topic in matching]
    voting = [topic for topic in topics if any(topic in voted for voted in votes.values())]
    if not voting:
        return own, Reason.of("no_marks")
    elders = elders or {}
    best = max(votes, key=lambda name: (len(votes[name]), name not in elders))
    most = len(votes[best])
    tied = [name for name, voted in votes.items() if name != best and len(voted) == most]
    clear = most >= SHARE * len(voting) and (most >= LEAST or best == own)
    if not clear or any(elders.get(name) != best for name in tied):
        counts = [f"{name} {len(voted)}" for name, voted in votes.items() if voted]
        return own, Reason.of("no_majority", marks=len(voting), counts=counts)
    against = [topic for topic in voting if topic not in votes[best]]
    unlike = Reason.of("but_not", topics=against) if against else ""
    alike = Reason.of("same_marks", handouts=tied) if tied else ""
    grounds = Reason.of(
        "taken_for", handout=best, votes=most, marks=len(voting), topics=votes[best], unlike=unlike, alike=alike
    )
    return best, grounds


def one_spaced(content: bytes) -> str:
    return " ".join(content[:MOST_READ].decode("utf-8", "replace").split())
