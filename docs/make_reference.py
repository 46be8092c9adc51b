"""Write docs/reference.md from the code: commands, keys, functions of checks, results, statuses and exit codes.

python -m docs.make_reference [--check]
"""

from __future__ import annotations

import inspect
import json
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import click

from docs.generated_file import write_or_check
from docs.make_result_schema import result_schema
from grader import checks
from grader.assignment.assignment_keys import ASSIGNMENT
from grader.assignment.entries import Entry
from grader.assignment.handout_keys import HANDOUT, HANDOUT_TABLES
from grader.cli.commands import cli
from grader.cli.main import EXIT_CODES
from grader.report.words import ANSWER_WORDS, CHECK_WORDS, SUBMISSION_WORDS, VISIBILITY_WORDS
from grader.sandbox.host.limits import ORDERS, RANGES

PATH = Path(__file__).with_name("reference.md")
OPENING = """# Reference

`make reference` writes this page from the code. Do not edit it.
"""


def reference_page() -> str:
    parts = [OPENING]
    for chapter in (commands, exit_codes, assignment_keys, handout_keys, words, statuses, results):
        parts += chapter()
    return "\n".join(part.rstrip() + "\n" for part in parts if part)


def commands() -> Iterator[str]:
    yield "## Commands\n\nEach command also has `-h` and `--help`."
    yield from described(cli, "grader", None)


def described(command: click.Command, name: str, parent: click.Context | None) -> Iterator[str]:
    """Yield the section of a command with its usage and options, then those of all commands below it."""
    context = click.Context(command, info_name=name.rpartition(" ")[2], parent=parent)
    usage = " ".join(" ".join(command.collect_usage_pieces(context)).split())
    yield f"### {name}\n\n    {name} {usage}\n\n{inspect.cleandoc(command.help or '')}"
    options = [(option_name(one), option_help(one)) for one in command.params if isinstance(one, click.Option)]
    if options:
        yield table(("option", "what it does"), options)
    if isinstance(command, click.Group):
        for below in command.list_commands(context):
            found = command.get_command(context, below)
            assert found is not None
            yield from described(found, f"{name} {below}", context)


def option_name(option: click.Option) -> str:
    value = option.metavar or option.type.name.upper()
    if isinstance(option.type, click.Choice):
        value = "|".join(map(str, option.type.choices))
    elif isinstance(option.type, click.IntRange):
        value = option.metavar or "N"
    return ", ".join(f"`{name}`" if option.is_flag else f"`{name} {value}`" for name in option.opts)


def option_help(option: click.Option) -> str:
    shown = option.show_default and option.default not in (None, (), False)
    more = [f"Default: `{option.default}`." if shown else "", "Repeatable." if option.multiple else ""]
    text = " ".join((option.help or "").split())
    return " ".join([text, *(one for one in more if one and one not in text)]).strip()


def exit_codes() -> Iterator[str]:
    yield "## Exit codes\n\nEvery command ends with one of these:"
    yield table(("code", "meaning"), ((str(code), meaning) for code, meaning in EXIT_CODES.items()))


def assignment_keys() -> Iterator[str]:
    yield "## assignment.toml"
    yield keys(ASSIGNMENT)
    examples = "\n".join(entry.example for entry in ASSIGNMENT.values() if not entry.example.startswith("["))
    tables = "\n\n".join(entry.example for entry in ASSIGNMENT.values() if entry.example.startswith("["))
    yield f"An example of each key:\n\n```toml\n{examples}\n\n{tables}\n```"
    yield "### Limits\n\nAll keys of `[limits]`. Each name ends with its unit: seconds, or MiB (2^20 bytes)."
    rows = ((f"`{name}`", f"{least} to {most}", f"{why}.") for name, (least, most, why) in RANGES.items())
    yield table(("key", "value", "why not less"), rows)
    yield "\n".join(f"- `{lower}` is at most `{upper}`." for lower, upper in ORDERS)


def handout_keys() -> Iterator[str]:
    yield "## handouts/NAME.toml\n\n[Handouts](handouts.md) says what these files are for."
    yield keys(HANDOUT)
    for name, entries in HANDOUT_TABLES.items():
        yield f"Keys of `[[{name}]]`:"
        yield keys(entries)


def keys(entries: Mapping[str, Entry]) -> str:
    rows = ((f"`{name}`", of.kind, "yes" if of.is_needed else "no", of.means) for name, of in entries.items())
    return table(("key", "value", "needed", "meaning"), rows)


def words() -> Iterator[str]:
    yield "## Words of checks\n\nAll that an assignment may import from the grader: `from grader.checks import …`."
    yield "[Writing checks](writing-checks.md) explains them with an example."
    for name in checks.__all__:
        word = getattr(checks, name)
        parameters = inspect.signature(word).parameters
        plain = inspect.Signature([one.replace(annotation=inspect.Parameter.empty) for one in parameters.values()])
        before, explained, after = parts_of(inspect.getdoc(word) or "", parameters)
        yield f"### {name}\n\n`{name}{plain}`\n\n{before}"
        if explained:
            yield table(("parameter", "meaning"), ((f"`{one}`", text) for one, text in explained.items()))
        yield after


def parts_of(doc: str, names: Iterable[str]) -> tuple[str, dict[str, str], str]:
    """Split a docstring into three parts: the text before the first `name: …`, the explanations by name, and the rest.

    An explanation ends where the next one begins, or at an empty line.
    """
    text = inspect.cleandoc(doc)
    start = re.compile(rf"(?:^|(?<=\. ))({'|'.join(names)}): ", re.MULTILINE)
    first = start.search(text)
    if not first:
        return text, {}, ""
    block, _, after = text[first.start() :].partition("\n\n")
    cut = start.split(block)[1:]
    explained = {name: " ".join(said.split()) for name, said in zip(cut[::2], cut[1::2], strict=True)}
    return text[: first.start()].rstrip(), explained, after


def statuses() -> Iterator[str]:
    yield "## Statuses"
    for title, meanings in {
        "Of a check": CHECK_WORDS,
        "Of a submission": SUBMISSION_WORDS,
        "Of an answer in a notebook": ANSWER_WORDS,
        "Visibility of a check": VISIBILITY_WORDS,
    }.items():
        yield f"### {title}"
        yield table(("status", "meaning"), ((f"`{word}`", meaning) for word, meaning in meanings.items()))


def results() -> Iterator[str]:
    yield "## The result's JSON\n\n`OUT/results/SUBMISSION.json` holds one `Result`; its JSON schema is"
    yield "[result.schema.json](result.schema.json). Fields with a default may be left out."
    schema = result_schema()
    for name, record in schema["$defs"].items():
        needed = record.get("required", ())
        before, explained, after = parts_of(record.get("description", ""), record["properties"])
        rows = (
            (f"`{field}`", kind_of(of), default_of(of) if field not in needed else "", explained.get(field, ""))
            for field, of in record["properties"].items()
        )
        yield f"### {name}\n\n{before}\n\n{after}"
        yield table(("field", "type", "default", "meaning"), rows)


def default_of(schema: Mapping[str, Any]) -> str:
    """Return the default of a field that may be left out. For a dict, msgspec gives none, and the default is {}."""
    return f"`{json.dumps(schema.get('default', {}))}`"


def kind_of(schema: Mapping[str, Any]) -> str:
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "anyOf" in schema:
        return " or ".join(map(kind_of, schema["anyOf"]))
    if "enum" in schema or "const" in schema:
        return ", ".join(f"`{word}`" for word in schema.get("enum", [schema.get("const")]))
    if schema.get("type") == "array":
        return f"list of {kind_of(schema['items'])}" if "items" in schema else "list"
    return str(schema.get("type", "any"))


def table(heads: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [heads, ("---",) * len(heads), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines) + "\n"


def main() -> int:
    return write_or_check(PATH, reference_page(), "make reference")


if __name__ == "__main__":
    sys.exit(main())
