"""Right solutions with the names of each public handout, in real sandboxes: full marks, and a mistake costs once."""

import re
import sys
from functools import cache

import pytest
from cases import ROOT, check_of, with_few_checks

from grader.grading.context import Settings, prepare
from grader.grading.submission import grade_submission
from grader.messages.of_check import message_of
from grader.messages.say import say_all
from grader.records import NOT_APPLICABLE, Submission

pytestmark = pytest.mark.process

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

# The net's constructor of each year, which calls ours.
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
NETS |= {"2017": NETS["2016"], "2025": NETS["2021"]}
LACKED = {
    "2016": ("layernorm_forward", "layernorm_backward", "spatial_groupnorm_forward", "spatial_groupnorm_backward"),
    "2018": (),
    "2021": (),
    "2025": (),
}
LACKED["2017"] = LACKED["2016"]
FLAT_GRADIENTS = """

def flat(backward):
    def spatial_groupnorm_backward(dout, cache):
        dx, dgamma, dbeta = backward(dout, cache)
        return dx, dgamma.reshape(-1), dbeta.reshape(-1)
    return spatial_groupnorm_backward


spatial_groupnorm_backward = flat(spatial_groupnorm_backward)
"""


def lost(result):
    """The short names of the functions that were graded and did not pass."""
    return {f.function.rpartition(".")[2]: f.status for f in result.functions if f.points < f.max_points}


def without(source, *names):
    for name in names:
        source, count = re.subn(rf"^(def|class) {name}\b.*?(?=^def |^class |\Z)", "", source, flags=re.M | re.S)
        assert count == 1, name
    return source


def package(name, dropout=KEEPING):
    """The reference's files as a student would have handed them in that year."""
    files = {file: (ROOT / "reference" / file).read_text() for file in FILES}
    files["layers.py"] = without(files["layers.py"], *LACKED[name]) + (dropout if name > "2017" else "")
    if name == "2018":
        files["layers.py"] += FLAT_GRADIENTS
    files["classifiers/fc_net.py"] += NETS[name]
    files["classifiers/cnn.py"] = without(files["classifiers/cnn.py"], "MultiLayerConvNet")
    if name >= "2021":
        files["classifiers/fc_net.py"] = without(files["classifiers/fc_net.py"], "TwoLayerNet")
    else:
        for file in ("classifiers/fc_net.py", "classifiers/cnn.py"):
            files[file] = files[file].replace("from ..", "from cs231n.")
    return files


@cache
def context(handout):
    return prepare(Settings(str(ROOT / "assignment"), sys.executable, "auto", handout))


@cache
def graded(name, handout, dropout=KEEPING):
    files = {file: text.encode() for file, text in package(name, dropout).items()}
    return grade_submission(Submission("case", "case", files), context(handout))


OF_FILE = {"optim.py": ("sgd_momentum", "rmsprop", "adam"), "classifiers/fc_net.py": ("FullyConnectedNet",)}


def edited(name, file, *pairs):
    """Grade a year's package for that year, with texts of one file replaced, by the functions of that file."""
    return edited_for(name, name, file, *pairs)


def edited_for(handout, name, file, *pairs):
    files = package(name)
    for old, new in pairs:
        assert old in files[file]
        files[file] = files[file].replace(old, new)
    encoded = {path: text.encode() for path, text in files.items()}
    return grade_submission(Submission("case", "case", encoded), with_few_checks(context(handout), *OF_FILE[file]))


@pytest.mark.parametrize("name", LACKED)
def test_a_right_solution_of_its_year_gets_full_marks(name):
    result = graded(name, name)
    wrong = [(check.id, message_of(check)) for check in result.checks if check.status not in ("passed", NOT_APPLICABLE)]
    assert not wrong
    assert result.score == pytest.approx(result.max_score)
    assert result.max_score < graded(name, "default").max_score
    assert {check.id for check in result.checks} == {check.id for check in graded(name, "default").checks}
    assert not [remark for check in result.checks for remark in check.remarks]


@pytest.mark.parametrize("name", LACKED)
def test_by_the_assignments_own_handout_it_loses_marks(name):
    """This shows that the tests above would notice a missing rule."""
    result = graded(name, "default")
    assert result.score < result.max_score
    assert lost(result)["FullyConnectedNet"] != "passed"
    assert "MultiLayerConvNet" in lost(result)
    assert ("dropout_forward" in lost(result)) == (name > "2017")


@pytest.mark.parametrize("name", ["2018", "2021"])
def test_a_wrong_dropout_costs_once_since_stubs_use_the_years_own_names(name):
    result = graded(name, name, NOT_SCALED)
    charged = {function.function for function in result.functions if function.points < function.max_points}
    assert "layers.dropout_forward" in charged
    assert "classifiers.fc_net.FullyConnectedNet" not in charged


def test_hints_and_titles_are_in_the_words_of_the_year():
    """A student who drops with p in 2021 gets no hint that p is the probability of dropping."""
    result = graded("2021", "2021", DROPPING)
    hints = {
        say_all(check.hints)
        for check in result.checks
        if check.function == "layers.dropout_forward" and say_all(check.hints)
    }
    assert hints == {
        "p is used as the probability to drop a number: a share p is dropped, and the rest is scaled by 1 / (1 - p). "
        "What does the docstring say that p is?"
    }
    titles = {check.id.removeprefix("layers.dropout_forward."): check.title for check in result.checks}
    assert titles["nothing_dropped"] == "With p = 1, nothing is dropped and nothing is scaled."
    own = {check.title for check in graded("2021", "default").checks}
    assert "With p = 0, nothing is dropped and nothing is scaled." in own


# What a handout wrote itself, or left open, under the reference's names.
FROM_1 = ('config.setdefault("t", 0)', 'config.setdefault("t", 1)')
LATE = (
    ("    t = t + 1\n", ""),
    ('config["m"], config["v"], config["t"] = m, v, t\n', 'config["m"], config["v"], config["t"] = m, v, t + 1\n'),
)
BELOW_ROOT = (
    ("(np.sqrt(cache) + epsilon)", "np.sqrt(cache + epsilon)"),
    ("(np.sqrt(v / (1 - beta2**t)) + epsilon)", "np.sqrt(v / (1 - beta2**t) + epsilon)"),
)
NO_EPSILON = (("(np.sqrt(cache) + epsilon)", "np.sqrt(cache)"), ("- beta2**t)) + epsilon)", "- beta2**t)))"))
NO_MODE = ('bn_param["mode"] = mode', "bn_param[mode] = mode")


@pytest.mark.parametrize("pairs", [[FROM_1], [FROM_1, *LATE], [FROM_1, BELOW_ROOT[1]]], ids=["before", "late", "both"])
def test_adam_may_begin_to_count_at_1_in_2017(pairs):
    assert "adam" not in lost(edited("2017", "optim.py", *pairs))


@pytest.mark.parametrize("name", ["2016", "2018", "2021", "default"])
def test_adam_may_not_begin_to_count_at_1_in_other_years(name):
    year = "2021" if name == "default" else name
    adam = check_of(edited_for(name, year, "optim.py", FROM_1), "adam.from_nothing")
    assert 0 < adam.points < adam.max_points
    assert say_all(adam.hints).startswith("If config has no t, your t starts at 1")


def test_a_late_t_that_begins_at_0_loses_marks_in_2017_too():
    assert "adam" in lost(edited("2017", "optim.py", *LATE))


@pytest.mark.parametrize("mistake", [('beta1"]), float(config["beta2"])', 'beta2"]), float(config["beta1"])')])
def test_an_accepted_variant_costs_nothing_beside_a_mistake(mistake):
    with_both, with_one = (edited("2017", "optim.py", *pairs) for pairs in ([FROM_1, mistake], [mistake]))
    points = [
        next(f.points for f in result.functions if f.function == "optim.adam") for result in (with_both, with_one)
    ]
    assert points[0] == points[1] < 3


@pytest.mark.parametrize("name", [name for name in LACKED if name != "2025"])
def test_epsilon_may_stand_below_the_root_where_no_docstring_says_otherwise(name):
    assert not lost(edited(name, "optim.py", *BELOW_ROOT)).keys() & {"rmsprop", "adam"}


@pytest.mark.parametrize("name", ["2016", "2021"])
def test_epsilon_may_not_be_forgotten(name):
    assert lost(edited(name, "optim.py", *NO_EPSILON)).keys() >= {"rmsprop", "adam"}


def test_by_the_assignments_own_docstring_epsilon_stands_outside_the_root():
    assert lost(edited_for("default", "2016", "optim.py", *BELOW_ROOT)).keys() >= {"rmsprop", "adam"}


@pytest.mark.parametrize(("name", "is_lost"), [("2016", False), ("2017", True), ("2018", True)])
def test_the_slip_in_bn_param_costs_nothing_where_the_handout_made_it(name, is_lost):
    result = edited(name, "classifiers/fc_net.py", NO_MODE)
    assert ("FullyConnectedNet" in lost(result)) == is_lost


def test_averages_that_layers_share_are_still_a_mistake_in_2016():
    shared = ("self.bn_params[layer - 1]", "self.bn_params[0]")
    assert "FullyConnectedNet" in lost(edited("2016", "classifiers/fc_net.py", shared))


@pytest.mark.parametrize("name", ["2021", "2025"])
def test_what_a_handout_lacks_or_gives_solved_need_not_be_there(name):
    files = package(name)
    files["layers.py"] = without(files["layers.py"], "svm_loss")
    if name == "2025":
        files["optim.py"] = "import numpy as np\n"
    encoded = {path: text.encode() for path, text in files.items()}
    result = grade_submission(Submission("case", "case", encoded), context(name))
    assert result.score == pytest.approx(result.max_score)
