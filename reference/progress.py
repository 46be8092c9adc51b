"""Shows the progress of a training: as the course's lines, as a progress bar, or not at all.

On a terminal, tqdm shows the bar. In a notebook, a pipe or a file, or without tqdm, lines are printed.
"""

import os
import sys
from contextlib import contextmanager


@contextmanager
def open_display(verbose, print_every, done, total):
    """Return an object that shows a training while the context is open: a Bar on a terminal, Lines elsewhere.

    verbose: False shows nothing. print_every: iterations from one printed loss to the next. done, total: the numbers
    of iterations before, and in the whole training.
    """
    tqdm = _tqdm_for_terminal() if verbose else None
    if tqdm is None:
        yield Lines(verbose, print_every, total)
        return
    with tqdm(initial=done, total=total, file=sys.stdout, **_size_for_tqdm()) as bar:
        yield Bar(bar)


class Lines:
    """Prints lines, and flushes each so that a reader of a pipe sees it at once."""

    def __init__(self, verbose, print_every, total):
        self.verbose, self.print_every, self.total = verbose, print_every, total

    def show_loss(self, iteration, loss):
        if (iteration - 1) % self.print_every == 0:
            self.say(f"(Iteration {iteration} / {self.total}) loss: {loss:f}")

    def show_accuracies(self, epoch, num_epochs, train_acc, val_acc):
        self.say(_epoch_line(epoch, num_epochs, train_acc, val_acc))

    def say(self, line):
        if self.verbose:
            print(line, flush=True)


class Bar:
    """A bar with the latest figures at its end; the lines of the epochs scroll above it."""

    def __init__(self, bar):
        self.bar, self.accuracies = bar, ""

    def show_loss(self, iteration, loss):
        self.bar.set_postfix_str(f"loss {loss:.4f}{self.accuracies}", refresh=False)
        self.bar.update()

    def show_accuracies(self, epoch, num_epochs, train_acc, val_acc):
        self.accuracies = f", train {train_acc:.3f}, val {val_acc:.3f}"
        self.say(_epoch_line(epoch, num_epochs, train_acc, val_acc))

    def say(self, line):
        self.bar.write(line)


def _epoch_line(epoch, num_epochs, train_acc, val_acc):
    return f"(Epoch {epoch} / {num_epochs}) train acc: {train_acc:f}; val_acc: {val_acc:f}"


def _tqdm_for_terminal():
    if not sys.stdout.isatty():
        return None
    try:
        from tqdm import tqdm
    except ImportError:
        return None
    return tqdm


def _size_for_tqdm():
    """Return the terminal's size, which may change during a training; without any size, tqdm would draw nothing."""
    try:
        known = 0 not in os.get_terminal_size(sys.stdout.fileno())
    except (OSError, ValueError):
        known = False
    return {"dynamic_ncols": True} if known else {"ncols": 80, "nrows": 24}
