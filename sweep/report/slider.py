"""What the report's slider moves over: the rows of thresholds.csv, and its script with the hash that allows it."""

import base64
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from sweep.statistics.confusion import RATES, Counts

SCRIPT = Path(__file__).with_name("slider.js")


@dataclass(frozen=True)
class Slider:
    """A slider along the thresholds.

    Attributes
    ----------
    rows : tuple of dict
        Each with `threshold`, `called`, the counts, and for P0, P1, R0, R1 a `value` and an `interval`.
    start : int
        Which of them is the delivered one.
    """

    rows: tuple[dict[str, Any], ...]
    start: int

    @classmethod
    def of(cls, thresholds: pl.DataFrame, counts: Counts) -> "Slider":
        """Lay out thresholds.csv; the slider starts where the counts are those delivered."""
        rows = tuple(_row(row) for row in thresholds.iter_rows(named=True))
        start = next((k for k, row in enumerate(rows) if row["counts"] == counts), 0)
        return cls(rows, start)


def script() -> str:
    """Return the slider's script."""
    return SCRIPT.read_text(encoding="utf-8")


def script_hash(text: str) -> str:
    """Return what a Content-Security-Policy calls a script by."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _row(row: dict[str, Any]) -> dict[str, Any]:
    counts = Counts(*(row[name] for name in ("tp", "fp", "fn", "tn")))
    rates = {
        name: {"value": row[name], "interval": None if row[name] is None else (row[f"{name}_low"], row[f"{name}_high"])}
        for name in RATES
    }
    plain = [row["threshold"], row["called"], *(row[name] for name in ("tp", "fp", "fn", "tn"))]
    plain += [row[f"{name}{end}"] for name in RATES for end in ("", "_low", "_high")]
    text = ",".join("" if value is None else f"{value:.7g}" for value in plain)
    return {"threshold": row["threshold"], "called": row["called"], "counts": counts, "rates": rates, "plain": text}
