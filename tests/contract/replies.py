"""Replies that are valid by a description, for hypothesis to draw."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st

from .description import Description, Key, Schema

# How replies are drawn: a part of what other tests draw, for each crosses a socket twice; the same ones in every run.
FEW = settings(
    max_examples=settings().max_examples // 5,
    database=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
# Numbers without bounds count something, in all of these APIs; they are written without a fraction.
COUNTS = st.integers(min_value=0, max_value=2**53)
ANYTHING = st.none() | st.booleans() | COUNTS | st.text(max_size=5)
MOMENTS = st.datetimes(datetime(1, 1, 1), datetime(9999, 12, 31), timezones=st.just(timezone.utc))


def _written(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def replies(description: Description, key: Key, unwrap: str | None) -> st.SearchStrategy[tuple[int, Any]]:
    """Status and body of replies of an operation. Some describe their envelope as optional; here it always comes."""
    return st.one_of(
        *(
            st.tuples(st.just(status), _values(description, _with_envelope(schema, unwrap)))
            for status, schema in description.replies(key).items()
        )
    )


def _with_envelope(schema: Schema, unwrap: str | None) -> Schema:
    if unwrap and "properties" in schema:
        return {**schema, "required": [*schema.get("required", []), unwrap]}
    return schema


def _values(description: Description, schema: Schema) -> st.SearchStrategy[Any]:
    schema = description.resolved(schema)
    if "oneOf" in schema:
        drawn = st.one_of(*(_values(description, each) for each in schema["oneOf"]))
    else:
        drawn = _plain(description, schema)
    return st.none() | drawn if schema.get("nullable") else drawn


def _plain(description: Description, schema: Schema) -> st.SearchStrategy[Any]:
    kind = schema.get("type")
    if kind == "object":
        return _objects(description, schema)
    if kind == "array":
        items = _values(description, schema["items"])
        return st.lists(items, max_size=2, unique=True) if schema.get("uniqueItems") else st.lists(items, max_size=2)
    if kind == "string":
        return _texts(schema)
    return {"number": _numbers(schema), "integer": COUNTS, "boolean": st.booleans(), None: ANYTHING}[kind]


def _objects(description: Description, schema: Schema) -> st.SearchStrategy[Any]:
    if schema.get("properties") == {}:
        return st.dictionaries(st.text(max_size=5), ANYTHING, max_size=2)
    drawn = {name: _values(description, inner) for name, inner in schema.get("properties", {}).items()}
    required = set(schema.get("required", ()))
    return st.fixed_dictionaries(
        {name: values for name, values in drawn.items() if name in required},
        optional={name: values for name, values in drawn.items() if name not in required},
    )


def _numbers(schema: Schema) -> st.SearchStrategy[float]:
    if "minimum" not in schema:
        return COUNTS
    return st.floats(
        schema["minimum"],
        schema["maximum"],
        exclude_min=schema.get("exclusiveMinimum", False),
        exclude_max=schema.get("exclusiveMaximum", False),
    )


def _texts(schema: Schema) -> st.SearchStrategy[str]:
    if "enum" in schema:
        return st.sampled_from([each for each in schema["enum"] if each is not None])
    if schema.get("format") == "date-time":
        return MOMENTS.map(_written)
    if schema.get("format") == "uuid":
        return st.uuids().map(str)
    least: int = schema.get("minLength", 0)
    return st.text(min_size=least, max_size=min(least + 8, schema.get("maxLength", least + 8)))
