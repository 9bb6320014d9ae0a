"""Pydantic's complaints in our words: the field, what is wrong with it and what is accepted."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any, get_args

from pydantic import BaseModel
from pydantic_core import ErrorDetails

_TYPES = {
    "string_type": "text, in quotes where it looks like a number",
    "string_unicode": "text in Unicode",
    "int_type": "a whole number, without quotes or leading zeros",
    "bool_type": "true or false",
    "tuple_type": "a list",
    "list_type": "a list",
    "dict_type": "a mapping of field names to values",
    "model_type": "a mapping of field names to values",
    "model_attributes_type": "a mapping of field names to values",
}
_LIMITS = {
    "greater_than_equal": "not below {ge}",
    "less_than_equal": "not above {le}",
    "string_too_short": "at least {min_length} character",
    "string_too_long": "at most {max_length} characters",
    "string_pattern_mismatch": "text without control characters",
    "literal_error": "{expected}",
}
_LONGEST = 60


def complaint(error: ErrorDetails, model: type[BaseModel]) -> str:
    """Say what is wrong with the field at ``error["loc"]`` of the model and what is accepted."""
    kind, given = error["type"], _shown(error["input"])
    if kind == "missing":
        return "is missing"
    if kind == "extra_forbidden":
        return unknown_key(str(error["loc"][-1]), _fields(model, error["loc"][:-1]))
    if kind == "value_error":
        return str(error["ctx"]["error"])
    if kind in _TYPES:
        return f"{given} does not fit; accepted: {_TYPES[kind]}"
    if kind in _LIMITS:
        return f"{given} does not fit; accepted: {_LIMITS[kind].format(**error.get('ctx', {}))}"
    return error["msg"]


def unknown_key(key: str, accepted: Sequence[str]) -> str:
    """Say that a key is unknown, which one may have been meant, and which there are."""
    near = get_close_matches(key, accepted, n=1)
    hint = f" (did you mean {near[0]}?)" if near else ""
    return f"is no known key{hint}; accepted: {', '.join(accepted)}"


def _fields(model: type[BaseModel], path: Sequence[int | str]) -> list[str]:
    for step in path:
        if isinstance(step, str) and step in model.model_fields:
            model = _model_within(model.model_fields[step].annotation) or model
    return [name for name in model.model_fields if name != "v"]


def _model_within(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    found = (_model_within(part) for part in get_args(annotation))
    return next((model for model in found if model is not None), None)


def _shown(value: object) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list | tuple):
        return "a list"
    text = repr(value)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 4] + "..." + text[-1]
