"""What the fixed network of the test for signal tells, by how long it trains: on fresh development tables.

`python studies/benchmarks/verdict/power.py` writes results/power.md. Of each table 24 and 50 positives are drawn, with
25 negatives each, so that little is left to tell. How far the average precision of the labels lies above that of 49
shuffles, in standard deviations of its logarithm, is the test's power, whatever level it is held at.
"""

import sys
import time
from dataclasses import replace
from pathlib import Path
from statistics import mean, stdev
from typing import Any

import numpy as np
import polars as pl

from sweep.data.folds import fold_of_row
from sweep.evidence.permutation_test import FOLDS, NETWORK, average_precision_of_each, held_out, shuffled
from sweep.parallel.workers import Workers

HERE = Path(__file__).parent
sys.path.append(str(HERE.parent / "quality"))
import fresh  # noqa: E402

TABLES, POSITIVES, NEGATIVES, SHUFFLES, MOST_LEVELS = 10, (24, 50), 25, 49, 30
WAYS: dict[str, tuple[int, dict[str, Any]]] = {  # steps, and what differs from `NETWORK`
    "300 steps at .003": (300, {"learning_rate": 3e-3}),
    "200 at .003": (200, {"learning_rate": 3e-3}),
    "150 at .003": (150, {"learning_rate": 3e-3}),
    "100 at .003": (100, {"learning_rate": 3e-3}),
    "200 at .0045": (200, {"learning_rate": 4.5e-3}),
    "150 at .006": (150, {"learning_rate": 6e-3}),
    "100 at .009": (100, {"learning_rate": 9e-3}),
    "1 x 32, 300 at .003": (300, {"learning_rate": 3e-3, "depth": 1}),
    "1 x 32, 150 at .006": (150, {"learning_rate": 6e-3, "depth": 1}),
}


def thinned(name: str, positives: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw rows of a table: X without long texts, and y."""
    table = fresh.load(name)
    y = (table[fresh.TARGET].cast(pl.String) == "1").to_numpy().astype(int)
    columns = table.drop(fresh.TARGET)
    kept = [c for c in columns if c.dtype.is_numeric() or c.n_unique() <= MOST_LEVELS]
    X = pl.DataFrame(kept).to_dummies(pl.selectors.by_dtype(pl.String, pl.Categorical)).to_numpy().astype(float)
    rng = np.random.default_rng(seed)
    some = [rng.permutation(np.flatnonzero(y == k))[:n] for k, n in ((1, positives), (0, NEGATIVES * positives))]
    rows = np.sort(np.concatenate(some))
    return X[rows], y[rows]


def measure(X: np.ndarray, y: np.ndarray, seed: int, workers: Workers) -> dict[str, tuple[float, bool, float]]:
    """By way: the distance from the shuffles, whether none is as good, processor seconds."""
    units = np.arange(len(y))
    folds = fold_of_row(y, units, FOLDS, seed)
    labels = shuffled(y, units, folds, SHUFFLES, np.random.default_rng(seed))
    labels = np.concatenate([y[:, None], labels], axis=1)
    found = {}
    for way, (steps, other) in WAYS.items():
        recipe = replace(NETWORK, epochs=min(150, max(1, round(steps * NETWORK.batch_size / len(y)))), **other)
        started = time.process_time()
        logits = held_out(X, labels, folds, recipe, seed=seed, workers=workers)
        took = time.process_time() - started
        own, *drawn = average_precision_of_each(labels, logits)
        logs = np.log(drawn)
        found[way] = float((np.log(own) - logs.mean()) / logs.std()), own > max(drawn), took
    return found


def summarise(found: list[dict[str, tuple[float, bool, float]]]) -> str:
    """Write power.md's text."""
    first = next(iter(WAYS))
    lines = [
        f"{len(found)} small tables of {TABLES} development tables; the mean distance of the labels from {SHUFFLES} "
        f"shuffles in standard deviations, and less that of {first}, with its standard error.",
        "",
        "| way | distance | less | above all shuffles | processor seconds |",
        "|---|---|---|---|---|",
    ]
    for way in WAYS:
        away = [table[way][0] - table[first][0] for table in found]
        error = stdev(away) / len(away) ** 0.5
        lines.append(
            f"| {way} | {mean(t[way][0] for t in found):.2f} | {mean(away):+.2f} ± {error:.2f} "
            f"| {sum(t[way][1] for t in found)} | {sum(t[way][2] for t in found):.0f} |"
        )
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    with Workers(1, "loky") as workers:
        rows = [
            measure(*thinned(name, positives, seed), seed, workers)
            for name in fresh.DEVELOPMENT[:TABLES]
            for seed, positives in enumerate(POSITIVES)
        ]
    (HERE / "results" / "power.md").write_text(summarise(rows), encoding="utf-8")
