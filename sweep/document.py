"""JSON documents of frozen dataclasses, written and read by the types of their fields."""

import math
import types
from collections.abc import Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from typing import Any, Literal, Self, Union, get_args, get_origin, get_type_hints

LEFT_OUT = {"left_out": True}  # metadata of a field that the document does not hold where it is None


def key(name: str) -> dict[str, str]:
    """Return the metadata of a field that stands in the document under another key than its name."""
    return {"key": name}


class Document:
    """A dataclass whose fields are the keys of a JSON document, in their order; undefined is null, never NaN."""

    def to_dict(self) -> dict[str, Any]:
        """Return the document: dicts, lists, texts, numbers, truth values and None only."""
        plain: dict[str, Any] = _plain(self)
        return plain

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Self:
        """Read what `to_dict` wrote; keys that it does not know are passed over.

        Raises
        ------
        TypeError
            If a key is missing that has no default, or a value is of another type than its field.
        """
        read: Self = _read(cls, content)
        return read


def _key(of: Field[Any]) -> str:
    return str(of.metadata.get("key", of.name))


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return {
            _key(of): _plain(content)
            for of in fields(value)
            if (content := getattr(value, of.name)) is not None or "left_out" not in of.metadata
        }
    if isinstance(value, Mapping):
        return {name: _plain(content) for name, content in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(content) for content in value]
    return value


def _read(kind: Any, value: Any) -> Any:
    if is_dataclass(kind) and isinstance(kind, type):
        return _read_fields(kind, value)
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        if value is None and type(None) in arguments:
            return None
        (one,) = (argument for argument in arguments if argument is not type(None))
        return _read(one, value)
    if origin is tuple and isinstance(value, list):
        each = arguments[:1] * len(value) if arguments[1:] == (...,) else arguments
        if len(each) == len(value):
            return tuple(_read(one, part) for one, part in zip(each, value, strict=True))
    if origin is dict and isinstance(value, Mapping):
        return {name: _read(arguments[1], content) for name, content in value.items()}
    if origin is Literal and value in arguments:
        return value
    numbers = {int: (int,), float: (int, float)}
    if isinstance(value, float) and not math.isfinite(value):
        raise TypeError(f"a number must be finite; got {value!r}.")
    fits = isinstance(kind, type) and isinstance(value, numbers.get(kind, (kind,)))
    if not fits or (isinstance(value, bool) and kind is not bool):
        raise TypeError(f"{kind} must be read from such a value; got {value!r:.100}.")
    return value


def _read_fields(kind: type, value: Any) -> Any:
    if not isinstance(value, Mapping):
        raise TypeError(f"{kind.__name__} must be read from a mapping; got {value!r:.100}.")
    hints, found = get_type_hints(kind), {}
    for of in fields(kind):
        if _key(of) in value:
            found[of.name] = _read(hints[of.name], value[_key(of)])
        elif "left_out" in of.metadata:
            found[of.name] = None
        elif of.default is MISSING and of.default_factory is MISSING:
            raise TypeError(f"{kind.__name__} must have the key {_key(of)!r}; got {', '.join(value)}.")
    return kind(**found)
