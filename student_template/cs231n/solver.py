"""Solver: trains a model on minibatches, keeps its best parameters, and can resume an earlier run.

It uses these parts of a model:

    params        dict from names to arrays: what is trained
    loss(X, y)    returns the loss, a number, and a dict with a gradient for each name
    loss(X)       returns scores (N, C)
    bn_params     if it exists: the running statistics of batch normalization, which belong to the parameters

An epoch is max(N // batch_size, 1) iterations. All random numbers come from np.random's global stream, in this order:
the indices of a batch, with replacement; what model.loss draws; at a check of the accuracies, the indices of the
training samples, then of the validation samples, if there are more than needed. So np.random.seed before the model is
created fixes the whole run.
"""

import copy
import inspect
import os

import numpy as np

from . import optim
from .checkpoints import read_checkpoint, write_checkpoint
from .expect_training import (
    expect_data,
    expect_loss,
    expect_names,
    expect_options,
    expect_same,
    expect_scores,
    expect_update_of,
)
from .progress import open_display

try:
    from . import fast_optim
except ImportError:  # students do not get fast_optim.py, because it contains adam
    fast_optim = None  # type: ignore[assignment]

DEFAULTS = {
    "update_rule": "sgd",
    "optim_config": {},
    "lr_decay": 1.0,
    "batch_size": 100,
    "num_epochs": 10,
    "num_train_samples": 1000,
    "num_val_samples": None,
    "checkpoint_name": None,
    "print_every": 10,
    "verbose": True,
}
# Options that may change when a run is resumed, because the earlier iterations did not depend on them.
CHANGEABLE = ("num_epochs", "checkpoint_name", "print_every", "verbose")
DATA = ("X_train", "y_train", "X_val", "y_val")
HISTORIES = ("loss_history", "train_acc_history", "val_acc_history")
PROGRESS = ("epoch", "iteration", "optim_configs", "best_val_acc", "best_params", "best_bn_params")


class Solver:
    """Trains a model on data = {'X_train', 'y_train', 'X_val', 'y_val'}: arrays of examples (N, ...) and labels (N,).

    Options, by keyword:
      update_rule        name of a function of optim.py, or 'adam_fast' if fast_optim.py is there; 'sgd' unless given
      optim_config       the rule's hyperparameters, as {'learning_rate': 1e-3}; each parameter gets a copy
      lr_decay           factor on the learning rates at the end of an epoch; 1.0 unless given
      batch_size         examples in a step; 100 unless given
      num_epochs         10 unless given
      num_train_samples  training examples to measure accuracy on; 1000 unless given, None for all
      num_val_samples    validation examples to measure accuracy on; None, for all, unless given
      checkpoint_name    write <checkpoint_name>_epoch_<n>.npz at the end of epoch n; none unless given
      print_every        iterations from one printed loss to the next; 10 unless given
      verbose            False prints nothing; on a terminal, True shows a progress bar instead of the losses

    train() fills: loss_history, of each batch; train_acc_history and val_acc_history, after the first iteration (epoch
    0) and at the end of each epoch; best_val_acc and best_params; epoch and iteration, the numbers done; optim_configs,
    the configuration of each parameter. Raises ValueError if data or an option cannot be used. Source: CS231n,
    assignment 2, the solver that is handed out.
    """

    def __init__(self, model, data, **options):
        expect_data(data)
        expect_names("Solver", options, tuple(DEFAULTS), "The learning rate goes into optim_config.")
        expect_options(options, _update_rules())
        self.model = model
        self.X_train, self.y_train, self.X_val, self.y_val = (np.asarray(data[name]) for name in DATA)
        options = {**DEFAULTS, **options}
        self.update_rule, self.optim_config = options["update_rule"], copy.copy(options["optim_config"])
        self.lr_decay, self.batch_size = options["lr_decay"], options["batch_size"]
        self.num_epochs, self.checkpoint_name = options["num_epochs"], options["checkpoint_name"]
        self.num_train_samples, self.num_val_samples = options["num_train_samples"], options["num_val_samples"]
        self.print_every, self.verbose = options["print_every"], options["verbose"]
        self.epoch, self.iteration = 0, 0
        self.best_val_acc, self.best_params, self.best_bn_params = 0, {}, None
        self.loss_history, self.train_acc_history, self.val_acc_history = [], [], []
        self.optim_configs = {name: dict(self.optim_config) for name in model.params}

    @classmethod
    def resume(cls, path, model, data, **changes):
        """Return a Solver that goes on from the checkpoint `path` exactly as if the run had never stopped.

        model: created as in the run; its parameters are replaced. data: the data of the run. changes: new values of
        num_epochs, checkpoint_name, print_every or verbose; the other options stay as in the run. Sets the state of
        np.random. Raises ValueError if the file is not a complete checkpoint, or belongs to another model or other
        data.
        """
        expect_names("Solver.resume", changes, CHANGEABLE, "Make a new Solver to train in another way.")
        state = read_checkpoint(path)
        solver = cls(model, data, **{**state["options"], **changes})
        now = solver._state()
        expect_same(path, "shape of", state["data"], now["data"])
        expect_same(path, "parameter", _shapes(state["params"]), _shapes(now["params"]))
        expect_same(path, "number of", {"bn_params": _count(state)}, {"bn_params": _count(now)})
        solver._put(state["params"], state["bn_params"])
        for name in PROGRESS:
            setattr(solver, name, state["progress"][name])
        for name in HISTORIES:
            setattr(solver, name, state["histories"][name].tolist())
        np.random.set_state(state["random"])
        return solver

    def train(self):
        """Train to the end of num_epochs, then put the parameters with the best validation accuracy into the model.

        After Ctrl-C or an error, the parameters are those after the last complete step, best_params are the best so
        far, the histories are complete, and train() goes on from there. To train on after the end, raise num_epochs and
        call it again: it starts from the best parameters, while a resumed checkpoint starts from the last. Raises
        ValueError if the model or the update rule returns something unexpected.
        """
        iterations = self.num_epochs * self._epoch_length()
        with open_display(self.verbose, self.print_every, self.iteration, iterations) as display:
            if self.iteration >= iterations and not self._check_is_due():
                display.say(f"Solver: {self.epoch} epochs are done already. Raise num_epochs to train on.")
            while True:
                # First finish a check of the accuracies that was interrupted.
                if self._check_is_due():
                    self._check(display)
                elif self.iteration < iterations:
                    self._step(display)
                else:
                    break
        self._put(self.best_params, self.best_bn_params)

    def check_accuracy(self, X, y, num_samples=None, batch_size=100):
        """Return the fraction of examples whose highest score belongs to their class.

        X: (N, ...), y: (N,). num_samples: draw this many of them, with replacement, if there are more. batch_size:
        examples in a call of model.loss, which bounds the memory.
        """
        if num_samples is not None and len(X) > num_samples:
            drawn = np.random.choice(len(X), num_samples)
            X, y = X[drawn], y[drawn]
        right = 0
        for start in range(0, len(X), batch_size):
            batch = X[start : start + batch_size]
            scores = self.model.loss(batch)
            expect_scores(scores, len(batch))
            right += np.sum(np.argmax(scores, axis=1) == y[start : start + batch_size])
        return float(right / len(X))

    def _step(self, display):
        """Take one step of the update rule, on one batch."""
        batch = np.random.choice(len(self.X_train), self.batch_size)
        returned = self.model.loss(self.X_train[batch], self.y_train[batch])
        expect_loss(returned, self.model.params)
        loss, grads = float(returned[0]), returned[1]
        rule, params, configs = _update_rule(self.update_rule), {}, {}
        for name, w in self.model.params.items():
            # Pass a copy of config, because the rule writes into config and may be interrupted.
            returned = rule(w, grads[name], dict(self.optim_configs[name]))
            expect_update_of(self.update_rule, name, returned, w)
            params[name], configs[name] = returned
        self.model.params.update(params)
        self.optim_configs = configs
        self.iteration += 1
        if not np.isfinite(loss) and np.all(np.isfinite(self.loss_history)):
            display.say(
                f"Solver: the loss of iteration {self.iteration} is {loss}, expected a finite number. "
                "Try a lower learning rate, and look for overflow and log(0) in the loss."
            )
        self.loss_history.append(loss)
        display.show_loss(self.iteration, loss)

    def _epoch_length(self):
        return max(len(self.X_train) // self.batch_size, 1)

    def _check_is_due(self):
        """Return whether to measure accuracies now: after the first iteration, and at the end of each epoch."""
        length = self._epoch_length()
        checks = self.iteration // length + (1 if length > 1 and self.iteration > 0 else 0)
        return len(self.val_acc_history) < checks

    def _check(self, display):
        """Measure the accuracies, keep the parameters if they are the best, and end the epoch if its last iteration is
        done.
        """
        train_acc = self.check_accuracy(self.X_train, self.y_train, self.num_train_samples)
        val_acc = self.check_accuracy(self.X_val, self.y_val, self.num_val_samples)
        ends_epoch = self.iteration % self._epoch_length() == 0
        if ends_epoch:
            self.epoch += 1
            for config in self.optim_configs.values():
                if "learning_rate" in config:
                    config["learning_rate"] *= self.lr_decay
        if not self.best_params or val_acc > self.best_val_acc:
            self.best_val_acc, self.best_params = val_acc, copy.deepcopy(self.model.params)
            self.best_bn_params = copy.deepcopy(getattr(self.model, "bn_params", None))
        self.train_acc_history.append(train_acc)
        self.val_acc_history.append(val_acc)
        display.show_accuracies(self.epoch, self.num_epochs, train_acc, val_acc)
        if ends_epoch and self.checkpoint_name is not None:
            write_checkpoint(f"{os.fspath(self.checkpoint_name)}_epoch_{self.epoch}.npz", self._state())

    def _put(self, params, bn_params):
        """Put copies of parameters and running statistics into the model."""
        self.model.params.update(copy.deepcopy(params))
        if bn_params is not None:
            self.model.bn_params = copy.deepcopy(bn_params)

    def _state(self):
        """Return the state for a checkpoint; arrays are not copied."""
        options = {name: getattr(self, name) for name in DEFAULTS}
        if self.checkpoint_name is not None:
            options["checkpoint_name"] = os.fspath(self.checkpoint_name)
        return {
            "options": options,
            "data": {name: list(np.shape(getattr(self, name))) for name in DATA},
            "params": self.model.params,
            "bn_params": getattr(self.model, "bn_params", None),
            "progress": {name: getattr(self, name) for name in PROGRESS},
            "histories": {name: np.array(getattr(self, name), dtype=np.float64) for name in HISTORIES},
            "random": np.random.get_state(),
        }


def _update_rules():
    members = inspect.getmembers(optim, inspect.isfunction)
    own = [name for name, rule in members if rule.__module__ == optim.__name__]
    return own if fast_optim is None else own + fast_optim.__all__


def _update_rule(name):
    return getattr(optim, name) if hasattr(optim, name) else getattr(fast_optim, name)


def _shapes(params):
    return {name: f"{w.dtype} {w.shape}" for name, w in params.items()}


def _count(state):
    return len(state["bn_params"] or ())
