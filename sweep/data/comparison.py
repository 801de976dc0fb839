"""Compare another table with the one learned from: new levels, values outside, missing shares, prevalence."""

from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace

import numpy as np
import polars as pl

from sweep.data.cells import TRUTHS, as_labels, listed, shown
from sweep.data.readings import Reading
from sweep.data.schema import Schema
from sweep.data.splits import say_day

MANY_OUTSIDE = 0.05  # share of a column's numbers outside the range learned from, from which on it is said
MORE_MISSING = 0.05  # difference of two shares of missing values from which on it is said, if no chance
NO_CHANCE = 3.5  # standard errors of a difference of two shares
NAMED = 1000  # different new levels that are remembered of a column


class Comparison:
    """What is different in another table, gathered piece by piece as `Schema.read` gives it."""

    def __init__(self, schema: Schema) -> None:
        self.schema = schema
        self.rows = 0
        self.new: dict[str, Counter[str]] = {}
        self.new_rows: Counter[str] = Counter()
        self.outside: dict[str, list[int]] = {}
        self.known: Counter[str] = Counter()
        self._levels = {r.name: frozenset(r.levels) for r in schema.readings if r.levels is not None}

    def add(self, frame: pl.DataFrame) -> None:
        """Look at some rows."""
        self.rows += frame.height
        of = dict(zip(frame.columns, frame.get_columns(), strict=True))
        for reading in self.schema.readings:
            column = of[reading.name]
            self.known[reading.name] += len(column) - column.null_count()
            if reading.low is not None and reading.high is not None:
                counts = self.outside.setdefault(reading.name, [0, 0])
                counts[0] += int((column < reading.low).sum())
                counts[1] += int((column > reading.high).sum())
            elif reading.name in self._levels:
                self._add_levels(reading, column)

    def notes(self) -> tuple[str, ...]:
        """Say what is different, one line per column."""
        notes = []
        empty = [reading.name for reading in self.schema.readings if not self.known[reading.name]]
        if empty and self.rows:
            notes.append(
                f"columns that hold no value at all here, though they did where the network learned: {listed(empty)}"
            )
        many = [r.name for r in self.schema.readings if r.kind == "category" and r.levels is None]
        if many:
            notes.append(f"columns whose levels were not kept, so that none here can be told to be new: {listed(many)}")
        for reading in self.schema.readings:
            if self.new_rows[reading.name]:
                notes.append(self._say_levels(reading))
            if reading.missing is not None and self.known[reading.name]:
                notes += self._say_missing(reading.name, *reading.missing)
            before, after = self.outside.get(reading.name, (0, 0))
            if reading.kind == "number":
                if before + after >= max(2, MANY_OUTSIDE * self.known[reading.name]):
                    notes.append(
                        f"column {shown(reading.name)}: {before + after} of {self.rows} numbers lie outside those "
                        f"learned from ({before} below {reading.low:g}, {after} above {reading.high:g})"
                    )
            elif before or after:
                notes.append(
                    f"column {shown(reading.name)}: {before + after} of {self.rows} dates lie outside those "
                    f"learned from ({before} before {say_day(reading.low, reading)}, "
                    f"{after} after {say_day(reading.high, reading)})"
                )
        return tuple(notes)

    def _add_levels(self, reading: Reading, column: pl.Series) -> None:
        counts = as_labels(column).drop_nulls().rename("level").value_counts(name="rows")
        known = self._levels[reading.name]
        means = None if column.dtype == pl.String else {_meaning(level) for level in known}
        new = self.new.setdefault(reading.name, Counter())
        for level, rows in counts.iter_rows():
            if level in known or (means is not None and _meaning(level) in means):
                continue
            self.new_rows[reading.name] += rows
            if level in new or len(new) < NAMED:
                new[level] += rows

    def _say_missing(self, name: str, missing: int, rows: int) -> Iterator[str]:
        gone = self.rows - self.known[name]
        before, here = missing / rows, gone / self.rows
        if abs(here - before) >= MORE_MISSING and not _chance(missing, rows, gone, self.rows):
            yield f"column {shown(name)}: {here:.0%} of the values are missing, where {before:.0%} were learned from"

    def _say_levels(self, reading: Reading) -> str:
        rows = self.new_rows[reading.name]
        levels = [level for level, _ in self.new[reading.name].most_common()]
        said = (
            f"column {shown(reading.name)}: {rows} of {self.rows} rows ({rows / self.rows:.0%}) hold levels that "
            f"the table learned from did not have: {listed(levels, width=60)}"
        )
        means: dict[str, str] = {}
        for known in reading.levels or ():
            means.setdefault(_meaning(known), known)
        alike = [(level, means[_meaning(level)]) for level in levels if _meaning(level) in means]
        if alike:
            pairs = ", ".join(f"{shown(level)} for {shown(known)}" for level, known in alike[:4])
            more = ", ..." if len(alike) > 4 else ""
            said += f"; by case, blanks or spelling alone differ {pairs}{more}: write them alike"
        return said


def with_ranges(schema: Schema, features: pl.DataFrame) -> Schema:
    """Return the schema with each column's missing values, and the least and the greatest of numbers."""
    readings = []
    for reading in schema.readings:
        values = features[reading.name] if reading.name in features.columns else None
        if values is not None and len(values):
            reading = replace(reading, missing=(values.null_count(), len(values)))
            if reading.kind == "number" and values.dtype.is_numeric() and values.null_count() < len(values):
                low, high = values.cast(pl.Float64).min(), values.cast(pl.Float64).max()
                reading = replace(reading, low=low, high=high)  # type: ignore[arg-type]
        readings.append(reading)
    return replace(schema, readings=tuple(readings))


def say_prevalence(y: np.ndarray, new: np.ndarray) -> list[str]:
    """Say where the prevalence differs by more than chance from that of the table learned from.

    Parameters
    ----------
    y, new : np.ndarray, shape (rows,)
        The labels of the table learned from and of the other.
    """
    before, here = float(y.mean()), float(new.mean())
    if _chance(int(y.sum()), len(y), int(new.sum()), len(new)):
        return []
    return [
        f"{100 * here:.2g} % of these rows are positive, where {100 * before:.2g} % were learned from: precision "
        "does not carry over, recall does"
    ]


def _chance(hits: int, rows: int, other_hits: int, other_rows: int) -> bool:
    """Check whether two shares may differ by chance."""
    pooled = (hits + other_hits) / (rows + other_rows)
    error = np.sqrt(pooled * (1 - pooled) * (1 / rows + 1 / other_rows))
    return bool(abs(hits / rows - other_hits / other_rows) <= NO_CHANCE * error)


def find_variants(levels: tuple[str, ...]) -> list[tuple[str, ...]]:
    """Return the levels that differ from each other by case, blanks or spelling alone, in groups."""
    groups: dict[str, list[str]] = {}
    for level in levels:
        groups.setdefault(" ".join(level.casefold().split()), []).append(level)
    return [tuple(group) for group in groups.values() if len(group) > 1]


def _meaning(level: str) -> str:
    """Return what a level means whatever its case, blanks, zeros and word for yes or no."""
    plain = " ".join(level.casefold().split())
    with suppress(ValueError):
        plain = f"{float(plain):g}"
    return TRUTHS.get(plain, plain)
