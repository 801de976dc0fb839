"""A table of numbers reads back the same in any notation."""

from typing import Any

import polars as pl
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from sweep.data.kinds import learn_schema
from sweep.data.marks import Notation
from sweep.errors import TableError

VALUES = st.integers(-(10**9), 10**9).flatmap(lambda n: st.sampled_from([n / 10**d for d in range(4)]))
NOTATIONS = st.builds(
    lambda marks, unit, negative: Notation(marks[0], marks[1], unit, negative),
    st.sampled_from([(".", ""), (".", ","), (".", "'"), (".", " "), (",", ""), (",", "."), (",", "'"), (",", " ")]),
    st.sampled_from(["", "%", "€", "mg", "USD"]),
    st.sampled_from(["", "()", "-"]),
)


def write(value: float, how: Notation, *, before: bool) -> str:
    """Write a number in a notation."""
    number = abs(value) * (100 if how.unit == "%" else 1)
    whole, _, fraction = f"{number:.6f}".rstrip("0").rstrip(".").partition(".")
    digits = f"{int(whole):,}".replace(",", how.thousands)
    text = digits + (how.decimal + fraction if fraction else "")
    if how.unit:
        text = f"{how.unit} {text}" if before and how.unit in ("€", "USD") else f"{text} {how.unit}"
    if value >= 0:
        return text
    return {"": f"-{text}", "()": f"({text})", "-": f"{text}-"}[how.negative]


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(VALUES, VALUES), min_size=2, max_size=25), NOTATIONS, st.booleans(), st.booleans())
def test_numbers_read_back_the_same_in_any_notation(
    rows: list[tuple[float, float]], how: Notation, before: bool, pointed: bool
) -> None:
    """If it failed, a table would be misread by a factor, or silently hold categories, in its writer's notation."""
    plain = Notation(how.decimal, how.thousands, negative=how.negative)
    written: dict[str, Any] = {
        "a": [write(a, how, before=before) for a, _ in rows],
        "b": [write(b, plain, before=before) for _, b in rows],
    }
    raw = pl.DataFrame(written)
    assume(all(min(values) < 0 <= max(values) for values in zip(*rows, strict=True)) or not how.negative)
    try:
        schema, _ = learn_schema(raw, pointed=pointed and how.decimal == ".")
    except TableError as error:
        if "can be" not in str(error):  # numbers of three digits after a mark alone are refused, never guessed
            raise
        return
    assert [reading.kind for reading in schema.readings] == ["number", "number"]
    frame = schema.read(raw)
    for name, values in zip("ab", zip(*rows, strict=True), strict=True):
        assert frame[name].to_list() == pytest.approx(list(values), rel=1e-9, abs=1e-9)
