"""How many negatives a positive networks should train on: measured on made tables, held against all of them.

    python studies/benchmarks/speed/negatives.py

appends to negatives.jsonl what is not there yet and writes negatives.md. Networks of 2 x 64 are cross-validated
(5 folds, 2 repeats) on all positives and r negatives for each, and score a fresh table of the same making, two to three
times as large; the threshold is the one at which FP = FN out-of-fold.
"""

import json
import time
from pathlib import Path
from statistics import fmean

import numpy as np

from sweep.data.folds import fold_of_row
from sweep.stack.design import cross_validation
from sweep.stack.recipe import Recipe, default_batch_size, default_epochs
from sweep.stack.sampling import sample_rows
from sweep.stack.training import fit
from sweep.statistics.confusion import Counts, average_precision
from sweep.statistics.criteria import balancing_threshold, score

HERE = Path(__file__).parent
SIZES = {50: (100, 3), 150: (100, 3), 500: (100, 2), 1500: (60, 1), 5000: (40, 1)}  # positives: negatives each, tables
RATIOS = (5, 10, 20, 40, None)
FEATURES = 20


def made(rows: int, positives: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """A table whose risk has steps, waves and products in it, and is a matter of chance besides."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(rows, FEATURES))
    z = 1.5 * X[:, 0] + X[:, 1] * X[:, 2] + np.abs(X[:, 3]) + (X[:, 4] > 1) * 1.5 + 0.5 * np.sin(2 * X[:, 5])
    y = np.zeros(rows, int)
    y[np.argsort(-(z + 0.8 * rng.logistic(size=rows)))[:positives]] = 1
    order = np.random.default_rng(seed).permutation(rows)
    return X[order], y[order]


def measure(positives: int, seed: int, negatives: int | None) -> dict[str, float]:
    """One table and one ratio: rows trained on, processor seconds, average precision and min(P1, R1)."""
    rows, times = positives * SIZES[positives][0], 3 if positives < 1500 else 2
    X, y = made(times * rows, times * positives, seed)
    here, labels, fresh = X[:rows], y[:rows], slice(rows, None)
    sample = sample_rows(here, labels, negatives, seed=0)
    folds = fold_of_row(labels, np.arange(rows), 5, 0)
    design = cross_validation(labels, folds, most=[0.8], repeats=2, seed=0, sample=sample)
    trained = rows if sample is None else int(sample.sum())
    recipe = Recipe(2, 64, epochs=default_epochs(trained), batch_size=default_batch_size(trained))
    started = time.process_time()
    stack = fit(design.trained(here), design.Y, design.W, recipe, seed=0, init_seed=design.init_seed)
    used = time.process_time() - started
    own = design.out_of_fold(stack.logits(here, design.held_out))[:, 0].mean(axis=1)
    mean = stack.logits(X[fresh]).mean(axis=1)
    return {
        "rows": trained,
        "cpu": used,
        "ap_oof": average_precision(labels, own) or 0.0,
        "ap_test": average_precision(y[fresh], mean) or 0.0,
        "score_test": float(score(Counts.of(y[fresh], mean > balancing_threshold(labels, own)))),
    }


def table(measured: list[dict[str, object]]) -> str:
    """Means over the tables of a size, as Markdown."""
    lines = [
        "| positives | negatives each | rows trained on | processor s | average precision, fresh rows | min(P1, R1), "
        "fresh rows | tables |",
        "|---|---|---|---|---|---|---|",
    ]
    for positives in SIZES:
        for negatives in RATIOS:
            found = [r for r in measured if r["positives"] == positives and r["negatives"] == negatives]
            if found:
                rows, cpu, precision, reached = (
                    fmean(float(str(r[k])) for r in found) for k in ("rows", "cpu", "ap_test", "score_test")
                )
                cells = f"{rows:,.0f} | {cpu:.1f} | {precision:.3f} | {reached:.3f} | {len(found)}"
                lines.append(f"| {positives:,} | {negatives or f'all ({SIZES[positives][0]})'} | {cells} |")
    return "\n".join([*lines, ""])


def main() -> None:
    """Measure what is not measured yet."""
    file = HERE / "negatives.jsonl"
    measured = [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []
    done = {(r["positives"], r["seed"], r["negatives"]) for r in measured}
    for positives, (_, tables) in SIZES.items():
        for seed in range(tables):
            for negatives in RATIOS:
                if (positives, seed, negatives) not in done:
                    found = measure(positives, seed, negatives)
                    measured.append({"positives": positives, "seed": seed, "negatives": negatives, **found})
                    with file.open("a") as opened:
                        opened.write(json.dumps(measured[-1]) + "\n")
                    (HERE / "negatives.md").write_text(table(measured))
    (HERE / "negatives.md").write_text(table(measured))


if __name__ == "__main__":
    main()
