"""Replies that are valid by the description, for hypothesis to draw."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

from hypothesis import strategies as st

from .description import Key, document, operations

Schema = dict[str, Any]

# Numbers of this API count something; they are written without a fraction.
NUMBERS = st.integers(min_value=0, max_value=2**53)
ANYTHING = st.none() | st.booleans() | NUMBERS | st.text(max_size=5)
MOMENTS = st.datetimes(datetime(1, 1, 1), datetime(9999, 12, 31), timezones=st.just(timezone.utc))


def _written(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def resolved(schema: Schema) -> Schema:
    """The schema behind a reference; the parts of an `allOf` as one."""
    if "$ref" in schema:
        return resolved(document()["components"]["schemas"][schema["$ref"].rpartition("/")[2]])
    if "allOf" not in schema:
        return schema
    whole: Schema = {"type": "object", "properties": {}, "required": [], "nullable": schema.get("nullable", False)}
    for part in map(resolved, schema["allOf"]):
        whole["properties"] |= part.get("properties", {})
        whole["required"] += part.get("required", [])
    return whole


def reply_schema(key: Key) -> Schema:
    """The schema of the successful reply of an operation."""
    schema: Schema = operations()[key]["responses"]["200"]["content"]["application/json"]["schema"]
    return resolved(schema)


def replies(key: Key, unwrap: str | None) -> st.SearchStrategy[Any]:
    """Replies of an operation. Two operations describe their envelope as optional; here it always comes."""
    schema = reply_schema(key)
    if unwrap and "properties" in schema:
        schema = {**schema, "required": [*schema.get("required", []), unwrap]}
    return _values(schema)


def _values(schema: Schema) -> st.SearchStrategy[Any]:
    schema = resolved(schema)
    drawn = st.one_of(*map(_values, schema["oneOf"])) if "oneOf" in schema else _plain(schema)
    return st.none() | drawn if schema.get("nullable") else drawn


def _plain(schema: Schema) -> st.SearchStrategy[Any]:
    kind = schema.get("type")
    if kind == "object":
        return _objects(schema)
    if kind == "array":
        return st.lists(_values(schema["items"]), max_size=2)
    if kind == "string":
        return _texts(schema)
    return {"number": NUMBERS, "integer": NUMBERS, "boolean": st.booleans(), None: ANYTHING}[kind]


def _objects(schema: Schema) -> st.SearchStrategy[Any]:
    drawn = {name: _values(inner) for name, inner in schema.get("properties", {}).items()}
    required = set(schema.get("required", ()))
    return st.fixed_dictionaries(
        {name: values for name, values in drawn.items() if name in required},
        optional={name: values for name, values in drawn.items() if name not in required},
    )


def _texts(schema: Schema) -> st.SearchStrategy[str]:
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    if schema.get("format") == "date-time":
        return MOMENTS.map(_written)
    if schema.get("format") == "uuid":
        return st.uuids().map(str)
    least: int = schema.get("minLength", 0)
    return st.text(min_size=least, max_size=min(least + 8, schema.get("maxLength", least + 8)))
