"""The JSON Schema of each event, generated from the types that the code tells them with."""

from __future__ import annotations

from typing import Any

import msgspec

from loyalty_api.domain.feed.events import KINDS, public_type
from loyalty_api.domain.feed.expand import SCHEMA, CloudEvent

_ID = {"type": "string", "format": "uuid"}
_INSTANT = {"type": "string", "format": "date-time"}
_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def event_schemas() -> dict[str, bytes]:
    """A document per type, by file name, the same to the byte for the same code."""
    return {
        f"{public_type(kind)}.json": msgspec.json.format(
            msgspec.json.encode(_schema(kind, data), order="deterministic"), indent=2
        )
        for kind, data in KINDS.items()
    }


def _schema(kind: str, data: Any) -> dict[str, Any]:
    type_ = public_type(kind)
    (reference,), components = msgspec.json.schema_components([data], ref_template="#/$defs/{name}")
    name = reference["$ref"].rpartition("/")[2]
    told = components[name]
    told["properties"] = {"member_id": _ID} | told["properties"]
    told["required"] = ["member_id", *told.get("required", [])]
    return _spoken(
        {
            "$schema": _DIALECT,
            "$id": f"{SCHEMA}{type_}",
            "title": type_,
            "type": "object",
            "properties": _envelope(type_) | {"data": reference},
            "required": [each for each in CloudEvent.__struct_fields__ if each != "causationid"],
            "$defs": components,
        }
    )


def _envelope(type_: str) -> dict[str, Any]:
    """The fields of CloudEvents, and the extensions that each event carries."""
    return {
        "specversion": {"const": "1.0"},
        "id": {"type": "string", "description": "With `source`, tells duplicates."},
        "source": {"type": "string", "format": "uri-reference"},
        "type": {"const": type_},
        "subject": _ID | {"description": "The member."},
        "time": _INSTANT | {"description": "When it happened."},
        "datacontenttype": {"const": "application/json"},
        "dataschema": {"const": f"{SCHEMA}{type_}"},
        "programid": _ID,
        "partitionkey": _ID | {"description": "The member: events of one member come in their order."},
        "recordedtime": _INSTANT | {"description": "When it was recorded."},
        "causationid": {"type": "string", "description": "The `id` of the event that brought this one about."},
    }


def _spoken(schema: dict[str, Any]) -> dict[str, Any]:
    """Without the marks of docstrings; decimals pass as numbers."""
    text = msgspec.json.encode(schema).decode().replace("``", "`")
    return msgspec.json.decode(text.replace('"type":"string","format":"decimal"', '"type":"number"'))
