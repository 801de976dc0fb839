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
    rows : str
        Of each threshold, `threshold`, `called`, the counts, and of P0, P1, R0, R1 the value and the ends of its
        interval, with commas between them; semicolons between thresholds.
    start : int
        Which of them is the delivered one.
    """

    rows: str
    start: int

    @classmethod
    def of(cls, thresholds: pl.DataFrame, counts: Counts) -> "Slider":
        """Lay out thresholds.csv; the slider starts where the counts are those delivered."""
        found = [Counts(*row) for row in thresholds.select("tp", "fp", "fn", "tn").iter_rows()]
        start = next((k for k, one in enumerate(found) if one == counts), 0)
        return cls(";".join(_row(row) for row in thresholds.iter_rows(named=True)), start)


def script() -> str:
    """Return the slider's script."""
    return SCRIPT.read_text(encoding="utf-8")


def script_hash(text: str) -> str:
    """Return what a Content-Security-Policy calls a script by."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _row(row: dict[str, Any]) -> str:
    plain = [row[name] for name in ("threshold", "called", "tp", "fp", "fn", "tn")]
    plain += [row[f"{name}{end}"] for name in RATES for end in ("", "_low", "_high")]
    return ",".join("" if value is None else f"{value:.7g}" for value in plain)
