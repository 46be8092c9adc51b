"""The keys of handouts/NAME.toml: how another handout of the assignment differs. Read by handouts.py."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from grader.assignment.entries import LENGTHS, LIST, LISTS, PLACE, ROWS, TEXT, TEXTS, TRUTH, VALUES, Entry

HANDOUT: Final[Mapping[str, Entry]] = {
    "years": Entry(TEXT, "The years of the handout, for people.", 'years = "the first three years"', True),
    "like": Entry(
        TEXT,
        "Name of another handout. Its file gives the keys that this one leaves out; clues are completed by topic.",
        'like = "older"',
    ),
    "solved": Entry(
        LIST,
        "Ids of functions that the handout contains solved. They carry no points.",
        'solved = ["layers.hinge_loss"]',
    ),
    "accepts": Entry(
        LIST,
        "Misconceptions that are right there, because the handout states or does so.",
        'accepts = ["optim.adam.adam_epsilon_below_root"]',
    ),
    "files": Entry(
        LIST,
        "Patterns of handed-out files and notebooks that are the same as the assignment's. Notes name a submission's "
        "differences from these.",
        'files = ["data_utils.py"]',
    ),
    "lacks": Entry(
        LISTS,
        "What the handout does not have; its points leave the maximum. `functions`: ids of functions and classes; "
        "`checks`: patterns of ids of checks.",
        '[lacks]\nfunctions = ["layers.tile_forward"]\nchecks = ["layers.square_forward.*"]',
    ),
    "hints": Entry(
        TEXTS,
        "By misconception, its hint if the assignment's would be wrong for this handout.",
        '[hints]\n"layers.scale_forward.kept_p" = "…"',
    ),
    "titles": Entry(
        TEXTS,
        "By check, its title if the assignment's would be wrong for this handout.",
        '[titles]\n"layers.scale_forward.notebook" = "…"',
    ),
    "arguments": Entry(
        ROWS, "Arguments that have another name, meaning or shape.", '[[arguments]]\nof = "layers.scale_forward"'
    ),
    "keywords": Entry(
        ROWS, "Values of keywords that this handout gives by other keywords.", '[[keywords]]\nof = "nets.Net"'
    ),
    "returned": Entry(ROWS, "Returned arrays that have another shape.", '[[returned]]\nof = "layers.hinge_loss"'),
    "marks": Entry(
        ROWS,
        "The clues by which `--handout auto` recognises the handout.",
        '[[marks]]\ntopic = "the description of p in scale_forward"',
    ),
}
SHAPES: Final = {
    "shape": Entry(LENGTHS, "Shape that the grader gives the array. NumPy computes the length -1.", "shape = [-1]"),
    "their_shape": Entry(LENGTHS, "Shape in this handout.", "their_shape = [1, -1]"),
}
# The keys of each [[table]] of a handout.
HANDOUT_TABLES: Final[Mapping[str, Mapping[str, Entry]]] = {
    "arguments": {
        "of": Entry(TEXT, "Id of the function or class.", 'of = "layers.scale_forward"', True),
        "name": Entry(TEXT, "Name of the argument in the assignment.", 'name = "scale_param"', True),
        "position": Entry(PLACE, "Its position if it is given without its name.", "position = 1", True),
        "their_name": Entry(TEXT, "Its name in this handout.", 'their_name = "p"'),
        "entry": Entry(TEXT, "The rule is about this entry of the argument, a dict.", 'entry = "p"'),
        "complement": Entry(TRUTH, "This handout has 1 - p for p.", "complement = true"),
        **SHAPES,
    },
    "keywords": {
        "of": Entry(TEXT, "Id of the function or class.", 'of = "nets.Net"', True),
        "ours": Entry(VALUES, "Keywords with values, as the assignment has them.", "ours = { norm = true }", True),
        "theirs": Entry(VALUES, "The keywords that replace all of these.", 'theirs = { kind = "batch" }', True),
    },
    "returned": {
        "of": Entry(TEXT, "Id of the function.", 'of = "layers.square_backward"', True),
        "position": Entry(
            PLACE, "Position of the array in the returned tuple; left out if it is returned alone.", "position = 2"
        ),
        **SHAPES,
    },
    "marks": {
        "topic": Entry(TEXT, "What the clue is about, for people. Clues of one topic count once.", 'topic = "…"', True),
        "file": Entry(TEXT, "Student file to look in, a path below the package.", 'file = "layers.py"', True),
        "pattern": Entry(
            TEXT, "Regular expression. Case and white space do not matter.", "pattern = 'keep .* with p'", True
        ),
    },
}
