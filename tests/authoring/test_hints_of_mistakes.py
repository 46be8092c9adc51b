"""Each frequent mistake, written in several styles, gets its own hint; other mistakes and right code do not.

The styles are files in tests/mistakes/<mistake>/: code to append to the reference's, with the name of its function and
words of the hint that it must get; `# and:` words of the hint of a second mistake in it.
"""

from __future__ import annotations

import re

import pytest

from tests.cases import ROOT
from tests.hinted import fixtures, hints_of

STYLES = sorted((ROOT / "tests/mistakes").glob("*/*.py"))
HEAD = re.compile(r"# function: (?P<function>\S+)\n# hint: (?P<hint>.+)\n(?:# and: (?P<other>.+)\n)?")


@pytest.mark.parametrize("path", STYLES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_a_mistake_gets_its_own_hint_in_every_style(path):
    code = path.read_text()
    head = HEAD.match(code)
    hints = hints_of(head["function"], code)
    given = {hint for hint in hints.values() if hint}
    expected = [head["hint"], *filter(None, [head["other"]])]
    assert [hint for hint in given if not any(words in hint for words in expected)] == []
    assert all(any(words in hint for hint in given) for words in expected), hints


def test_each_mistake_has_three_styles_and_words_of_one_hint():
    for folder in {path.parent for path in STYLES}:
        heads = {HEAD.match(path.read_text()).groups()[:2] for path in folder.glob("*.py")}
        assert len(list(folder.glob("*.py"))) >= 3, folder
        [(function, hint)] = heads
        assert len({text for text in fixtures().hints[function].values() if hint in text}) == 1, folder
