"""The committed contract is the one that the code speaks, and its examples are true."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest

from loyalty_api.domain.feed.schemas import event_schemas
from loyalty_api.rest.openapi import encode_contract
from loyalty_api.rest.router import CONTRACT
from tests.architecture.source import ROOT

SPOKEN: dict[str, Any] = json.loads(encode_contract(CONTRACT))
OPERATIONS = [
    (f"{method.upper()} {path}", operation)
    for path, methods in SPOKEN["paths"].items()
    for method, operation in methods.items()
]


def media_of(operation: dict[str, Any]) -> list[dict[str, Any]]:
    """Every body that an operation takes or answers."""
    bodies = [operation.get("requestBody", {}), *operation["responses"].values()]
    return [media for body in bodies for media in body.get("content", {}).values()]


def resolved(value: dict[str, Any]) -> dict[str, Any]:
    """What a reference stands for."""
    if "$ref" not in value:
        return value
    found: Any = SPOKEN
    for name in value["$ref"].removeprefix("#/").split("/"):
        found = found[name]
    return found


def test_the_committed_contract_is_the_one_that_the_code_speaks() -> None:
    committed = (ROOT / "openapi" / "openapi.json").read_bytes()
    assert committed == encode_contract(CONTRACT) + b"\n", "run `loyalty export-schemas` and read the difference"


def test_the_committed_schemas_of_events_are_those_that_the_code_tells() -> None:
    committed = {path.name: path.read_bytes() for path in (ROOT / "openapi" / "events").iterdir()}
    spoken = {name: schema + b"\n" for name, schema in event_schemas().items()}
    assert committed == spoken, "run `loyalty export-schemas` and read the difference"


def test_the_contract_is_the_same_every_time_it_is_made() -> None:
    assert encode_contract(CONTRACT) == encode_contract(CONTRACT)


@pytest.mark.parametrize(("name", "operation"), OPERATIONS, ids=[name for name, _ in OPERATIONS])
def test_examples_fit_their_schemas(name: str, operation: dict[str, Any]) -> None:
    for media in media_of(operation):
        schema = media["schema"] | {"components": SPOKEN["components"]}
        examples = [resolved(each)["value"] for each in media.get("examples", {}).values()]
        examples += [media["example"]] if media.get("example") is not None else []
        for example in examples:
            jsonschema.Draft202012Validator(schema).validate(example)


@pytest.mark.parametrize(("name", "operation"), OPERATIONS, ids=[name for name, _ in OPERATIONS])
def test_every_operation_says_what_it_is_and_how_it_refuses(name: str, operation: dict[str, Any]) -> None:
    assert operation["summary"]
    statuses = set(operation["responses"])
    if operation["security"]:
        assert {"401", "403", "503"} <= statuses
        assert operation["description"].startswith("Scopes: ")
    if "requestBody" in operation:
        assert {"400", "413", "415", "422"} <= statuses


def test_operation_ids_are_unique() -> None:
    ids = [operation["operationId"] for _, operation in OPERATIONS]
    assert len(ids) == len(set(ids))


def test_every_reference_leads_somewhere() -> None:
    named = {each.split('"')[0] for each in json.dumps(SPOKEN).split('"#/')[1:]}
    assert named
    for each in named:
        assert resolved({"$ref": f"#/{each}"})


def test_decimals_are_numbers_as_they_are_written() -> None:
    assert SPOKEN["components"]["schemas"]["PerSpend"]["properties"]["points"]["type"] == "number"
    assert '"decimal"' not in json.dumps(SPOKEN)
