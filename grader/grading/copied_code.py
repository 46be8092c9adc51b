"""Whether a submission carries a handed-out file that is withheld from it, under another name.

While naive layers are checked, the fast ones are not there. A copy of them in a helper, or in the student file itself,
earns what was handed out: no mark is taken for it, but staff are told. Goes by whole lines of code, so that no syntax
has to be understood; renaming everything escapes it, and is work.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from grader.records import Reason

SHARE: Final = 0.4  # of a withheld file's lines; two solutions of one exercise share a few
LENGTH: Final = 25  # of a line that counts: shorter ones are everybody's


def tell_copies(files: Mapping[str, bytes], withheld: Mapping[str, bytes]) -> list[Reason]:
    """A note for each of the submission's files that holds much of a withheld one."""
    notes = []
    for original, content in withheld.items():
        lines = lines_that_count(content)
        for name, text in files.items():
            if name != original and lines and len(lines & lines_that_count(text)) >= SHARE * len(lines):
                notes.append(Reason.of("holds_a_copy", file=name, original=original))
    return notes


@lru_cache(maxsize=64)  # each of a submission's files is compared with all that are withheld
def lines_that_count(content: bytes) -> frozenset[bytes]:
    stripped = {line.strip() for line in content.splitlines()}
    return frozenset(
        line for line in stripped if len(line) >= LENGTH and not line.startswith((b"#", b'"""', b"from ", b"import "))
    )
