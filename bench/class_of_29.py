"""Builds the 29 submissions of the first benchmarks, so that later results can be compared with earlier results.

Twelve are the examples in submissions/. The others are cases in tests/submissions/, which store only the differences
from an example: changes.diff, and the files that the student handed in beside the package. Every file is rebuilt byte
for byte; tests/bench/test_class_of_29.py compares a hash over all of them.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CASES = ROOT / "tests/submissions"
CHANGES = "changes.diff"
PACKAGE = ("layers.py", "optim.py", "classifiers/fc_net.py", "classifiers/cnn.py")

# A fixed list, because a new example in submissions/ must not change the class.
EXAMPLES = (
    "complete",
    "complete-seven-loops",
    "complete-vectorised",
    "conv-forward-flips-kernel",
    "conv-forward-true-division",
    "exits",
    "loops-forever",
    "max-pool-forward-swaps-height-and-width",
    "net-regularises-with-factor-1",
    "syntax-error",
    "three-mistakes",
    "untouched-stubs",
)
# Name in the class → folder of the case below tests/submissions/.
OTHERS = {
    "affine-backward-wrong-sum-axis": "partial/affine_backward_wrong_sum_axis",
    "affine-forward-keeps-only-last-axis": "partial/affine_forward_keeps_only_last_axis",
    "conv-backward-crop-empty-at-pad-zero": "partial/conv_backward_crop_empty_at_pad_zero",
    "conv-backward-crops-pad-to-H": "partial/conv_backward_crops_pad_to_H",
    "conv-forward-forgets-bias": "failed/conv_forward_forgets_bias",
    "dropout-left-on-at-test-time": "partial/dropout_left_on_at_test_time",
    "max-pool-backward-overwrites": "partial/max_pool_backward_overwrites",
    "max-pool-forward-square-windows-only": "partial/max_pool_forward_square_windows_only",
    "old-style-stubs": "missing/old_style_stubs",
    "prints-a-megabyte": "passes/prints_a_megabyte",
    "raises-at-import": "passes/raises_at_import",
    "relu-backward-ignores-mask": "failed/relu_backward_ignores_mask",
    "softmax-forgets-division-by-N-in-gradient": "partial/softmax_forgets_division_by_N_in_gradient",
    "softmax-without-max-shift": "partial/softmax_without_max_shift",
    "spies": "failed/spies",
    "svm-counts-the-correct-class": "partial/svm_counts_the_correct_class",
    "wrong-forward-consistent-backward": "failed/wrong_forward_consistent_backward",
}
ARCHIVED = {"conv-forward-forgets-bias": "zip", "softmax-without-max-shift": "gztar"}


def write_class_of_29(folder: Path) -> Path:
    """Write all 29 submissions into the folder, and create it if necessary."""
    for name in EXAMPLES:
        shutil.copytree(ROOT / "submissions" / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    return write_others(folder)


def write_others(folder: Path) -> Path:
    """Write the 17 submissions that are not in submissions/, two of them as archives."""
    for name in OTHERS:
        for path, content in files_of(name).items():
            file = folder / name / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
        if name in ARCHIVED:
            shutil.make_archive(str(folder / name), ARCHIVED[name], folder / name)
            shutil.rmtree(folder / name)
    return folder


def files_of(name: str) -> dict[str, bytes]:
    """Return the files of a submission that is not in submissions/, by path.

    Raises ValueError if its example has changed.
    """
    case = CASES / OTHERS[name]
    files = {path.relative_to(case).as_posix(): path.read_bytes() for path in case.rglob("*") if path.is_file()}
    for old, new, hunks in changed_files(files.pop(CHANGES, b"").decode()):
        changed = next(file for file in PACKAGE if old.endswith(f"/{file}"))
        here, there = ROOT / old.removesuffix(changed), new.removesuffix(changed)
        for file in PACKAGE:
            files.setdefault(there + file, (here / file).read_bytes())
        files[new] = "".join(apply_hunks(files[new].decode().splitlines(keepends=True), hunks)).encode()
    return files


def changed_files(diff: str) -> Iterator[tuple[str, str, list[str]]]:
    """Yield for each file of a unified diff its old path, its new path, and the lines of its hunks. Skips other
    text."""
    parts = re.split(r"^--- (\S+)\n\+\+\+ (\S+)\n", diff, flags=re.MULTILINE)[1:]
    for old, new, hunks in zip(*[iter(parts)] * 3, strict=True):
        yield old, new, hunks.splitlines(keepends=True)


def apply_hunks(before: Sequence[str], hunks: Sequence[str]) -> list[str]:
    """Apply the hunks, each with at least one line of context, and return the new lines of the file."""
    after: list[str] = []
    done = 0  # number of lines of `before` that were copied or removed
    for line in hunks:
        if begin := re.match(r"@@ -(\d+)", line):
            after += before[done : int(begin[1]) - 1]
            done = int(begin[1]) - 1
            continue
        mark, text = (line[0], line[1:]) if line.strip() else (" ", line)  # an editor may strip an empty line's mark
        if mark != "+":
            if list(before[done : done + 1]) != [text]:
                raise ValueError(f"line {done + 1}: expected to be {text!r}, found {before[done:][:1]}")
            done += 1
        if mark != "-":
            after.append(text)
    return [*after, *before[done:]]
