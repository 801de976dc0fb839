"""Decide on a column whose values look like numbers: in which notation it holds them, or why it holds categories."""

from dataclasses import replace

import polars as pl

from sweep.data.cells import is_truth, listed, shown
from sweep.data.drafts import Draft, Found, name_odd
from sweep.data.marks import Notation, count_marks
from sweep.data.numbers import count_units, find_negative, find_unit, parse, split
from sweep.data.readings import PLAIN, Reading

MANY = 10  # different numbers that make a column one of measurements, though words stand among them
CODE = r"^[A-Za-z]{1,4}[-. ]?\d[\w./-]*$|^\d+[-./]?[A-Za-z][\w./-]*$"  # V45, E11.9, 12b
ZERO = r"^0*[.,]?0*$"
UNITS = 5  # different ones, that a column of measurements may have by mistake


def is_numeric(draft: Draft, wanted: str | None) -> bool:
    """Check whether most values are shaped as numbers; if so, find what speaks for each mark."""
    rest, parts = draft.rest, draft.parts
    shaped = 0 if rest is None else int(rest.filter(parts["body"].is_not_null())["rows"].sum())
    if wanted != "number" and (draft.plain + shaped) * 2 < draft.plain + draft.left:
        return False
    bodies = [(parts["body"] + parts["power"]).drop_nulls().rename("body")]
    if draft.plain:
        plain = draft.text.filter(draft.real.is_not_null()).unique().str.strip_chars_start("+-")
        bodies.append(plain.rename("body"))
    draft.marks = count_marks(pl.concat(bodies))
    return True


def settle_category(draft: Draft, found: Found, why: str = "") -> None:
    """Read a column as categories; say why, where some of its values are numbers."""
    name, plain = draft.name, draft.plain
    known = len(draft.text) - draft.text.null_count()
    if not why and plain * 5 >= known and plain > 1:
        some = draft.rest["value"] if draft.rest is not None else ()
        why = f"{plain} of {known} values are numbers, the others are not: {listed(some, width=40)}"
    if why:
        found.say(name, f"read as categories ({why}); --number {name} makes it numbers")
    found.readings[name] = Reading(name, "category")


def settle_numbers(draft: Draft, notation: Notation | None, found: Found, wanted: str | None) -> None:
    """Decide on a column whose values are mostly shaped as numbers, once its marks are known."""
    name, marks, bare = draft.name, draft.marks, draft.bare
    if notation is None and wanted == "number" and marks is not None:
        notation = Notation(marks.doubtful or ".")
    if notation is None:
        found.problems.append(_two_ways(draft))
        return
    notation, mixed = _with_unit(draft, notation)
    values, limits = (draft.real, None) if draft.rest is None and notation == PLAIN else parse(bare, notation)
    odd = values.is_null() & bare.is_not_null()
    reading = Reading(name, "number", notation, marked=marks is not None and marks.any)
    if wanted == "number":
        reading = replace(reading, lenient=bool(odd.any()))
        if odd.any():
            found.say(name, f"{int(odd.sum())} values that are no numbers are missing: {name_odd(bare, odd)}")
    elif odd.any():
        _settle_odd(draft, values, odd, mixed, found)
        return
    elif limits is not None and _is_of_bounds(values, limits):
        settle_category(draft, found)
        return
    found.say_words(draft)
    if notation.says:
        found.say(name, f"numbers with {', '.join(notation.says)}")
    if limits is not None:
        found.limits[name] = limits
        below, above = (int((limits == side).sum()) for side in (-1, 1))
        one = shown(bare.filter((limits != 0).fill_null(False))[0])
        found.say(
            name,
            f"{below + above} values are bounds ({below} below, {above} above, such as {one}): the bound as a number, "
            "and that it is one",
        )
    found.readings[name] = reading


def _two_ways(draft: Draft) -> str:
    """Say that a column could be read in two ways."""
    mark = "." if draft.marks is None or draft.marks.doubtful is None else draft.marks.doubtful
    value = str(draft.text.filter(draft.text.str.contains(mark, literal=True).fill_null(False))[0])
    one, other = value.replace(mark, ""), value.replace(mark, ".")
    return (
        f"column {shown(draft.name)}: {shown(value)} can be {one} or {other}, and no other column tells which mark "
        f"this table uses: write its numbers with one kind of mark, or say --number {draft.name} ({other}), "
        f"--category {draft.name} or --drop {draft.name}"
    )


def _with_unit(draft: Draft, notation: Notation) -> tuple[Notation, str]:
    """Add the unit and the style of negative numbers; return what has to be said of units that differ, too."""
    if draft.rest is None:
        return notation, ""
    parts, rows, real = draft.parts, draft.rest["rows"], draft.real
    shaped = parts["body"].is_not_null()
    zeros = int((real == 0).sum()) + int(rows.filter((parts["unit"] == "") & parts["body"].str.contains(ZERO)).sum())
    units = pl.concat([parts["unit"].filter(shaped), pl.Series("unit", [""], dtype=pl.String)])
    counts = pl.concat([rows.filter(shaped), pl.Series("rows", [draft.plain], dtype=rows.dtype)])
    unit = find_unit(units, counts, zeros)
    negative = find_negative(parts, below=bool((real < 0).any()))
    borne = {} if unit else count_units(parts["unit"].filter(shaped), rows.filter(shaped))
    borne.pop("", None)
    mixed = ", ".join(
        f"{shown(one)} {count} times"
        for one, count in sorted(borne.items(), key=lambda entry: (-entry[1], entry[0]))[:3]
    )
    return replace(notation, unit=unit, negative=negative), mixed if 1 < len(borne) <= UNITS else ""


def _settle_odd(draft: Draft, values: pl.Series, odd: pl.Series, mixed: str, found: Found) -> None:
    """Decide on a column of which some values are no numbers: refuse it, or read it as categories."""
    name, bare = draft.name, draft.bare
    count, known = int(odd.sum()), len(bare) - bare.null_count()
    share, different = (known - count) / known, values.drop_nulls().n_unique()
    words = bare.filter(odd).unique().sort()
    parts = split(words)
    one_unit = bool((parts["unit"] != "").all()) and parts["unit"].n_unique() == 1
    coded = words.str.contains(CODE).all() and not one_unit
    if mixed and not coded and parts["body"].n_unique() >= MANY:
        found.problems.append(
            f"column {shown(name)}: its numbers have different units ({mixed}): convert them to one, or say "
            f"--category {name}"
        )
        return
    repeated = different * 2 <= known - count
    few = share < 0.8 and different < MANY and parts["body"].null_count() > 0
    if share < 0.5 or (coded and repeated and count * 100 >= known) or few:
        settle_category(
            draft, found, f"they look like codes: {listed(words, width=40)}" if coded and share >= 0.5 else ""
        )
        return
    found.problems.append(
        f"column {shown(name)}: {known - count} of {known} values are numbers, {name_odd(bare, odd)} not: correct "
        f"them, name them as missing (--missing {shown(words[0])}), or say --number {name} (what is no number is "
        f"missing) or --category {name}"
    )


def _is_of_bounds(values: pl.Series, limits: pl.Series) -> bool:
    """Check whether most values are bounds, of few different numbers: classes such as <18, 18 to 35, >35."""
    known = values.is_not_null()
    plain = values.filter((limits == 0) & known)
    return len(plain) * 2 < int(known.sum()) and plain.n_unique() < MANY


def is_mixed_truth(different: pl.Series) -> bool:
    """Check whether different texts are true and false in more spellings than one: TRUE, 1, yes and false, 0, no."""
    spelt = different.str.to_lowercase().unique()
    return bool(2 < len(spelt) <= MANY) and bool(is_truth(spelt, loosely=True).all())
