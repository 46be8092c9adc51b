"""Loads an attack from its folder, builds the submission, and compares the grader's result with attack.toml.

    tests/attacks/<family>/<name>/attack.toml   what the attack tries, what must happen
                                  append/…      is appended to the reference's file of that name
                                  files/…       is copied unchanged; replaces a file or adds one

attack.toml:
    tries, expected      one sentence each, for people
    hands_in             "layers" (layers.py and optim.py, the default), "optim" (only optim.py, the fastest), "all"
                         (the nets, too) or "nothing" (only files/)
    submission           name of the submission's folder; default: <family>_<name>
    status               of the submission; default: "graded"
    [functions]          by id, the expected status, or a list of allowed ones
    [points]             by id, the most points allowed; default: less than all, and 0 if the status is not "partial"
    [must]               absent: texts that no output may contain; absent_in_feedback: texts that no feedback page may
                         contain; present: texts that the result's JSON must contain; seconds: the longest time for
                         grading, default 60
Functions that are not listed must have the same points and status as without the attack.

`@NAME@` in a file is replaced by the value of that canary (canaries.py). In a file's name, `%3C` stands for a character
that some systems do not allow, escaped as in a URL.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import msgspec

from grader.messages.say import said
from grader.records import CHECK_STATUSES, PARTIAL, PASSED, Reason

HERE = Path(__file__).resolve().parent
REFERENCE = HERE.parents[1] / "reference"
FAMILIES = ("forging", "comparing", "cheating", "spying", "leaking", "exhausting", "escaping", "reporting")
HANDS_IN = {
    "nothing": (),
    "layers": ("layers.py", "optim.py"),
    "optim": ("optim.py",),
    "all": ("layers.py", "optim.py", "classifiers/fc_net.py", "classifiers/cnn.py"),
}
KEYS = {"tries", "expected", "hands_in", "submission", "status", "functions", "points", "must"}
SECONDS = 60.0  # on an idle core, a right submission takes 2 s and a killed sandbox a third of a second

CODE_ON_PAGE = re.compile(r'<details class="code".*?</details>', re.DOTALL)
CODE_IN_JSON = re.compile(r'"code": ?"(?:[^"\\]|\\.)*"')


@dataclass(frozen=True)
class Must:
    """Requirements besides marks."""

    absent: tuple[str, ...] = ()
    absent_in_feedback: tuple[str, ...] = ()
    present: tuple[str, ...] = ()
    seconds: float = SECONDS


@dataclass(frozen=True)
class Attack:
    """The content of attack.toml. name: family/name."""

    name: str
    folder: Path
    tries: str
    expected: str
    hands_in: str = "layers"
    submission: str = ""
    status: str = "graded"
    functions: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    points: Mapping[str, float] = field(default_factory=dict)
    must: Must = Must()


def load_attacks(wanted: Sequence[str] = ()) -> list[Attack]:
    """All attacks, or those whose name or family is given. Raises ValueError, naming the file, for an invalid one."""
    files = [path for family in FAMILIES for path in sorted((HERE / family).glob("*/attack.toml"))]
    attacks = [load_attack(path) for path in files]
    chosen = [one for one in attacks if not wanted or {one.name, one.name.partition("/")[0]} & set(wanted)]
    if not chosen:
        raise ValueError(f"{', '.join(wanted)}: no such attack, expected a family ({', '.join(FAMILIES)}) or its name.")
    return chosen


def load_attack(path: Path) -> Attack:
    data = tomllib.loads(path.read_text(encoding="utf-8"))
    name = f"{path.parent.parent.name}/{path.parent.name}"
    unknown = [key for key in data if key not in KEYS]
    if unknown:
        raise ValueError(f"{name}: {unknown[0]} is no key of attack.toml. There are: {', '.join(sorted(KEYS))}.")
    functions = {
        key: (said,) if isinstance(said, str) else tuple(said) for key, said in data.pop("functions", {}).items()
    }
    for key, statuses in functions.items():
        if not statuses or not set(statuses) <= set(CHECK_STATUSES):
            raise ValueError(f"{name}: {key} may be {statuses}, expected of {', '.join(CHECK_STATUSES)}.")
    must = {key: tuple(said) if isinstance(said, list) else said for key, said in data.pop("must", {}).items()}
    attack = Attack(
        name=name,
        folder=path.parent,
        submission=data.pop("submission", name.replace("/", "_")),
        functions=functions,
        must=Must(**must),
        **data,
    )
    if attack.hands_in not in HANDS_IN:
        raise ValueError(f"{name}: hands_in is {attack.hands_in!r}, expected {', '.join(HANDS_IN)}.")
    return attack


def reference_file(name: str) -> bytes:
    return (REFERENCE / name).read_bytes()


def build(attack: Attack, target: Path, words: Mapping[str, str]) -> None:
    """Write the submission. words: the values of `@NAME@`."""
    files = {name: reference_file(name) for name in HANDS_IN[attack.hands_in]}
    for path in sorted((attack.folder / "append").rglob("*")):
        if path.is_file():
            name = path.relative_to(attack.folder / "append").as_posix()
            files[name] = files[name] + b"\n\n" + filled(path.read_bytes(), words)
    for path in sorted((attack.folder / "files").rglob("*")):
        if path.is_file():
            files[unquote(path.relative_to(attack.folder / "files").as_posix())] = filled(path.read_bytes(), words)
    for name, content in files.items():
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        (target / name).write_bytes(content)


def filled(content: bytes, words: Mapping[str, str]) -> bytes:
    for name, word in words.items():
        content = content.replace(f"@{name}@".encode(), word.encode())
    return content


def without_code(result: Mapping[str, Any]) -> dict[str, Any]:
    """The result without the student's own code."""
    return {**result, "functions": [{**one, "code": ""} for one in result["functions"]]}


def text_without_code(text: str) -> str:
    """The text of a page or of a result's JSON, without the student's own code."""
    return CODE_IN_JSON.sub('"code":""', CODE_ON_PAGE.sub("", text))


def complaints(attack: Attack, result: Mapping[str, Any], innocent: Mapping[str, Any], feedback: str) -> list[str]:
    """Everything in a result that attack.toml forbids. innocent: result of the same files without the attack.
    feedback: the feedback page."""
    found = []
    if result["status"] != attack.status:
        found.append(f"the submission is {result['status']}: {said_by(result)[:200]}")
    before = {one["function"]: one for one in innocent["functions"]}
    now = {one["function"]: one for one in result["functions"]}
    for name in [name for name in (*attack.functions, *attack.points) if name not in before]:
        found.append(f"{name} is no function of the assignment")
    if attack.status == "graded":
        for name in before:
            found += complaints_of(attack, name, now.get(name), before[name])
    text = "\n".join([str(result), *sentences_in(result)])
    found += [f"{word!r} is not said" for word in attack.must.present if word not in text]
    found += [f"{word!r} is told to the student" for word in attack.must.absent_in_feedback if word in feedback]
    if result["duration_s"] > attack.must.seconds:
        found.append(f"took {result['duration_s']:.0f} s, expected at most {attack.must.seconds:g} s")
    return found


def complaints_of(attack: Attack, name: str, now: Mapping[str, Any] | None, before: Mapping[str, Any]) -> list[str]:
    short = name.rpartition(".")[2]
    if now is None:
        return [f"{short} is not in the result"]
    if name not in attack.functions:
        same = (now["status"], now["points"]) == (before["status"], before["points"])
        return (
            []
            if same
            else [f"{short} is {now['status']}, {now['points']:g} of {now['max_points']:g}: it must not change"]
        )
    found = []
    if now["status"] not in attack.functions[name]:
        found.append(f"{short} is {now['status']}, expected {' or '.join(attack.functions[name])}")
    if now["points"] > most_points(attack, name, now):
        found.append(f"{short} earned {now['points']:g}, expected at most {most_points(attack, name, now):g}")
    return found


def most_points(attack: Attack, name: str, now: Mapping[str, Any]) -> float:
    if name in attack.points:
        return attack.points[name]
    return float(now["max_points"]) if now["status"] in (PASSED, PARTIAL) else 0.0


def sentences_in(data: Any) -> Iterator[str]:
    """The sentences on pages for all reasons in a result."""
    if isinstance(data, dict) and data.keys() == {"id", "values"}:
        yield said(msgspec.convert(data, Reason))
    for item in data.values() if isinstance(data, dict) else data if isinstance(data, list) else ():
        yield from sentences_in(item)


def said_by(result: Mapping[str, Any]) -> str:
    """Why the submission could not be graded."""
    return said(msgspec.convert(result["reason"], Reason | None))


def happened(attack: Attack, result: Mapping[str, Any]) -> str:
    """What happened, in one line for the table."""
    if result["status"] != "graded":
        return f"{result['status']}: {said_by(result)[:80]}"
    of = {one["function"]: one for one in result["functions"]}
    said = [
        f"{name.rpartition('.')[2]} {of[name]['status']} {of[name]['points']:g}/{of[name]['max_points']:g}"
        for name in attack.functions
        if name in of
    ]
    rest = sum(one["points"] for name, one in of.items() if name not in attack.functions)
    return f"{', '.join(said)}{'; ' if said else ''}all else {rest:g}; {result['duration_s']:.1f} s"
