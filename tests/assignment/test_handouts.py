"""Handouts of other years: files are validated completely, and this assignment's handouts work as described."""

import json
import re
import shutil
import tomllib

import numpy as np
import pytest
from cases import ROOT

from grader.assignment.entries import FITS
from grader.assignment.handout_keys import HANDOUT, HANDOUT_TABLES
from grader.assignment.handouts import AUTO, load_handouts
from grader.assignment.load import load_assignment
from grader.assignment.reference import load_reference
from grader.calls import local_call
from grader.errors import AssignmentError, UsageError
from grader.judging.adapt import adapt, adapt_back
from grader.judging.run_check_function import perform
from grader.judging.student_proxy import Student
from grader.messages.say import say
from grader.records import Submission

NAMES = ("2015", "2016", "2017", "2018", "2021", "2025")
FILES = ("layers.py", "optim.py", "classifiers/fc_net.py", "classifiers/cnn.py")
SMALL = """
years = "long ago"
[lacks]
functions = ["layers.svm_loss"]
checks = ["layers.relu_forward.*"]
[[arguments]]
of = "layers.dropout_forward"
name = "dropout_param"
position = 1
entry = "p"
complement = true
[[keywords]]
of = "classifiers.fc_net.FullyConnectedNet"
ours = { normalization = "batchnorm" }
theirs = { use_batchnorm = true }
[[returned]]
of = "layers.affine_backward"
position = 2
shape = [-1]
their_shape = [1, -1]
[[marks]]
topic = "a word"
file = "layers.py"
pattern = 'word'
"""


@pytest.fixture(scope="module")
def assignment():
    return load_assignment(ROOT / "assignment")


@pytest.fixture
def folder(tmp_path):
    """A copy of the assignment with one small handout, and its reference beside it."""
    ignore = shutil.ignore_patterns("__pycache__", "handouts", "*.so", "*.c")
    shutil.copytree(ROOT / "assignment", tmp_path / "assignment", ignore=ignore)
    shutil.copytree(ROOT / "reference", tmp_path / "reference", ignore=ignore)
    (tmp_path / "assignment/handouts").mkdir()
    (tmp_path / "assignment/handouts/old.toml").write_text(SMALL)
    return tmp_path / "assignment"


def edited(folder, old, new, name="old"):
    path = folder / f"handouts/{name}.toml"
    text = path.read_text()
    assert text.count(old) == 1
    path.write_text(text.replace(old, new))


def test_a_file_is_read_into_rules_and_marks(folder):
    handouts = load_handouts(load_assignment(folder), "old")
    handout = handouts.known["old"]
    assert (handout.name, handout.years) == ("old", "long ago")
    assert handout.lacks == {"layers.svm_loss"}
    assert handout.lacks_checks == ("layers.relu_forward.*",)
    assert [(rule.of, rule.entry, rule.complement) for rule in handout.arguments] == [
        ("layers.dropout_forward", "p", True)
    ]
    assert [(rule.ours, rule.theirs) for rule in handout.keywords] == [
        ({"normalization": "batchnorm"}, {"use_batchnorm": True})
    ]
    assert [(rule.position, rule.shape, rule.their_shape) for rule in handout.returned] == [(2, (-1,), (1, -1))]
    assert [(mark.topic, mark.file) for mark in handouts.marks["old"]] == [("a word", "layers.py")]


@pytest.mark.parametrize("name", HANDOUT)
def test_a_key_that_holds_a_number_is_refused_by_its_name(folder, name):
    path = folder / "handouts/old.toml"
    data = {key: value for key, value in tomllib.loads(path.read_text()).items() if key == "years"}
    lines = [f"{key} = {json.dumps(value)}" for key, value in {**data, name: 3}.items()]
    path.write_text("\n".join(lines))
    with pytest.raises(AssignmentError, match=rf"handouts/old\.toml: .*{name}"):
        load_handouts(load_assignment(folder), "old")


@pytest.mark.parametrize("entry", [*HANDOUT.values(), *(one for of in HANDOUT_TABLES.values() for one in of.values())])
def test_the_example_of_a_key_is_toml_that_fits(entry):
    ((_, value),) = tomllib.loads(entry.example).items()
    assert FITS[entry.kind](value)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('years = "long ago"', "years =", "cannot be read"),
        ('years = "long ago"', "years = 2015", "years is missing"),
        (
            'years = "long ago"',
            'years = "x"\ncolour = "red"',
            "colour was found, expected years, like, solved, accepts, files, lacks, hints, titles, arguments",
        ),
        ("[lacks]", "[laks]", "laks was found"),
        ('["layers.svm_loss"]', '"layers.svm_loss"', "functions in [lacks] is wrong, expected a list of strings"),
        ("checks = [", "check = [", "[lacks] is wrong"),
        ('"layers.svm_loss"', '"layers.svn_loss"', "the reference does not define layers.svn_loss"),
        ('of = "layers.affine_backward"', 'of = "layer.affine_backward"', "does not define layer.affine_backward"),
        ('"layers.relu_forward.*"', '"layers.relu_forward.nothing*"', "matches no check of layers.relu_forward"),
        ('"layers.relu_forward.*"', '"*layernorm*"', "does not start with a function of the reference"),
        ("complement = true", "", "dropout_param of layers.dropout_forward has no difference"),
        ("complement = true", "complement = 1", "complement in arguments is a number, expected true or false"),
        ("complement = true", "complment = true", "arguments has complment, expected of, name"),
        ("position = 1", "position = true", "position in arguments is true or false, expected a whole number"),
        ("position = 1", "position = -1", "position in arguments is -1, expected 0 or more"),
        ("position = 1", "", "an entry of arguments has no position"),
        ("complement = true", "shape = [3]", "has only one shape"),
        ("their_shape = [1, -1]", "their_shape = [-1, -1]", "their_shape is [-1, -1], expected lengths"),
        ("their_shape = [1, -1]", 'their_shape = ["C"]', "expected lengths"),
        ("[[keywords]]", "[keywords]", "keywords is not a list of tables. Begin each table with [[keywords]]"),
        ("pattern = 'word'", "pattern = '(word'", "is not a regular expression"),
        (
            "[lacks]",
            '[hints]\n"layers.relu_forward.x" = "Look."\n[lacks]',
            ("layers.relu_forward.x in [hints] does not exist"),
        ),
        (
            "[lacks]",
            '[titles]\n"layers.relu_forward.x" = "A."\n[lacks]',
            ("layers.relu_forward.x in [titles] does not exist"),
        ),
        ("[lacks]", '[hints]\n"layers.relu_forward.nothing" = 3\n[lacks]', "[hints] is wrong"),
        ("[lacks]", 'solved = "layers.relu_forward"\n[lacks]', "solved is wrong, expected a list of strings"),
        ("[lacks]", 'solved = ["layers.relu"]\n[lacks]', "the reference does not define layers.relu"),
        (
            "[lacks]",
            'accepts = ["optim.adam.t_is_late"]\n[lacks]',
            ("optim.adam.t_is_late in accepts is not a misconception"),
        ),
        ("[lacks]", "files = [1]\n[lacks]", "files is wrong, expected a list of strings"),
        ("[lacks]", 'like = "1999"\n[lacks]', "like is '1999', expected another handout's name"),
        ("[lacks]", 'like = "old"\n[lacks]', "like is 'old', expected another handout's name"),
    ],
)
def test_a_wrong_file_is_refused_by_name(folder, old, new, message):
    edited(folder, old, new)
    with pytest.raises(AssignmentError, match=re.escape(message)) as caught:
        load_handouts(load_assignment(folder), "old")
    assert str(caught.value).startswith("handouts/old.toml: ")


YOUNGER = """
years = "later"
like = "old"
solved = ["layers.affine_forward"]
[[marks]]
topic = "a word"
file = "layers.py"
pattern = 'other'
[[marks]]
topic = "a name"
file = "optim.py"
pattern = 'name'
"""


def test_like_takes_everything_else_from_the_other_handout(folder):
    (folder / "handouts/new.toml").write_text(YOUNGER)
    handouts = load_handouts(load_assignment(folder), "new")
    new = handouts.known["new"]
    assert (new.years, new.like, new.solved) == ("later", "old", {"layers.affine_forward"})
    assert new.lacks == {"layers.svm_loss"}
    assert [rule.of for rule in new.returned] == ["layers.affine_backward"]
    assert [(mark.topic, mark.pattern.pattern) for mark in handouts.marks["new"]] == [
        ("a word", "other"),
        ("a name", "name"),
    ]


def test_a_chain_of_like_is_refused(folder):
    (folder / "handouts/new.toml").write_text(YOUNGER)
    (folder / "handouts/newer.toml").write_text(YOUNGER.replace('"old"', '"new"'))
    with pytest.raises(AssignmentError, match="like is 'new', which itself has like = 'old'"):
        load_handouts(load_assignment(folder), "newer")


def test_only_the_assignments_own_handout_has_all_handed_out_files(folder):
    edited(folder, "[lacks]", 'files = ["data_*.py", "Dropout.ipynb"]\n[lacks]')
    known = load_handouts(load_assignment(folder), "old").known
    asked = ("data_utils.py", "solver.py", "Dropout.ipynb", "ModularNets.ipynb")
    assert [known["old"].has_file(name) for name in asked] == [True, False, True, False]
    assert all(known["default"].has_file(name) for name in asked)


def test_a_solved_function_carries_no_points_but_may_be_called(assignment):
    handout = load_handouts(assignment, "2025").known["2025"]
    asked = {check.function for check in assignment.checks if handout.has(check)}
    assert not asked & {"optim.sgd_momentum", "optim.rmsprop", "optim.adam"}
    assert asked > {"layers.softmax_loss", "classifiers.fc_net.FullyConnectedNet"}
    call = adapt(lambda function, args, kwargs: function, handout)
    assert call("optim.adam", (), {}) == "optim.adam"


@pytest.mark.parametrize("name", NAMES)
def test_no_hint_of_a_public_handout_mentions_epsilon_in_a_formula(assignment, name):
    """Their docstrings do not mention epsilon, so both places are right and no hint is needed."""
    handout = load_handouts(assignment, name).known[name]
    for item in assignment.misconceptions:
        if item.function in ("optim.rmsprop", "optim.adam") and "epsilon_below_root" in item.name:
            left_out = item.function in handout.lacks | handout.solved
            assert left_out or item.name in handout.accepts[item.function]


def test_a_pattern_for_a_function_without_points_is_accepted(folder):
    """An assignment may give points for fewer functions than the reference has."""
    edited(folder, '"layers.relu_forward.*"', '"solver.Solver.*"')
    assert load_handouts(load_assignment(folder), "old").known["old"].lacks_checks == ("solver.Solver.*",)


def test_a_name_without_a_file_is_a_usage_error(folder):
    assignment = load_assignment(folder)
    with pytest.raises(UsageError, match=r"--handout 1999: no such handout\. There are: default, auto, old\."):
        load_handouts(assignment, "1999")
    with pytest.raises(UsageError):
        load_handouts(assignment, "../assignment")


def test_the_assignments_own_handout_needs_and_reads_no_file(folder):
    edited(folder, "position = 1", "position =")
    handouts = load_handouts(load_assignment(folder), "default")
    handout, grounds = handouts.of(Submission("a", "a", {}))
    assert (handout.name, grounds, handout.lacks) == ("default", None, frozenset())


def test_the_file_of_the_assignments_own_handout_may_not_contain_rules(folder):
    shutil.copy(folder / "handouts/old.toml", folder / "handouts/default.toml")
    with pytest.raises(
        AssignmentError, match=r"handouts/default\.toml: rules were found, expected only years and marks"
    ):
        load_handouts(load_assignment(folder), AUTO)


def test_a_handout_cannot_be_called_auto(folder):
    shutil.copy(folder / "handouts/old.toml", folder / "handouts/auto.toml")
    with pytest.raises(AssignmentError, match=r"handouts/auto\.toml: auto cannot be the name of a handout"):
        load_handouts(load_assignment(folder), AUTO)


def test_an_assignment_without_other_handouts_can_be_asked_to_guess(folder):
    shutil.rmtree(folder / "handouts")
    handout, grounds = load_handouts(load_assignment(folder), AUTO).of(Submission("a", "a", {"layers.py": b"word"}))
    assert handout.name == "default"
    assert "no clue to any handout" in say(grounds)


# The project's own handouts.


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_every_check_runs_on_code_written_for_its_handout(assignment, name):
    """The reference, translated to that handout, passes every remaining check."""
    handout = load_handouts(assignment, name).known[name]
    own = local_call(load_reference(assignment), classes=assignment.classes)
    theirs = adapt(adapt_back(own, handout), handout)
    asked = [check for check in assignment.checks if handout.has(check)]
    assert asked
    for check in asked:
        reference, student = (
            Student(call, frozenset(assignment.functions), assignment.classes) for call in (own, theirs)
        )
        expected, found = (
            perform(check.run, code, np.random.RandomState(check.seed), reference).values
            for code in (reference, student)
        )
        assert found.keys() == expected.keys(), check.id
        for key in expected:
            np.testing.assert_allclose(found[key], expected[key], rtol=1e-7, atol=1e-12, err_msg=check.id)


@pytest.mark.parametrize(
    ("name", "sent"),
    [
        ("2016", {"dropout": 0.25, "use_batchnorm": True}),
        ("2017", {"dropout": 0.25, "use_batchnorm": True}),
        ("2018", {"dropout": 0.75, "normalization": "batchnorm"}),
        ("2021", {"dropout_keep_ratio": 0.75, "normalization": "batchnorm"}),
        ("2025", {"dropout_keep_ratio": 0.75, "normalization": "batchnorm"}),
    ],
)
def test_the_net_is_made_with_the_arguments_of_its_year(assignment, name, sent):
    handout = load_handouts(assignment, name).known[name]
    seen = []
    call = adapt(lambda function, args, kwargs: seen.append(kwargs), handout)
    call("classifiers.fc_net.FullyConnectedNet", ([5],), {"dropout": 0.25, "normalization": "batchnorm", "reg": 1.0})
    call("classifiers.fc_net.FullyConnectedNet", ([5],), {"dropout": 0.25, "use_batchnorm": True, "reg": 1.0})
    call("classifiers.fc_net.FullyConnectedNet", ([5],), {"dropout": 0, "normalization": None, "use_batchnorm": False})
    assert seen[:2] == [{**sent, "reg": 1.0}] * 2
    off = {name: value for name, value in seen[2].items() if value not in (None, False)}
    assert off == {next(iter(sent)): 1} if name > "2017" else not off


@pytest.mark.parametrize(
    ("name", "p"), [("2016", 0.25), ("2017", 0.25), ("2018", 0.75), ("2021", 0.75), ("2025", 0.75)]
)
def test_p_of_dropout_means_what_its_year_meant(assignment, name, p):
    handout = load_handouts(assignment, name).known[name]
    seen = []
    call = adapt(lambda function, args, kwargs: seen.append(args[1]["p"]), handout)
    call("layers.dropout_forward", (np.ones(3), {"mode": "train", "p": 0.25}), {})
    assert seen == [p]


def test_the_net_of_2016_has_no_layer_normalization(assignment):
    call = adapt(lambda function, args, kwargs: None, load_handouts(assignment, "2016").known["2016"])
    with pytest.raises(AssignmentError, match="normalization='layernorm'"):
        call("classifiers.fc_net.FullyConnectedNet", ([5],), {"normalization": "layernorm"})


@pytest.mark.parametrize("shape", [(3,), (1, 3, 1, 1)])
def test_both_shapes_of_group_normalization_are_right_in_2018(assignment, shape):
    handout = load_handouts(assignment, "2018").known["2018"]
    call = adapt(lambda function, args, kwargs: (1, np.ones(shape), np.ones(shape)), handout)
    _, dgamma, dbeta = call("layers.spatial_groupnorm_backward", (1, 2), {})
    assert dgamma.shape == dbeta.shape == (1, 3, 1, 1)


def test_texts_of_several_lines_are_one(assignment):
    handout = load_handouts(assignment, "2018").known["2018"]
    texts = [*handout.titles.values(), *handout.hints["layers.dropout_forward"].values()]
    assert len(texts) > 5
    assert not [text for text in texts if "\n" in text]


def test_what_each_handout_lacks(assignment):
    known = load_handouts(assignment, AUTO).known
    assert "layers.dropout_forward" in known["2015"].lacks
    assert "layers.conv_forward_naive" not in known["2015"].lacks
    assert "layers.batchnorm_forward" not in known["2016"].lacks
    assert "layers.layernorm_forward" in known["2016"].lacks - known["2018"].lacks
    assert known["2018"].lacks == {"classifiers.cnn.MultiLayerConvNet"}
    assert {"classifiers.fc_net.TwoLayerNet", "layers.svm_loss"} < known["2021"].lacks
    assert known["2017"].lacks == known["2016"].lacks
    assert known["2025"].lacks == known["2021"].lacks
    for name in ("2016", "2017", "2018"):
        assert known[name].solved == {"layers.svm_loss", "layers.softmax_loss"}
    assert not known["default"].lacks


# The parts of each package that contain its clues, written from what is known of the handouts.
PACKAGES = {
    "2015": {
        "layers.py": "  The input x has shape (N, d_1, ..., d_k) where x[i] is the ith input.\n",
        "classifiers/convnet.py": "from cs231n.layers import *\ndef two_layer_convnet(X, model, y=None):\n  pass\n",
        "classifier_trainer.py": "class ClassifierTrainer(object):\n  pass\n",
    },
    "2016": {
        "layers.py": "  contains a minibatch of N\n  examples\n  - p: We drop each neuron output with probability p.\n",
        "optim.py": "def rmsprop(x, dx, config=None):\n  config.setdefault('t', 0)\n",
        "classifiers/fc_net.py": "from cs231n.layers import *\nclass TwoLayerNet(object):\n"
        "  This will also implement\n  dropout and batch normalization as options.\n"
        "  def __init__(self, hidden_dims, input_dim=3*32*32, num_classes=10,\n"
        "               dropout=0, use_batchnorm=False, reg=0.0,\n"
        "               weight_scale=1e-2, dtype=np.float32, seed=None):\n"
        "        bn_param[mode] = mode\n",
    },
    "2018": {
        "layers.py": "contains a minibatch of N\nexamples\n- p: We keep each neuron output with probability p.\n"
        "def layernorm_forward(x, gamma, beta, ln_param):\n"
        "    - gamma: Scale parameter, of shape (C,)\n    - beta: Shift parameter, of shape (C,)\n    - G: Integer\n",
        "optim.py": "def rmsprop(w, dw, config=None):\nmodify t before using it\n",
        "classifiers/fc_net.py": "from cs231n.layers import *\nclass TwoLayerNet(object):\n"
        "    dropout and batch/layer normalization as options.\n"
        "    def __init__(self, hidden_dims, input_dim=3*32*32, num_classes=10,\n"
        "                 dropout=1, normalization=None, reg=0.0, seed=None):\n",
    },
    "2021": {
        "layers.py": "contains a minibatch of N\nexamples\n- p: We keep each neuron output with probability p.\n"
        "def layernorm_forward(x, gamma, beta, ln_param):\n    - gamma: Scale parameter, of shape (1, C, 1, 1)\n",
        "optim.py": "def rmsprop(w, dw, config=None):\nmodify t before using it\n",
        "classifiers/fc_net.py": "from ..layers import *\n"
        '    """Class for a multi-layer fully connected neural network.\n'
        "        num_classes=10,\n        dropout_keep_ratio=1,\n        normalization=None,\n",
    },
}


PACKAGES["2017"] = {
    **PACKAGES["2016"],
    "optim.py": PACKAGES["2016"]["optim.py"].replace("'t', 0", '"t",1'),
    "classifiers/fc_net.py": PACKAGES["2016"]["classifiers/fc_net.py"].replace("[mode]", "['mode']"),
}


def guessed(assignment, files):
    submission = Submission("case", "case", {name: text.encode() for name, text in files.items()})
    handout, grounds = load_handouts(assignment, AUTO).of(submission)
    return handout.name, say(grounds)


@pytest.mark.parametrize("name", PACKAGES)
def test_auto_recognises_a_package_by_its_clues(assignment, name):
    found, grounds = guessed(assignment, PACKAGES[name])
    assert found == name, grounds
    assert f"graded as handout {name}, which" in grounds


@pytest.mark.parametrize(("optim", "fc_net"), [("2016", "2017"), ("2017", "2016")])
def test_clues_that_2016_and_2017_share_choose_the_elder(assignment, optim, fc_net):
    """Many students of 2016 corrected the slip in bn_param, and some of 2017 let t start at 0."""
    files = {
        **PACKAGES["2016"],
        "optim.py": PACKAGES[optim]["optim.py"],
        "classifiers/fc_net.py": PACKAGES[fc_net]["classifiers/fc_net.py"],
    }
    found, grounds = guessed(assignment, files)
    assert found == "2016"
    assert "2017 has the same clues" in grounds


def own_package():
    return {name: (ROOT / "reference" / name).read_text() for name in FILES}


def test_auto_recognises_the_assignments_own_handout(assignment):
    found, grounds = guessed(assignment, own_package())
    assert found == "default"
    assert "graded as handout default, which 13 of 13 clues" in grounds


def without(source, *names):
    """The source without these functions, as if somebody had deleted them."""
    for name in names:
        source, count = re.subn(rf"^def {name}\(.*?(?=^def |\Z)", "", source, flags=re.MULTILINE | re.DOTALL)
        assert count == 1, name
    return source


LATE = ("layernorm_forward", "layernorm_backward", "spatial_groupnorm_forward", "spatial_groupnorm_backward")


def test_deleting_functions_and_forging_an_older_docstring_gains_nothing(assignment):
    """Four functions that 2016 lacks are deleted, and dropout has the wording of 2016: still the assignment's own."""
    files = own_package()
    files["layers.py"] = without(files["layers.py"], *LATE).replace(
        "Drop each value with probability p", "We drop each neuron output with probability p"
    )
    assert "We drop each neuron" in files["layers.py"]
    assert guessed(assignment, files)[0] == "default"
    assert guessed(assignment, {"layers.py": files["layers.py"]})[0] == "default"


def test_deleting_and_forging_in_a_package_of_2021_gains_nothing(assignment):
    files = dict(PACKAGES["2021"])
    files["layers.py"] = "contains a minibatch of N examples. We drop each neuron output with probability p."
    assert guessed(assignment, files)[0] == "2021"


def test_a_package_that_is_half_of_one_year_and_half_of_another_is_not_guessed(assignment):
    files = {**PACKAGES["2016"], "optim.py": PACKAGES["2021"]["optim.py"], "layers.py": PACKAGES["2021"]["layers.py"]}
    found, grounds = guessed(assignment, files)
    assert found == "default"
    assert "none of the handouts has a clear majority" in grounds


def test_an_empty_submission_is_graded_by_the_assignments_own_handout(assignment):
    assert guessed(assignment, {})[0] == "default"
    assert guessed(assignment, {"layers.py": "def f():\n    pass\n"})[0] == "default"
