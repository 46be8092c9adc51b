"""The solver on models small enough to train by hand, its printed lines, a real terminal, and resumed runs."""

import fcntl
import os
import pty
import re
import signal
import struct
import subprocess
import sys
import termios

import numpy as np
import pytest
from cases import ROOT

from reference import optim
from reference.classifiers.fc_net import FullyConnectedNet
from reference.solver import Solver


@pytest.fixture(autouse=True)
def global_stream():
    """The solver draws from the global generator; restore it for other tests."""
    before = np.random.get_state()
    yield
    np.random.set_state(before)


class Line:
    """Squared distance of x w from 1. Scores are x w for class 0 and 0.5 for class 1."""

    def __init__(self):
        self.params = {"w": np.array([0.0])}

    def loss(self, X, y=None):
        xw = X @ self.params["w"]
        if y is None:
            return np.stack([xw, np.full(len(X), 0.5)], axis=1)
        return np.mean((xw - 1) ** 2) / 2, {"w": X.T @ (xw - 1) / len(X)}


# Every x is 2, so a step does not depend on the draws: w grows by learning_rate * 2 * (1 - 2 w). The labels are 0 in
# the training half; in the validation half, two of three are 0.
TWOS = {
    "X_train": np.full((4, 1), 2.0),
    "y_train": np.zeros(4, dtype=int),
    "X_val": np.full((3, 1), 2.0),
    "y_val": np.array([0, 0, 1]),
}
# Learning rate 0.1 in the first epoch, 0.05 in the second, 0.025 in the third; two iterations in an epoch.
W = [0, 0.2, 0.32, 0.356, 0.3848]
LOSSES = [0.5, 0.18, 0.0648, 0.041472]


LINE_OPTIONS = {
    "optim_config": {"learning_rate": 0.1},
    "lr_decay": 0.5,
    "batch_size": 2,
    "num_epochs": 2,
    "verbose": False,
}


def line_solver(**options):
    return Solver(Line(), TWOS, **{**LINE_OPTIONS, "verbose": True, **options})


def random_data(N=30, D=6, C=3, N_val=12):
    rng = np.random.RandomState(0)
    return {
        "X_train": rng.randn(N, D),
        "y_train": rng.randint(C, size=N),
        "X_val": rng.randn(N_val, D),
        "y_val": rng.randint(C, size=N_val),
    }


# --- training by hand


def test_two_epochs_by_hand():
    solver = line_solver(verbose=False)
    solver.train()
    np.testing.assert_allclose(solver.loss_history, LOSSES, rtol=1e-12)
    # From the second step on, 2 w is above 0.5, so class 0 wins.
    assert solver.train_acc_history == [0.0, 1.0, 1.0]
    assert solver.val_acc_history == pytest.approx([1 / 3, 2 / 3, 2 / 3], rel=1e-12)
    assert (solver.epoch, solver.iteration) == (2, 4)
    assert solver.optim_configs["w"]["learning_rate"] == pytest.approx(0.025, rel=1e-12)


def test_the_model_ends_with_the_first_of_the_best_parameters():
    solver = line_solver(verbose=False)
    params = solver.model.params
    solver.train()
    assert solver.best_val_acc == pytest.approx(2 / 3, rel=1e-12)
    np.testing.assert_allclose(solver.best_params["w"], [W[2]], rtol=1e-12)
    np.testing.assert_array_equal(solver.model.params["w"], solver.best_params["w"])
    assert solver.model.params is params
    # Copies: training the model further does not change the best parameters.
    solver.model.params["w"] += 1
    np.testing.assert_allclose(solver.best_params["w"], [W[2]], rtol=1e-12)


def test_a_model_that_is_never_right_keeps_its_parameters():
    solver = Solver(Line(), {**TWOS, "y_val": np.full(3, 7)}, verbose=False, batch_size=2, num_epochs=1)
    solver.train()
    assert (solver.best_val_acc, list(solver.best_params), list(solver.model.params)) == (0.0, ["w"], ["w"])


def test_running_statistics_go_with_the_best_parameters():
    class Counting(Line):
        def __init__(self):
            super().__init__()
            self.bn_params = [{"steps": 0}]

        def loss(self, X, y=None):
            self.bn_params[0]["steps"] += y is not None
            return super().loss(X, y)

    solver = Solver(Counting(), TWOS, optim_config={"learning_rate": 0.1}, batch_size=2, num_epochs=2, verbose=False)
    solver.train()
    assert solver.model.bn_params == [{"steps": 2}]


def test_adam_fast_trains_as_adam_does():
    weights = []
    for rule in ("adam", "adam_fast"):
        np.random.seed(231)
        model = FullyConnectedNet([4], input_dim=6, num_classes=3, dtype=np.float64)
        Solver(model, random_data(), update_rule=rule, batch_size=7, num_epochs=2, verbose=False).train()
        weights.append(model.params)
    for name, expected in weights[0].items():
        np.testing.assert_allclose(weights[1][name], expected, rtol=1e-10, atol=1e-12)


def test_each_parameter_has_a_config_of_its_own_and_the_options_stay_as_they_were():
    optim_config = {"learning_rate": 1e-3}
    model = FullyConnectedNet([4], input_dim=6, num_classes=3)
    solver = Solver(model, random_data(), update_rule="adam", optim_config=optim_config, num_epochs=1, verbose=False)
    assert len({id(config) for config in solver.optim_configs.values()}) == 4
    solver.train()
    assert optim_config == {"learning_rate": 1e-3}
    assert {name: config["m"].shape for name, config in solver.optim_configs.items()} == {
        "W1": (6, 4),
        "b1": (4,),
        "W2": (4, 3),
        "b2": (3,),
    }
    assert all(config["t"] == 1 for config in solver.optim_configs.values())


def test_lists_are_accepted_and_solvers_share_no_options():
    """Lists work as well as arrays, and the options of one solver do not reach another."""
    solver = Solver(Line(), {name: values.tolist() for name, values in TWOS.items()}, **LINE_OPTIONS)
    solver.train()
    assert_trained_as_by_hand(solver)
    Solver(Line(), TWOS).optim_config["learning_rate"] = 7
    assert Solver(Line(), TWOS).optim_config == {}


class Recorder:
    """Stores the examples that it gets, and learns nothing."""

    def __init__(self):
        self.params, self.shown = {"w": np.zeros(1)}, []

    def loss(self, X, y=None):
        self.shown.append(X[:, 0].tolist())
        if y is None:
            return np.zeros((len(X), 2))
        assert y.tolist() == (-X[:, 0]).tolist()
        return 0.0, {"w": np.zeros(1)}


def numbered(N, N_val):
    train, val = np.arange(N), 100 + np.arange(N_val)
    return {"X_train": train[:, np.newaxis], "y_train": -train, "X_val": val[:, np.newaxis], "y_val": -val}


def test_draws_have_the_order_of_the_course():
    model = Recorder()
    np.random.seed(7)
    Solver(
        model, numbered(5, 4), batch_size=2, num_epochs=2, num_train_samples=3, num_val_samples=2, verbose=False
    ).train()
    rng = np.random.RandomState(7)
    expected = []
    for iteration in range(1, 5):
        expected.append(rng.choice(5, 2).tolist())
        if iteration in (1, 2, 4):
            expected += [rng.choice(5, 3).tolist(), (100 + rng.choice(4, 2)).tolist()]
    assert model.shown == expected


def test_if_all_examples_are_samples_none_are_drawn():
    model = Recorder()
    np.random.seed(7)
    Solver(
        model, numbered(3, 2), batch_size=5, num_epochs=1, num_train_samples=3, num_val_samples=2, verbose=False
    ).train()
    # If a batch is larger than the training half, an epoch has one iteration, which is checked once.
    assert model.shown == [np.random.RandomState(7).choice(3, 5).tolist(), [0, 1, 2], [100, 101]]


def test_two_runs_with_one_seed_are_equal():
    def run():
        np.random.seed(3)
        model = FullyConnectedNet([5], input_dim=6, num_classes=3, dropout=0.3)
        solver = Solver(model, random_data(), update_rule="adam", batch_size=7, num_epochs=3, verbose=False)
        solver.train()
        return outcome(solver)

    assert run() == run()


# --- accuracy


class ScoresAreInput:
    """Returns its input as scores: each example is its own scores."""

    def __init__(self):
        self.params, self.calls = {}, []

    def loss(self, X):
        self.calls.append(len(X))
        return X


def test_accuracy_by_hand_with_a_shorter_last_batch():
    solver = Solver(ScoresAreInput(), TWOS)
    X = np.array([[1.0, 2, 3], [3, 2, 1], [0, 5, 0], [1, 1, 0], [0, 0, 9]])
    # The highest are 2, 0, 1, 0 (the first of equals), 2.
    assert solver.check_accuracy(X, np.array([2, 1, 1, 0, 0]), batch_size=2) == 3 / 5
    assert solver.model.calls == [2, 2, 1]


def test_accuracy_on_samples_draws_them():
    solver = Solver(ScoresAreInput(), TWOS)
    X, y = np.eye(4), np.array([0, 0, 2, 2])
    np.random.seed(5)
    accuracy = solver.check_accuracy(X, y, num_samples=3)
    drawn = np.random.RandomState(5).choice(4, 3)
    assert accuracy == np.mean((drawn == 0) | (drawn == 2))
    before = np.random.get_state()[1].tolist()
    assert solver.check_accuracy(X, y, num_samples=4) == 0.5
    assert np.random.get_state()[1].tolist() == before


# --- what is printed


def test_the_printed_lines(capsys):
    line_solver(print_every=3).train()
    assert capsys.readouterr().out == (
        "(Iteration 1 / 4) loss: 0.500000\n"
        "(Epoch 0 / 2) train acc: 0.000000; val_acc: 0.333333\n"
        "(Epoch 1 / 2) train acc: 1.000000; val_acc: 0.666667\n"
        "(Iteration 4 / 4) loss: 0.041472\n"
        "(Epoch 2 / 2) train acc: 1.000000; val_acc: 0.666667\n"
    )


def test_an_epoch_of_one_iteration_has_no_epoch_0(capsys):
    line_solver(batch_size=4, num_epochs=2, print_every=1).train()
    assert re.findall(r"\((\w+ \d)", capsys.readouterr().out) == ["Iteration 1", "Epoch 1", "Iteration 2", "Epoch 2"]


@pytest.mark.process
def test_on_a_terminal_a_resumed_bar_begins_where_the_run_stopped(tmp_path):
    line_solver(verbose=False, checkpoint_name=tmp_path / "line").train()
    train = f"Solver.resume({str(tmp_path / 'line_epoch_1.npz')!r}, Line(), TWOS, verbose=True).train()"
    out, errors = run_on_terminal(train=train)
    assert errors == ""
    assert re.findall(r"\d/4", out)[0] == "2/4"
    assert "100%" in out


def test_not_verbose_prints_nothing(capsys):
    line_solver(verbose=False, optim_config={"learning_rate": np.nan}).train()
    assert capsys.readouterr() == ("", "")


def test_a_loss_of_nan_warns_once_and_the_training_goes_on(capsys):
    solver = line_solver(optim_config={"learning_rate": np.nan})
    solver.train()
    lines = capsys.readouterr().out.splitlines()
    assert [line for line in lines if line.startswith("Solver")] == [
        "Solver: the loss of iteration 2 is nan, expected a finite number. "
        "Try a lower learning rate, and look for overflow and log(0) in the loss."
    ]
    assert len(solver.loss_history) == 4 and np.isnan(solver.loss_history[1:]).all()


SCRIPT = """
import sys
sys.path[:0] = ["tests/reference", "tests"]
{before}
from test_solver import TWOS, Line, Solver, line_solver
{train}
"""
TRAIN = "line_solver(num_epochs=3, print_every=1).train()"


def run_on_terminal(rows=24, columns=120, before="", train=TRAIN):
    """Run a training with a pseudo-terminal as its stdout and return what came out there, and on stderr."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("4H", rows, columns, 0, 0))
    command = [sys.executable, "-c", SCRIPT.format(before=before, train=train)]
    with subprocess.Popen(command, cwd=ROOT, stdin=theirs, stdout=theirs, stderr=subprocess.PIPE) as process:
        os.close(theirs)
        out = b""
        while True:
            try:
                out += os.read(ours, 4096)
            except OSError:
                # Linux raises this at the end of a terminal that no process has open.
                break
        errors = process.stderr.read()
    os.close(ours)
    assert process.returncode == 0
    return out.decode().replace("\r\n", "\n"), errors.decode()


# A new pseudo-terminal has no rows and no columns until its size is set.
@pytest.mark.process
@pytest.mark.parametrize("size", [(24, 120), (0, 0)])
def test_on_a_terminal_a_bar_replaces_the_losses(size):
    out, errors = run_on_terminal(*size)
    assert errors == ""
    assert "Iteration" not in out
    assert re.findall(r"^.*?(\(Epoch.*)$", out, re.M) == [
        "(Epoch 0 / 3) train acc: 0.000000; val_acc: 0.333333",
        "(Epoch 1 / 3) train acc: 1.000000; val_acc: 0.666667",
        "(Epoch 2 / 3) train acc: 1.000000; val_acc: 0.666667",
        "(Epoch 3 / 3) train acc: 1.000000; val_acc: 0.666667",
    ]
    # A line as wide as the terminal may lose its last character.
    assert re.search(r"100%\|.*\| 6/6 \[.*loss 0\.0\d{3}, train 1\.000, val 0\.66", out)


@pytest.mark.process
def test_on_a_terminal_without_tqdm_lines_are_printed():
    out, errors = run_on_terminal(before="sys.modules['tqdm'] = None")
    assert errors == ""
    assert out.startswith("(Iteration 1 / 6) loss: 0.500000\n(Epoch 0 / 3) train acc: 0.000000; val_acc: 0.333333\n")
    assert "%" not in out


@pytest.mark.process
def test_without_a_terminal_tqdm_is_not_even_imported():
    script = SCRIPT.format(before="sys.modules['tqdm'] = None", train=TRAIN)
    run = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert run.stdout.startswith("(Iteration 1 / 6) loss: 0.500000\n")
    assert run.stderr == ""


# --- interrupted, and training on


class StoppingLine(Line):
    """Line with a second parameter that falls by the learning rate each step; Ctrl-C comes at one of the calls."""

    def __init__(self, moment):
        super().__init__()
        self.params["v"] = np.zeros(())
        self.calls, self.moment = 0, moment

    def count(self):
        self.calls += 1
        if self.calls == self.moment:
            raise KeyboardInterrupt

    def loss(self, X, y=None):
        self.count()
        if y is None:
            return super().loss(X)
        loss, grads = super().loss(X, y)
        return loss, {**grads, "v": np.ones(())}


def assert_trained_as_by_hand(solver):
    np.testing.assert_allclose(solver.loss_history, LOSSES, rtol=1e-12)
    assert solver.train_acc_history == [0.0, 1.0, 1.0]
    assert solver.val_acc_history == pytest.approx([1 / 3, 2 / 3, 2 / 3], rel=1e-12)
    np.testing.assert_allclose(solver.best_params["w"], [W[2]], rtol=1e-12)
    assert (solver.epoch, solver.iteration) == (2, 4)


def assert_complete(solver):
    """Assert that the state is the one after the last complete step, and that the histories match it."""
    steps = solver.iteration
    np.testing.assert_allclose(solver.model.params["w"], [W[steps]], rtol=1e-12)
    assert solver.model.params["v"] == pytest.approx(-sum([0.1, 0.1, 0.05, 0.05][:steps]), rel=1e-12)
    np.testing.assert_allclose(solver.loss_history, LOSSES[:steps], rtol=1e-12)
    checks = len(solver.val_acc_history)
    assert solver.train_acc_history == [0.0, 1.0, 1.0][:checks]
    assert solver.epoch == max(checks - 1, 0)
    assert bool(solver.best_params) == (checks > 0)


# Four steps, and three checks of two calls each.
@pytest.mark.parametrize("moment", range(1, 11))
def test_a_stop_in_the_model_leaves_a_complete_state_and_training_goes_on(moment):
    solver = Solver(StoppingLine(moment), TWOS, **LINE_OPTIONS)
    with pytest.raises(KeyboardInterrupt):
        solver.train()
    assert_complete(solver)
    solver.train()
    assert_trained_as_by_hand(solver)


# Four steps of two parameters.
@pytest.mark.parametrize("moment", range(1, 9))
def test_a_stop_in_the_update_rule_leaves_no_half_step(monkeypatch, moment):
    solver = Solver(StoppingLine(None), TWOS, **LINE_OPTIONS)
    stops = StoppingLine(moment)

    def stopping(w, dw, config):
        learning_rate, config["learning_rate"] = config["learning_rate"], np.inf
        stops.count()
        config["learning_rate"] = learning_rate
        return w - learning_rate * dw, config

    monkeypatch.setattr(optim, "sgd", stopping)
    with pytest.raises(KeyboardInterrupt):
        # The rule is looked up by name each time, because notebooks reload optim.py.
        solver.train()
    assert_complete(solver)
    assert all(np.isfinite(config["learning_rate"]) for config in solver.optim_configs.values())
    solver.train()
    assert_trained_as_by_hand(solver)


def test_a_training_at_its_end_says_so_and_goes_on_with_more_epochs(capsys):
    solver = line_solver()
    solver.train()
    capsys.readouterr()
    solver.train()
    assert capsys.readouterr().out == "Solver: 2 epochs are done already. Raise num_epochs to train on.\n"
    assert_trained_as_by_hand(solver)
    solver.num_epochs = 3
    solver.train()
    assert capsys.readouterr().out == "(Epoch 3 / 3) train acc: 1.000000; val_acc: 0.666667\n"
    # It starts from the best parameters: 2 w = 0.64.
    assert solver.loss_history[4] == pytest.approx(0.36**2 / 2, rel=1e-12)


# --- checkpoints


def outcome(solver):
    """Return all results of a run as values that can be compared exactly."""

    def plain(value):
        if isinstance(value, dict):
            return {key: plain(item) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            return [plain(item) for item in value]
        return (str(value.dtype), value.shape, value.tobytes()) if isinstance(value, np.ndarray) else value

    names = ("loss_history", "train_acc_history", "val_acc_history", "best_val_acc", "best_params", "best_bn_params")
    names += ("optim_configs", "epoch", "iteration")
    model = {"params": solver.model.params, "bn_params": getattr(solver.model, "bn_params", None)}
    return plain([{name: getattr(solver, name) for name in names}, model, np.random.get_state()])


def all_in_one_net():
    return FullyConnectedNet([5, 4], input_dim=6, num_classes=3, dropout=0.3, use_batchnorm=True, reg=0.1)


@pytest.mark.parametrize("rule", ["sgd", "sgd_momentum", "rmsprop", "adam"])
@pytest.mark.parametrize("epoch", [1, 2, 3, 4])
def test_a_resumed_run_equals_the_uninterrupted_one_to_the_bit(tmp_path, rule, epoch):
    options = {"num_epochs": 4, "batch_size": 7, "num_train_samples": 20, "num_val_samples": 5, "lr_decay": 0.9}
    np.random.seed(1)
    solver = Solver(
        all_in_one_net(),
        random_data(),
        update_rule=rule,
        optim_config={"learning_rate": np.float32(1e-2)},
        checkpoint_name=tmp_path / "run",
        verbose=False,
        **options,
    )
    solver.train()
    expected = outcome(solver)
    assert sorted(os.listdir(tmp_path)) == [f"run_epoch_{n}.npz" for n in (1, 2, 3, 4)]
    later = [(tmp_path / f"run_epoch_{n}.npz").read_bytes() for n in range(epoch + 1, 5)]

    np.random.seed(99)
    resumed = Solver.resume(tmp_path / f"run_epoch_{epoch}.npz", all_in_one_net(), random_data())
    assert resumed.epoch == epoch
    resumed.train()
    assert outcome(resumed) == expected
    # It goes on writing checkpoints, and they are the same, except for the times in the archive.
    for n, before in zip(range(epoch + 1, 5), later, strict=True):
        after = (tmp_path / f"run_epoch_{n}.npz").read_bytes()
        assert without_times(after) == without_times(before)


def without_times(archive):
    """Local headers have the time of writing at bytes 10 to 13, those of the central directory at bytes 12 to 15."""
    archive = re.sub(rb"(PK\x03\x04.{6}).{4}", rb"\1", archive, flags=re.DOTALL)
    return re.sub(rb"(PK\x01\x02.{8}).{4}", rb"\1", archive, flags=re.DOTALL)


KILLED = """
import os, signal, sys
sys.path[:0] = ["tests/reference", "tests"]
import numpy as np
from test_solver import all_in_one_net, random_data
from reference import solver

def kill_in_the_third(path, state):
    if state["progress"]["epoch"] == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    write(path, state)

write, solver.write_checkpoint = solver.write_checkpoint, kill_in_the_third
np.random.seed(1)
options = dict(update_rule="adam", num_epochs=4, batch_size=7, verbose=False)
solver.Solver(all_in_one_net(), random_data(), checkpoint_name=sys.argv[1], **options).train()
"""


@pytest.mark.process
def test_a_killed_run_is_resumed_in_another_process(tmp_path):
    command = [sys.executable, "-c", KILLED, str(tmp_path / "run")]
    assert subprocess.run(command, cwd=ROOT).returncode == -signal.SIGKILL
    assert sorted(os.listdir(tmp_path)) == ["run_epoch_1.npz", "run_epoch_2.npz"]
    resumed = Solver.resume(tmp_path / "run_epoch_2.npz", all_in_one_net(), random_data(), checkpoint_name=None)
    resumed.train()
    found = outcome(resumed)
    np.random.seed(1)
    options = {"update_rule": "adam", "num_epochs": 4, "batch_size": 7, "verbose": False}
    solver = Solver(all_in_one_net(), random_data(), **options)
    solver.train()
    assert found == outcome(solver)


def test_a_longer_run_goes_on_from_the_end_of_a_shorter_one(tmp_path):
    def train(num_epochs, **options):
        np.random.seed(1)
        options = {"batch_size": 7, "num_epochs": num_epochs, "verbose": False, **options}
        solver = Solver(all_in_one_net(), random_data(), **options)
        solver.train()
        return outcome(solver)

    expected = train(3)
    train(2, checkpoint_name=tmp_path / "run")
    resumed = Solver.resume(
        tmp_path / "run_epoch_2.npz", all_in_one_net(), random_data(), num_epochs=3, checkpoint_name=None
    )
    resumed.train()
    assert outcome(resumed) == expected
    assert sorted(os.listdir(tmp_path)) == ["run_epoch_1.npz", "run_epoch_2.npz"]


def test_a_model_without_running_statistics_is_resumed_too(tmp_path):
    line_solver(verbose=False, checkpoint_name=str(tmp_path / "line")).train()
    resumed = Solver.resume(tmp_path / "line_epoch_1.npz", Line(), TWOS)
    resumed.train()
    assert_trained_as_by_hand(resumed)


def test_without_a_name_nothing_is_written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    line_solver(verbose=False).train()
    assert os.listdir(tmp_path) == []
    line_solver(verbose=False, checkpoint_name="here").train()
    assert sorted(os.listdir(tmp_path)) == ["here_epoch_1.npz", "here_epoch_2.npz"]


@pytest.fixture
def checkpoint(tmp_path):
    np.random.seed(1)
    name = tmp_path / "run"
    Solver(all_in_one_net(), random_data(), batch_size=7, num_epochs=1, checkpoint_name=name, verbose=False).train()
    return tmp_path / "run_epoch_1.npz"


def net(hidden_dims=(5, 4), **options):
    return FullyConnectedNet(list(hidden_dims), **{"input_dim": 6, "num_classes": 3, "use_batchnorm": True, **options})


@pytest.mark.parametrize(
    ("make_model", "data", "changes", "message"),
    [
        (
            lambda: net((5, 7)),
            {},
            {},
            "PATH: parameter W2 is float32 (5, 4) in the checkpoint, expected float32 (5, 7). "
            "Resume with the model and data of that run.",
        ),
        (
            lambda: net((5,)),
            {},
            {},
            "PATH: parameter W2 is float32 (5, 4) in the checkpoint, expected float32 (5, 3). "
            "Resume with the model and data of that run.",
        ),
        (
            lambda: net(dtype=np.float64),
            {},
            {},
            "PATH: parameter W1 is float32 (6, 5) in the checkpoint, expected float64 (6, 5). "
            "Resume with the model and data of that run.",
        ),
        (
            lambda: net(use_batchnorm=False),
            {},
            {},
            "PATH: parameter beta1 is float32 (5,) in the checkpoint, expected none. "
            "Resume with the model and data of that run.",
        ),
        (
            lambda: net((5, 4, 3)),
            {},
            {},
            "PATH: parameter W4 is missing in the checkpoint, expected float32 (3, 3). "
            "Resume with the model and data of that run.",
        ),
        (
            net,
            {"N": 29},
            {},
            "PATH: shape of X_train is [30, 6] in the checkpoint, expected [29, 6]. "
            "Resume with the model and data of that run.",
        ),
        (
            net,
            {},
            {"update_rule": "adam"},
            "Solver.resume: update_rule was given, expected one of num_epochs, checkpoint_name, print_every, verbose. "
            "Make a new Solver to train in another way.",
        ),
        (
            net,
            {},
            {"num_epochs": 0},
            "Solver: num_epochs is 0, expected a whole number from 1 up. Pass another num_epochs.",
        ),
    ],
)
def test_a_checkpoint_of_another_run_is_refused(checkpoint, make_model, data, changes, message):
    model = make_model()
    before = {name: w.copy() for name, w in model.params.items()}
    with pytest.raises(ValueError) as caught:
        Solver.resume(checkpoint, model, random_data(**data), **changes)
    assert str(caught.value) == message.replace("PATH", str(checkpoint))
    for name, w in before.items():
        np.testing.assert_array_equal(model.params[name], w)


def test_a_checkpoint_without_running_statistics_does_not_fit_a_model_with_some(tmp_path):
    line_solver(verbose=False, checkpoint_name=tmp_path / "line").train()
    model = Line()
    model.bn_params = [{}]
    with pytest.raises(
        ValueError, match=r"number of bn_params is 0 in the checkpoint, expected 1\. Resume with the model"
    ):
        Solver.resume(tmp_path / "line_epoch_1.npz", model, TWOS)


def test_a_checkpoint_cut_off_is_refused(checkpoint):
    content = checkpoint.read_bytes()
    checkpoint.write_bytes(content[: len(content) // 2])
    with pytest.raises(ValueError, match="no complete checkpoint was found"):
        Solver.resume(checkpoint, all_in_one_net(), random_data())


# --- wrong arguments


def without(name):
    return {key: value for key, value in TWOS.items() if key != name}


@pytest.mark.parametrize(
    ("data", "options", "message"),
    [
        (
            without("X_val"),
            {},
            "Solver: data has no X_val, expected X_train, y_train, X_val and y_val. Look where data is made.",
        ),
        (
            {"X": 1},
            {},
            "Solver: data has no X_train and no y_train and no X_val and no y_val, expected X_train, y_train, X_val "
            "and y_val. Look where data is made.",
        ),
        (
            {**TWOS, "y_train": np.zeros(3)},
            {},
            "Solver: y_train has shape (3,), expected (4,), a label for each example of X_train. "
            "Look where data is made.",
        ),
        (
            {**TWOS, "y_val": np.zeros((3, 1))},
            {},
            "Solver: y_val has shape (3, 1), expected (3,), a label for each example of X_val. "
            "Look where data is made.",
        ),
        (
            {**TWOS, "X_train": np.zeros((0, 1)), "y_train": np.zeros(0)},
            {},
            "Solver: X_train has shape (0, 1), expected (N, ...) with N from 1 up. Look where data is made.",
        ),
        (
            TWOS,
            {"learning_rate": 1e-3},
            "Solver: learning_rate was given, expected one of update_rule, optim_config, lr_decay, batch_size, "
            "num_epochs, num_train_samples, num_val_samples, checkpoint_name, print_every, verbose. "
            "The learning rate goes into optim_config.",
        ),
        (
            TWOS,
            {"update_rule": "adma"},
            "Solver: update_rule is 'adma', expected one of adam, rmsprop, sgd, sgd_momentum, adam_fast. "
            "Pass another update_rule.",
        ),
        (
            TWOS,
            {"update_rule": "expect_update"},
            "Solver: update_rule is 'expect_update', expected one of adam, rmsprop, sgd, sgd_momentum, adam_fast. "
            "Pass another update_rule.",
        ),
        (
            TWOS,
            {"optim_config": 1e-3},
            "Solver: optim_config is 0.001, expected a dict like {'learning_rate': 1e-3}. Pass another optim_config.",
        ),
        (TWOS, {"lr_decay": 0}, "Solver: lr_decay is 0, expected a number above 0. Pass another lr_decay."),
        *(
            (TWOS, {name: value}, f"Solver: {name} is {value}, expected a whole number from 1 up. Pass another {name}.")
            for name in ("batch_size", "num_epochs", "print_every")
            for value in (0, 2.0, None)
        ),
        *(
            (
                TWOS,
                {name: 0},
                f"Solver: {name} is 0, expected a whole number from 1 up, or None for all. Pass another {name}.",
            )
            for name in ("num_train_samples", "num_val_samples")
        ),
        *(
            (
                TWOS,
                {"checkpoint_name": name},
                f"Solver: checkpoint_name is {name!r}, expected the beginning of file names, in a folder that exists. "
                "Pass another checkpoint_name.",
            )
            for name in ("no/such/folder/run", 3)
        ),
    ],
)
def test_a_wrong_argument_is_named(data, options, message):
    with pytest.raises(ValueError) as caught:
        Solver(Line(), data, **options)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("returned", "message"),
    [
        (
            None,
            "Solver: model.loss(X, y) returned None, expected a loss and gradients. Return loss, grads if y is given.",
        ),
        (
            0.5,
            "Solver: model.loss(X, y) returned something of type float, expected a loss and gradients. "
            "Return loss, grads if y is given.",
        ),
        (
            ([0.5, [0.5]], {}),
            "Solver: the loss that model.loss(X, y) returned is a list of 2, expected a number. "
            "Return the mean over the batch.",
        ),
        (
            (np.zeros(2), {}),
            "Solver: the loss that model.loss(X, y) returned is an array of shape (2,), expected a number. "
            "Return the mean over the batch.",
        ),
        (
            (None, {}),
            "Solver: the loss that model.loss(X, y) returned is None, expected a number. "
            "Return the mean over the batch.",
        ),
        (
            (0.5, None),
            "Solver: the gradients that model.loss(X, y) returned are None, expected a dict. "
            "Return grads with the keys of model.params.",
        ),
        (
            (0.5, {"W": np.zeros(1)}),
            "Solver: the gradients that model.loss(X, y) returned have no w, expected one for each of model.params. "
            "Set grads['w'] in loss.",
        ),
        (
            (0.5, {"w": np.zeros((1, 1))}),
            "Solver: grads['w'] is an array of shape (1, 1), expected an array of shape (1,), as model.params['w'] is. "
            "Look where loss sets it.",
        ),
        (
            (0.5, {"w": (np.zeros(2), [np.zeros(1)])}),
            "Solver: grads['w'] is a tuple of 2, expected an array of shape (1,), as model.params['w'] is. "
            "Look where loss sets it.",
        ),
        (
            (0.5, {"w": None}),
            "Solver: grads['w'] is None, expected an array of shape (1,), as model.params['w'] is. "
            "Look where loss sets it.",
        ),
    ],
)
def test_a_wrong_return_value_of_a_model_is_named(returned, message):
    model = Line()
    model.loss = lambda X, y: returned
    with pytest.raises(ValueError) as caught:
        Solver(model, TWOS, verbose=False).train()
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("scores", "found"),
    [
        (None, "None"),
        (np.zeros(3), "an array of shape (3,)"),
        (np.zeros((2, 5)), "an array of shape (2, 5)"),
        ((0.5, {}), "a tuple of 2"),
        ((np.zeros((3, 5)), [1, 2]), "a tuple of 2"),
    ],
)
def test_wrong_scores_are_named(scores, found):
    model = Line()
    model.loss = lambda X: scores
    with pytest.raises(ValueError) as caught:
        Solver(model, TWOS).check_accuracy(TWOS["X_val"], TWOS["y_val"])
    assert str(caught.value) == (
        f"Solver: model.loss(X) returned {found}, expected scores of shape (3, C). Return the scores if y is None."
    )


@pytest.mark.parametrize(
    ("returned", "found"),
    [
        ((None, {}), "None and something of type dict"),
        (np.zeros(1), "an array of shape (1,) and None"),
        ((np.zeros(2), {}), "an array of shape (2,) and something of type dict"),
    ],
)
def test_a_wrong_return_value_of_an_update_rule_is_named(monkeypatch, returned, found):
    # A function of optim.py that is not written yet returns (None, config).
    model = Line()
    solver = Solver(model, TWOS, verbose=False)
    monkeypatch.setattr(optim, "sgd", lambda w, dw, config: returned)
    with pytest.raises(ValueError) as caught:
        solver.train()
    assert str(caught.value) == (
        f"Solver: for w, sgd returned {found}, expected an array of shape (1,) and a dict. Return next_w, config."
    )
    assert model.params["w"] == 0
