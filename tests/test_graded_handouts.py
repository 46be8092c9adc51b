"""Right solutions in the words of each public handout, graded in real sandboxes: full marks, and mistakes cost once."""

import re
import sys
from functools import cache

import pytest
from cases import ROOT, lost

from grader.context import Settings, prepare
from grader.pipeline import grade_submission
from grader.records import NOT_APPLICABLE, Submission

FILES = ("layers.py", "optim.py", "classifiers/fc_net.py", "classifiers/cnn.py")

# Dropout as 2018 and 2021 had it: p is the probability of keeping.
KEEPING = """

def dropout_forward(x, dropout_param):
    p, mode = dropout_param["p"], dropout_param["mode"]
    if "seed" in dropout_param:
        np.random.seed(dropout_param["seed"])
    if mode == "test":
        return x, (dropout_param, None)
    mask = (np.random.rand(*x.shape) < p) / p
    return x * mask, (dropout_param, mask)
"""
DROPPING = KEEPING.replace("p, mode = dropout_param", "p, mode = 1 - dropout_param", 1)
NOT_SCALED = KEEPING.replace("< p) / p", "< p) * 1.0")

# The net's constructor as each year had it, around ours.
NET = """

class Grandparent(FullyConnectedNet):
    pass


class FullyConnectedNet(Grandparent):
    def __init__(self, hidden_dims, input_dim=3 * 32 * 32, num_classes=10, {signature}, reg=0.0,
                 weight_scale=1e-2, dtype=np.float32, seed=None):
        {unknown}
        off = {off}
        Grandparent.__init__(self, hidden_dims, input_dim, num_classes, 0 if off else 0.5, False, reg, weight_scale,
                             dtype, seed, {normalization})
        if not off:
            self.dropout_param["p"] = {p}
"""
NETS = {
    "2016": NET.format(
        signature="dropout=0, use_batchnorm=False",
        unknown="",
        off="dropout == 0",
        normalization='"batchnorm" if use_batchnorm else None',
        p="dropout",
    ),
    "2018": NET.format(
        signature="dropout=1, normalization=None",
        unknown="",
        off="dropout == 1",
        normalization="normalization",
        p="dropout",
    ),
    "2021": NET.format(
        signature="dropout_keep_ratio=1, normalization=None",
        unknown="",
        off="dropout_keep_ratio == 1",
        normalization="normalization",
        p="dropout_keep_ratio",
    ),
}
LACKED = {
    "2016": ("layernorm_forward", "layernorm_backward", "spatial_groupnorm_forward", "spatial_groupnorm_backward"),
    "2018": (),
    "2021": (),
}
FLAT_GRADIENTS = """

def flat(backward):
    def spatial_groupnorm_backward(dout, cache):
        dx, dgamma, dbeta = backward(dout, cache)
        return dx, dgamma.reshape(-1), dbeta.reshape(-1)
    return spatial_groupnorm_backward


spatial_groupnorm_backward = flat(spatial_groupnorm_backward)
"""


def without(source, *names):
    for name in names:
        source, count = re.subn(rf"^(def|class) {name}\b.*?(?=^def |^class |\Z)", "", source, flags=re.M | re.S)
        assert count == 1, name
    return source


def package(name, dropout=KEEPING):
    """The reference's files as somebody would have handed them in that year."""
    files = {file: (ROOT / "reference" / file).read_text() for file in FILES}
    files["layers.py"] = without(files["layers.py"], *LACKED[name]) + (dropout if name != "2016" else "")
    if name == "2018":
        files["layers.py"] += FLAT_GRADIENTS
    files["classifiers/fc_net.py"] += NETS[name]
    files["classifiers/cnn.py"] = without(files["classifiers/cnn.py"], "MultiLayerConvNet")
    if name == "2021":
        files["classifiers/fc_net.py"] = without(files["classifiers/fc_net.py"], "TwoLayerNet")
    else:
        for file in ("classifiers/fc_net.py", "classifiers/cnn.py"):
            files[file] = files[file].replace("from ..", "from cs231n.")
    return files


@cache
def graded(name, handout, dropout=KEEPING):
    context = prepare(Settings(str(ROOT / "assignment"), sys.executable, "auto", handout))
    files = {file: text.encode() for file, text in package(name, dropout).items()}
    return grade_submission(Submission("case", "case", files), context)


@pytest.mark.parametrize("name", LACKED)
def test_a_right_solution_of_its_year_gets_full_marks(name):
    result = graded(name, name)
    wrong = [(check.id, check.message) for check in result.checks if check.status not in ("passed", NOT_APPLICABLE)]
    assert not wrong
    assert result.score == pytest.approx(result.max_score)
    assert result.max_score < graded(name, "default").max_score
    assert {check.id for check in result.checks} == {check.id for check in graded(name, "default").checks}
    assert not [remark for check in result.checks for remark in check.remarks]


@pytest.mark.parametrize("name", LACKED)
def test_by_the_assignments_own_handout_it_loses_marks(name):
    """So the tests above would see a rule that is not there."""
    result = graded(name, "default")
    assert result.score < result.max_score
    assert lost(result)["FullyConnectedNet"] != "passed"
    assert "MultiLayerConvNet" in lost(result)
    assert ("dropout_forward" in lost(result)) == (name != "2016")


@pytest.mark.parametrize("name", ["2018", "2021"])
def test_a_wrong_dropout_costs_once_since_stubs_are_asked_in_the_years_own_words(name):
    result = graded(name, name, NOT_SCALED)
    charged = {function.function for function in result.functions if function.points < function.max_points}
    assert "layers.dropout_forward" in charged
    assert "classifiers.fc_net.FullyConnectedNet" not in charged


def test_hints_and_titles_are_in_the_words_of_the_year():
    """Whoever drops with p in 2021 is not told that p is the probability of dropping."""
    result = graded("2021", "2021", DROPPING)
    hints = {check.hint for check in result.checks if check.function == "layers.dropout_forward" and check.hint}
    assert hints == {
        "p is taken for the probability of dropping: a share p is dropped, and the rest is scaled by 1 / (1 - p). What "
        "does the docstring say that p is?"
    }
    titles = {check.id.removeprefix("layers.dropout_forward."): check.title for check in result.checks}
    assert titles["nothing_dropped"] == "With p = 1 nothing is dropped and nothing is scaled."
    own = {check.title for check in graded("2021", "default").checks}
    assert "With p = 0 nothing is dropped and nothing is scaled." in own
