"""Write docs/result.schema.json, the JSON schema of a result file, from the records; --check: only compare.

python docs/make_result_schema.py [--check]
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import msgspec

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
    text = json.dumps(result_schema(), indent=1) + "\n"
    if "--check" not in sys.argv[1:]:
        PATH.write_text(text, encoding="utf-8")
    is_current = PATH.is_file() and PATH.read_text(encoding="utf-8") == text
    print(f"{PATH.name}: {'up to date' if is_current else 'is not what the records give. Run make schema.'}")
    return 0 if is_current else 1


if __name__ == "__main__":
    sys.exit(main())
