"""The JSON Schema standard's own test suite, as json-schema.org publishes it, for every draft that is understood.

The data comes from the source distribution of jsonschema 4.26.0; its licence is in the same folder.
"""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from dhenara.ai.errors import InvalidSchemaError
from dhenara.ai.schema.validate import problems
from dhenara.ai.schema.validate_schema import check_definition

SUITE = json.loads(gzip.decompress((Path(__file__).parent / "suite/json-schema-test-suite.json.gz").read_bytes()))
DECLARED = {f"draft{number}": f"http://json-schema.org/draft-0{number}/schema#" for number in (4, 6, 7)}
GROUPS = [(draft, group) for draft, groups in SUITE.items() for group in groups]


def cases(draft: str, group: str) -> list[dict[str, Any]]:
    """Older drafts differ where the schema declares them, so it does."""
    actual = []
    for case in SUITE[draft][group]:
        schema = case["schema"]
        if draft in DECLARED and isinstance(schema, dict):
            schema = {"$schema": DECLARED[draft], **schema}
        actual.append({**case, "schema": schema})
    return actual


def is_remote(schema: Any) -> bool:
    """Whether it needs a document that the suite serves over HTTP; such documents are never fetched."""
    try:
        check_definition(schema, "the case")
    except InvalidSchemaError as error:
        return "other documents are never fetched" in str(error)
    return "metaschema-no-validation" in json.dumps(schema)


@pytest.mark.parametrize(("draft", "group"), GROUPS, ids=lambda one: one)
def test_values_are_judged_as_the_standard_judges_them(draft: str, group: str) -> None:
    wrong = [
        (case["description"], test["description"], problems(test["data"], case["schema"]))
        for case in cases(draft, group)
        if not is_remote(case["schema"])
        for test in case["tests"]
        if (not problems(test["data"], case["schema"])) is not test["valid"]
    ]
    assert wrong == []


@pytest.mark.parametrize(("draft", "group"), GROUPS, ids=lambda one: one)
def test_every_schema_of_the_suite_can_be_given(draft: str, group: str) -> None:
    for case in cases(draft, group):
        if not is_remote(case["schema"]):
            check_definition(case["schema"], case["description"])


def test_few_cases_need_documents_from_elsewhere() -> None:
    remote = [
        (draft, group, case["description"])
        for draft, group in GROUPS
        for case in cases(draft, group)
        if is_remote(case["schema"])
    ]
    assert {group for _, group, _ in remote} <= {"refRemote", "dynamicRef", "vocabulary"}
