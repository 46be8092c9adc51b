"""Converts a result file of schema 1 to schema 2: each sentence becomes a reason with the id `as_written`. Pure.

Nothing is lost: pages that are rebuilt from it say the same as before. Schema 1 held a second text for students about a
check that ran on stubs (`told`); it becomes the reasons of `own_run`.
"""

from __future__ import annotations

from typing import Any

from grader.function_ids import short_name


def upgrade(data: dict[str, Any]) -> dict[str, Any]:
    """Convert a file's data, without its `schema`. Raises KeyError, TypeError or AttributeError if it is damaged."""
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
        if part["reason"] and not part.get("follow_through"):  # the page adds this sentence from the comparison
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
