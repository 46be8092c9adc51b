"""A result file of schema 1, in the fields of schema 2: every sentence in it becomes a reason as it was written. Pure.

Nothing is lost: pages that are rebuilt from it say what they said. What a student read of a run on stubs was a second
text (`told`); it becomes what that run left of the own one.
"""

from __future__ import annotations

from typing import Any

from grader.function_ids import short_name


def upgraded(data: dict[str, Any]) -> dict[str, Any]:
    """The data of a file, without its `schema`. Raises KeyError, TypeError or AttributeError if it is damaged."""
    message = data.pop("message", "")
    grounds = data["assignment"].pop("grounds", "")
    for notebook in data.get("notebooks", []):
        notebook["problem"] = written(notebook.get("problem"))
    return {
        **data,
        "notes": [written(note) for note in data["notes"] if note],
        "grounds": written(grounds),
        "reason": written(message),
        "checks": [upgraded_check(check) for check in data["checks"]],
    }


def upgraded_check(check: dict[str, Any]) -> dict[str, Any]:
    message, hint, told = (check.pop(name, "") for name in ("message", "hint", "told"))
    for part in check.get("comparisons", []):
        in_message = f"{short_name(check['function'])}: {part['reason']}"
        if part["reason"] and not part.get("follow_through"):  # the page puts it there again
            message = message.replace(in_message, "", 1).strip()
        part["reason"] = written(part["reason"])
    return {
        **check,
        "reasons": [written(message)] if message else [],
        "hints": [written(hint)] if hint else [],
        "remarks": [written(remark) for remark in check.get("remarks", []) if remark],
        "own_run": {"outcome": "as_written", "reasons": [written(told)]} if told else None,
    }


def written(text: str | None) -> dict[str, Any] | None:
    return {"id": "as_written", "values": {"text": text}} if text else None
