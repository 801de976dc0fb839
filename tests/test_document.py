"""Documents of dataclasses: what is written is read back, and what is not such a document is refused."""

from dataclasses import dataclass, field
from typing import Any, Literal

import pytest

from sweep.document import LEFT_OUT, Document, key


@dataclass(frozen=True)
class Inner:
    """A part."""

    low: float
    name: str | None


@dataclass(frozen=True)
class Outer(Document):
    """A document with every kind of value."""

    kind: Literal["a", "b"]
    inner: Inner
    pair: tuple[float | None, float | None]
    many: tuple[Inner, ...]
    by_name: dict[str, Inner | None]
    renamed: bool = field(metadata=key("other"))
    why: str | None = field(default=None, metadata=LEFT_OUT)


WHOLE = Outer("a", Inner(0.5, None), (None, 1.0), (Inner(1, "x"),), {"k": None, "l": Inner(2.0, "y")}, True)


def test_a_document_is_read_as_it_was_written() -> None:
    """If it failed, a finished study could not be shown, or would show other numbers."""
    document = WHOLE.to_dict()
    assert document["other"] is True
    assert "why" not in document
    assert Outer.from_dict(document) == WHOLE


def test_keys_of_a_later_version_are_passed_over() -> None:
    """If it failed, a result of a later version could not be read at all."""
    assert Outer.from_dict({**WHOLE.to_dict(), "new": 1}) == WHOLE


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "c"},
        {"inner": {"low": 0.5}},
        {"inner": {"low": "0.5", "name": None}},
        {"inner": None},
        {"pair": [1.0]},
        {"many": {"low": 1.0, "name": None}},
        {"by_name": []},
        {"other": 1},
    ],
)
def test_what_is_no_such_document_is_refused(wrong: dict[str, Any]) -> None:
    """If it failed, a damaged file would end in a traceback far from where it was read."""
    with pytest.raises(TypeError):
        Outer.from_dict({**WHOLE.to_dict(), **wrong})
