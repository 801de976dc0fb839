"""A table too large for one machine, simulated: a folder of Parquet partitions on Dask, which no process reads whole.

    python studies/benchmarks/speed/partitions.py [--partitions 10]     # writes partitions.json and partitions.md

Partitions of a million rows with 3,000 positives in all lie in a folder. Dask's DataFrame counts the label column, then
draws all positives and 20 negatives each by the rows' own hash, in one pass; networks of five folds at several
balances are trained on what was drawn, weighed up to the whole table; a map over the partitions scores each row by the
networks that hold it out and adds up the counts of each balance. Two of the partitions are held against the same
steps in one process. What a billion rows would take is multiplied from the seconds of a partition.
"""

import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click
import dask
import dask.dataframe as dd
import numpy as np
import pandas as pd
import polars as pl
from distributed import Client

from sweep.class_weight import balance_grid, weights_at
from sweep.data.features import Features
from sweep.stack.network import Stack
from sweep.stack.recipe import Recipe, default_batch_size, default_epochs
from sweep.stack.sampling import dice
from sweep.stack.training import fit

HERE = Path(__file__).parent
ROWS, POSITIVES, NEGATIVES, FOLDS, BALANCES, SEED = 1_000_000, 3_000, 20, 5, 7, 0
RECIPE = Recipe(depth=2, width=64)
COUNTS = [f"{what}{k}" for k in range(BALANCES) for what in ("tp", "fp", "fn")]
PROCESSES, MACHINES, CORES, BILLION = 2, 10, 16, 1000  # here; of the cluster on paper; its partitions

T = TypeVar("T")


def write_partitions(folder: Path, partitions: int) -> None:
    """Write the table, a partition at a time."""
    sys.path.insert(0, str(HERE))
    import rows

    rng, directions = np.random.default_rng(SEED), rows.directions_of_seed_1()
    for k in range(partitions):
        rows.part(rng, directions, ROWS, POSITIVES // partitions).write_parquet(folder / f"part-{k:04d}.parquet")


def thrown(frame: pd.DataFrame, seed: int) -> np.ndarray:
    """Throw a number in [0, 1) for each row by its own numbers: whatever partition it is in, the same."""
    return dice(frame.drop(columns="y").select_dtypes("number").to_numpy(np.float64), seed)


def draw(frame: pd.DataFrame, share: float) -> pd.DataFrame:
    """Keep the positives and a share of the negatives."""
    return frame[(frame["y"] == 1) | (thrown(frame, SEED) < share)]


def fold_of(frame: pd.DataFrame) -> np.ndarray:
    """Choose each row's fold by its own numbers."""
    return (thrown(frame, SEED + 1) * FOLDS).astype(int)


def enter(features: Features, frame: pd.DataFrame) -> np.ndarray:
    """Turn the columns into X."""
    return features.transform(pl.from_pandas(frame.drop(columns="y")))


def train(drawn: pd.DataFrame, features: Features, prevalence: float, share: float) -> Stack:
    """Train a column for each balance and fold, its weights those of all rows."""
    X, y, fold = enter(features, drawn), drawn["y"].to_numpy(), fold_of(drawn)
    weights = [weights_at(prevalence, most) for most in balance_grid(prevalence, BALANCES).tolist()]
    W = np.stack([np.where(y == 1, w1, w0 / share) * (fold != k) for w0, w1 in weights for k in range(FOLDS)], axis=1)
    recipe = Recipe(RECIPE.depth, RECIPE.width, default_epochs(len(y)), default_batch_size(len(y)))
    Y = np.broadcast_to(y[:, None].astype(np.float32), W.shape)
    return fit(X, Y, W.astype(np.float32), recipe, seed=SEED, init_seed=np.zeros(W.shape[1], np.int64))


def score(frame: pd.DataFrame, features: Features, stack: Stack) -> pd.DataFrame:
    """Count what each balance decides, each row by the networks that hold it out: one row."""
    fold = fold_of(frame)
    blocks = [(np.flatnonzero(fold == k), np.arange(BALANCES) * FOLDS + k) for k in range(FOLDS)]
    called = stack.logits(enter(features, frame), blocks) > 0
    y = frame["y"].to_numpy()[:, None] == 1
    counts = np.stack([part.sum(axis=0) for part in (called & y, called & ~y, ~called & y)], axis=1)
    return pd.DataFrame([counts.ravel()], columns=COUNTS)


def timed(call: Callable[[], T]) -> tuple[T, float]:
    """Call, and give the seconds."""
    started = time.perf_counter()
    return call(), time.perf_counter() - started


def check(folder: Path, share: float, features: Features, stack: Stack, each: pd.DataFrame) -> None:
    """Hold two partitions against the same rows in one process."""
    parts = [pd.read_parquet(path) for path in sorted(folder.glob("*.parquet"))[:2]]
    both = pd.concat(parts, ignore_index=True)
    apart = pd.concat([draw(part, share) for part in parts], ignore_index=True)
    if not draw(both, share).reset_index(drop=True).equals(apart):
        raise SystemExit("Rows drawn of two partitions must be those drawn of both at once; they are not.")
    if score(both, features, stack).iloc[0].tolist() != each.iloc[:2].sum().tolist():
        raise SystemExit("Counts of two partitions must add up to those of both at once; they do not.")


def measure(folder: Path, partitions: int) -> dict[str, Any]:
    """Go through the steps."""
    with Client(n_workers=PROCESSES, threads_per_worker=1, dashboard_address=None) as client:
        table = dd.read_parquet(folder, split_row_groups=False)
        counted, count = timed(lambda: dask.compute(table["y"].count(), table["y"].sum()))
        rows, positives = map(int, counted)
        share = NEGATIVES * positives / (rows - positives)
        drawn, drawing = timed(lambda: table.map_partitions(draw, share, meta=table._meta).compute())
        features = Features.learn(pl.from_pandas(drawn.drop(columns="y")))
        stack, training = timed(lambda: train(drawn, features, positives / rows, share))
        meta = pd.DataFrame({name: pd.Series(dtype="int64") for name in COUNTS})
        kept = client.scatter([features, stack], broadcast=True)
        client.run(score, drawn.head(100), features, stack)  # loads TensorFlow, once a worker
        each, scoring = timed(lambda: table.map_partitions(score, *kept, meta=meta).compute())
        peaks = client.run(max_resident)
    check(folder, share, features, stack, each)
    tp, fp, fn = each.sum().to_numpy().reshape(BALANCES, 3).T
    return {
        "partitions": partitions, "rows": rows, "positives": positives, "drawn": len(drawn),
        "drawn_bytes": int(drawn.memory_usage(deep=True).sum()),
        "network_bytes": int(sum(p.nbytes for p in stack.parameters)),
        "seconds": {"count": count, "draw": drawing, "train": training, "score": scoring},
        "peak_mib": max(peaks.values()),
        "min_p1_r1": float(np.max(np.minimum(tp / np.maximum(tp + fp, 1), tp / (tp + fn)))),
    }  # fmt: skip


def max_resident() -> float:
    """Give the MiB that this process has had in memory at most."""
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def summarise(found: dict[str, Any]) -> str:
    """Write partitions.md's text."""
    drawn, networks = (found[part] / 2**20 for part in ("drawn_bytes", "network_bytes"))
    lines = [
        f"{found['partitions']} partitions of {ROWS:,} rows x 30, {found['positives']:,} positives, {PROCESSES} Dask "
        f"workers of one thread; {found['drawn']:,} rows drawn, {drawn:.0f} MiB; {BALANCES * FOLDS} networks of "
        f"{RECIPE.depth} x {RECIPE.width}, {networks:.1f} MiB; the most that a worker had in memory: "
        f"{found['peak_mib']:,.0f} MiB.",
        "",
        f"| step | seconds | a partition and worker | {BILLION} partitions, {MACHINES} machines of {CORES} cores |",
        "|---|---|---|---|",
    ]
    for step, seconds in found["seconds"].items():
        if step == "train":
            lines.append(f"| {step} | {seconds:.1f} | | {seconds:.1f} on one, the same positives |")
            continue
        of_one = seconds * PROCESSES / found["partitions"]
        lines.append(f"| {step} | {seconds:.1f} | {of_one:.2f} | {of_one * BILLION / (MACHINES * CORES):.0f} |")
    best = found["min_p1_r1"]
    return "\n".join([*lines, "", f"The best balance has min(P1, R1) {best:.3f} out-of-fold, over all rows.", ""])


@click.command()
@click.option("--partitions", default=10)
def main(partitions: int) -> None:
    """Measure, and write partitions.md."""
    with tempfile.TemporaryDirectory() as folder:
        write_partitions(Path(folder), partitions)
        found = measure(Path(folder), partitions)
    (HERE / "partitions.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    (HERE / "partitions.md").write_text(summarise(found), encoding="utf-8")


if __name__ == "__main__":
    main()
