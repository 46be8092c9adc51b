"""Converts a result file of schema 1 to schema 2: each sentence becomes a reason with the id `as_written`. Pure.

The conversion loses nothing: pages that are rebuilt from the result have the same text as before. For a check that ran
on stubs, schema 1 had a second text for students (`told`), which becomes the reasons of `own_run`.
"""

from __future__ import annotations

from typing import Any

from grader.function_ids import short_name


def upgrade(data: dict[str, Any]) -> dict[str, Any]:
    """Convert the data of a file, without its `schema`. Raises KeyError, TypeError or AttributeError for damage."""
    message = data.pop("message", "")
    grounds = data["assignment"].pop("grounds", "")
    for notebook in data.get("notebooks", []):
        notebook["problem"] = written_reason(notebook.get("problem"))
    return {
        **data,
        "notes": [written_reason(note) for note in data["notes"] if note],
        "grounds": written_reason(grounds),
        "reason": written_reason(message),
        "checks": [upgrade_check(check) for check in data["checks"]],
    }


def upgrade_check(check: dict[str, Any]) -> dict[str, Any]:
    message, hint, told = (check.pop(name, "") for name in ("message", "hint", "told"))
    for part in check.get("comparisons", []):
        in_message = f"{short_name(check['function'])}: {part['reason']}"
        if part["reason"] and not part.get("follow_through"):  # pages make this sentence from the comparison
            message = message.replace(in_message, "", 1).strip()
        part["reason"] = written_reason(part["reason"])
    return {
        **check,
        "reasons": [written_reason(message)] if message else [],
        "hints": [written_reason(hint)] if hint else [],
        "remarks": [written_reason(remark) for remark in check.get("remarks", []) if remark],
        "own_run": {"outcome": "as_written", "reasons": [written_reason(told)]} if told else None,
    }


def written_reason(text: str | None) -> dict[str, Any] | None:
    return {"id": "as_written", "values": {"text": text}} if text else None
