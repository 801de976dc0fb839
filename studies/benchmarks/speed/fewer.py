"""What fewer negatives, or fewer epochs, would cost a table of 3,000 positives among 300,000 rows.

    python studies/benchmarks/speed/fewer.py

appends to fewer.jsonl what is not there yet and writes fewer.md. Networks are cross-validated (5 folds, one repeat) and
score a fresh table of the same making and size; the threshold is the one at which FP = FN out-of-fold.
"""

import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from negatives import made

from sweep.data.folds import fold_of_row
from sweep.stack.design import cross_validation
from sweep.stack.recipe import Recipe, default_batch_size, default_epochs
from sweep.stack.sampling import sample_rows
from sweep.stack.training import fit
from sweep.statistics.confusion import Counts, average_precision
from sweep.statistics.criteria import balancing_threshold, score

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parents[1] / "data"))
import make_seed  # noqa: E402

POSITIVES, ROWS = 3_000, 300_000
NETWORKS = ((2, 64), (1, 256))
ASKED = ((20, None), (20, 14), (20, 10), (10, None), (5, None))  # negatives for each positive, epochs
MEASURES = ("rows", "cpu", "ap_oof", "ap_test", "score_test")
Table = tuple[np.ndarray, np.ndarray]


def clusters() -> tuple[Table, Table]:
    """Two tables with clusters as those of seed-1, elsewhere."""
    rng, found = np.random.default_rng(100), []
    directions = make_seed.draw_directions(np.random.default_rng(1000))
    for _ in range(2):
        frame = make_seed.draw_rows(rng, directions, ROWS - POSITIVES, POSITIVES)
        X = frame.drop("y").to_dummies(["site", "kind", "flag"]).to_numpy().astype(float)
        found.append((X, frame["y"].to_numpy()))
    return found[0], found[1]


def steps() -> tuple[Table, Table]:
    """Two tables whose risk has steps, waves and products in it."""
    X, y = made(2 * ROWS, 2 * POSITIVES, 0)
    return (X[:ROWS], y[:ROWS]), (X[ROWS:], y[ROWS:])


TABLES = {"clusters": clusters, "steps": steps}


def measure(tables: tuple[Table, Table], depth: int, width: int, negatives: int, epochs: int | None) -> dict[str, Any]:
    """One network: rows trained on, processor seconds, average precision and min(P1, R1)."""
    (X, y), (fresh, labels) = tables
    folds, sample = fold_of_row(y, np.arange(len(y)), 5, 0), sample_rows(X, y, negatives, seed=0)
    design = cross_validation(y, folds, most=[0.9], repeats=1, seed=0, sample=sample)
    rows = len(design.trained(y))
    recipe = Recipe(depth, width, epochs=epochs or default_epochs(rows), batch_size=default_batch_size(rows))
    started = time.process_time()
    stack = fit(design.trained(X), design.Y, design.W, recipe, seed=0, init_seed=design.init_seed)
    cpu = time.process_time() - started
    own = design.out_of_fold(stack.logits(X, design.held_out))[:, 0].mean(axis=1)
    mean = stack.logits(fresh).mean(axis=1)
    reached = score(Counts.of(labels, mean > balancing_threshold(y, own)))
    found = rows, cpu, average_precision(y, own), average_precision(labels, mean), reached
    return dict(zip(MEASURES, found, strict=True))


def table(measured: list[dict[str, Any]]) -> str:
    """List what was measured, as Markdown."""
    lines = [
        "| table | network | negatives each | epochs | rows trained on | processor s | average precision, fresh rows | "
        "min(P1, R1), fresh rows |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for one in sorted(measured, key=lambda one: (one["table"], one["width"], -one["negatives"], -one["epochs"])):
        network = f"{one['depth']} x {one['width']}"
        cells = f"{one['rows']:,} | {one['cpu']:.1f} | {one['ap_test']:.4f} | {one['score_test']:.4f}"
        lines.append(f"| {one['table']} | {network} | {one['negatives']} | {one['epochs']} | {cells} |")
    return "\n".join([*lines, ""])


def main() -> None:
    """Measure what is not measured yet."""
    file = HERE / "fewer.jsonl"
    measured = [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []
    for name, make in TABLES.items():
        tables = None
        for depth, width in NETWORKS:
            for negatives, given in ASKED:
                epochs = given or default_epochs(POSITIVES * (1 + negatives))
                key = {"table": name, "depth": depth, "width": width, "negatives": negatives, "epochs": epochs}
                if not any(key.items() <= one.items() for one in measured):
                    tables = tables or make()
                    measured.append({**key, **measure(tables, depth, width, negatives, epochs)})
                    with file.open("a") as opened:
                        opened.write(json.dumps(measured[-1]) + "\n")
                    (HERE / "fewer.md").write_text(table(measured))
    (HERE / "fewer.md").write_text(table(measured))


if __name__ == "__main__":
    main()
