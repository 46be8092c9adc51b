"""Write docs/result.schema.json, the JSON schema of a result file, from the records; with --check, only compare it.

python -m docs.make_result_schema [--check]
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import msgspec

from docs.generated_file import write_or_check
from grader.records import NEEDED, SCHEMA, Result

PATH = Path(__file__).with_name("result.schema.json")


def result_schema() -> dict[str, Any]:
    schema = msgspec.json.schema(Result)
    result = schema["$defs"]["Result"]
    result["properties"] = {"schema": {"const": SCHEMA}, **result["properties"]}
    result["required"] = sorted({"schema", *NEEDED})
    result["additionalProperties"] = False
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def main() -> int:
    return write_or_check(PATH, json.dumps(result_schema(), indent=1) + "\n", "make schema")


if __name__ == "__main__":
    sys.exit(main())
