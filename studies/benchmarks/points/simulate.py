"""Operating points held to the truth: bias and coverage of the corrected rates, and how often floors hold.

Tables of normal logits whose rates on fresh rows without end are known: trials of one search and a balance curve, as
alike as those of real studies (correlations .94 and .99). `tests/statistics/test_corrected_point.py` is a small one.
"""

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import norm

from sweep.statistics.corrected_point import choose_point, corrected_point
from sweep.statistics.operating_point import Wanted

APART = np.linspace(1.8, 2.2, 4)  # how far apart each trial's logits have the classes
BALANCES = np.array([2.1, 2.2, 2.1])
ON_CURVE = np.array([False, False, True, True])
SHAPES = {"60 of 800": (800, 60), "200 of 4000": (4000, 200)}
ASKED = (
    Wanted("recall", 0.8),
    Wanted("recall", 0.8, 0.9),
    Wanted("precision", 0.5),
    Wanted("precision", 0.5, 0.9),
    Wanted("top", 0.05),
    Wanted("cost", 20.0, costs=(20.0, 1.0)),
)


def make_table(rows: int, positives: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Draw labels, (rows,), and logits of trials and of a curve, (rows, columns)."""
    rng = np.random.default_rng([7, seed])
    shared, own = rng.standard_normal((rows, 1)), rng.standard_normal((rows, len(APART)))
    y = np.arange(rows) < positives
    trials = np.sqrt(0.94) * shared + np.sqrt(0.06) * own
    curve = np.sqrt(0.99) * trials[:, -1:] + np.sqrt(0.01) * rng.standard_normal((rows, len(BALANCES)))
    return y, (trials + APART * y[:, None]).astype(np.float32), (curve + BALANCES * y[:, None]).astype(np.float32)


def true_rates(threshold: float, apart: float, share: float) -> tuple[float, float]:
    """Compute P1 and R1 on fresh rows without end."""
    r1, false = float(norm.sf(threshold - apart)), float(norm.sf(threshold))
    return share * r1 / (share * r1 + (1 - share) * false), r1


def measure(asked: Wanted, rows: int, positives: int, tables: int, resamples: int) -> dict[str, Any]:
    """Measure bias and coverage of P1 and R1, and the share of the tables in which what was asked holds."""
    off, inside, holds = [], [], []
    for seed in range(tables):
        y, trials, curve = make_table(rows, positives, seed)
        of = (asked, y, np.arange(rows), trials, ON_CURVE, curve)
        balance, point = choose_point(*of, resamples=resamples, seed=seed)
        told = corrected_point(*of, balance, point, resamples=resamples, seed=seed)
        true = true_rates(point.threshold, BALANCES[balance], positives / rows)
        if told.precision is None:
            continue
        pairs = list(zip((told.precision, told.recall), true, strict=True))
        off.append([estimate[0] - value for estimate, value in pairs])
        inside.append([estimate[1] <= value <= estimate[2] for estimate, value in pairs])
        if asked.kind in ("recall", "precision"):
            holds.append(true[asked.kind == "recall"] >= asked.value)
    return {
        "asked": asked.kind,
        "value": asked.value,
        "confidence": asked.confidence,
        "tables": len(off),
        "bias": dict(zip(("P1", "R1"), np.mean(off, axis=0).round(4).tolist(), strict=True)),
        "inside": dict(zip(("P1", "R1"), np.mean(inside, axis=0).round(4).tolist(), strict=True)),
        "holds": float(np.mean(holds)) if holds else None,
    }


def as_markdown(found: list[dict[str, Any]]) -> str:
    """Lay the figures out as a table."""
    lines = ["| table | asked | C | bias P1 | bias R1 | inside P1 | inside R1 | floor holds |", "|" + "---|" * 8]
    for row in found:
        holds = "" if row["holds"] is None else f"{row['holds']:.3f}"
        numbers = [f"{row['bias'][k]:+.3f}" for k in ("P1", "R1")] + [f"{row['inside'][k]:.3f}" for k in ("P1", "R1")]
        asked = f"{row['asked']} {row['value']:g}"
        lines.append(f"| {row['shape']} | {asked} | {row['confidence'] or ''} | {' | '.join(numbers)} | {holds} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Measure every shape and point, and write simulate.json and simulate.md."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tables", type=int, default=400)
    parser.add_argument("--resamples", type=int, default=100)
    parser.add_argument("--shapes", nargs="*", default=[*SHAPES], choices=[*SHAPES])
    parser.add_argument("--to", type=Path, default=Path(__file__).parent)
    args = parser.parse_args()
    found: list[dict[str, Any]] = []
    for shape in args.shapes:
        for asked in ASKED:
            one = {"shape": shape, **measure(asked, *SHAPES[shape], args.tables, args.resamples)}
            found.append(one)
            print(as_markdown([one]).splitlines()[-1], flush=True)
    (args.to / "simulate.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    (args.to / "simulate.md").write_text(as_markdown(found), encoding="utf-8")


if __name__ == "__main__":
    main()
