"""Which handout a submission was written for, by marks that the handout left in its files. Pure.

A mark is a pattern in a file: the wording of a docstring, the names of a signature, an import. Marks of one topic count
once, so that a topic is one voice however often it is found. A topic speaks for every handout that has a matching mark
of it; one of which nothing matches says nothing, so what is absent is no mark for an older handout.

    taken for a handout only if  at least LEAST topics speak for it,
                                 they are at least SHARE of all topics that say something,
                                 and fewer speak for every other handout, the assignment's own included,
                                 or as many for one that differs from it in little (`elders`): the elder is taken;
    else for the assignment's own.

So whoever deletes a function and forges the older wording of one docstring gains nothing: the signatures, imports and
other docstrings still speak, and one topic is no majority. Forging most topics is forging most of an older package; no
pattern sees that. The note and the class page say what was taken for what, so that one among many stands out. Where all
submissions are of one handout, it should be named and not guessed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from grader.records import Reason

LEAST: Final = 3
SHARE: Final = 0.75
MOST_READ: Final = 1 << 20  # characters of a file; a student file has some 50,000


@dataclass(frozen=True)
class Clue:
    """What is looked for in a file, in which every run of white space counts as one space. topic: for people too."""

    topic: str
    file: str
    pattern: re.Pattern[str]


def guess_handout(
    files: Mapping[str, bytes], marks: Mapping[str, Sequence[Clue]], own: str, elders: Mapping[str, str] | None = None
) -> tuple[str, Reason]:
    """The handout that a submission is taken for, and why, by the marks of each handout, `own` among them or not.

    Never raises, whatever the files hold.

    elders: by handout, the one that it differs from in little.
    """
    wanted = {mark.file for found in marks.values() for mark in found}
    texts = {file: one_spaced(files[file]) for file in sorted(wanted) if file in files}
    topics = list(dict.fromkeys(mark.topic for found in marks.values() for mark in found))
    speaking = {}
    for name, found in marks.items():
        there = {mark.topic for mark in found if mark.file in texts and mark.pattern.search(texts[mark.file])}
        speaking[name] = [topic for topic in topics if topic in there]
    said = [topic for topic in topics if any(topic in spoken for spoken in speaking.values())]
    if not said:
        return own, Reason.of("no_marks")
    elders = elders or {}
    best = max(speaking, key=lambda name: (len(speaking[name]), name not in elders))
    votes = len(speaking[best])
    tied = [name for name, spoken in speaking.items() if name != best and len(spoken) == votes]
    clear = votes >= SHARE * len(said) and (votes >= LEAST or best == own)
    if not clear or any(elders.get(name) != best for name in tied):
        counts = [f"{name} {len(spoken)}" for name, spoken in speaking.items() if spoken]
        return own, Reason.of("no_majority", marks=len(said), counts=counts)
    against = [topic for topic in said if topic not in speaking[best]]
    unlike = Reason.of("but_not", topics=against) if against else ""
    alike = Reason.of("same_marks", handouts=tied) if tied else ""
    grounds = Reason.of(
        "taken_for", handout=best, votes=votes, marks=len(said), topics=speaking[best], unlike=unlike, alike=alike
    )
    return best, grounds


def one_spaced(content: bytes) -> str:
    return " ".join(content[:MOST_READ].decode("utf-8", "replace").split())
