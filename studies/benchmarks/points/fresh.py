"""Operating points on rows that no network saw: what was said of them, and what came, with and without carrying over.

One network at five balances, its operating points found out-of-fold, and the networks of all rows asked about fresh
ones: a third of hypothyroid that none is trained on, and for seed-1 a table of the same clusters, 12 times as large.
"""

import argparse
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from sweep.class_weight import balance_grid
from sweep.config import Balance, Spec
from sweep.data.table import load_test
from sweep.parallel.workers import Workers
from sweep.pipeline import make_setup
from sweep.prepared import prepare
from sweep.search.selection import _cross_validate
from sweep.stack.design import all_rows
from sweep.statistics.calibration import as_delivered
from sweep.statistics.carry_over import CarryOver, quantiles
from sweep.statistics.confusion import Counts
from sweep.statistics.corrected_point import choose_point, corrected_point
from sweep.statistics.operating_point import Wanted
from sweep.study.params import Params

STUDIES = Path(__file__).parents[2]
sys.path.insert(0, str(STUDIES / "data"))
import make_seed  # noqa: E402

ASKED = ({"recall": 0.9}, {"precision": 0.9}, {"cost": "50:1"}, {"top": "2%"})
NETWORK, BALANCES = Params(0.9, depth=2, width=64), 5
TIMES = 12  # as many fresh rows of seed-1 as it has rows


def hypothyroid(folder: Path) -> tuple[Path, Path, dict[str, Any]]:
    """Hold every third row of each class out."""
    table = pl.read_csv(STUDIES / "data" / "hypothyroid.csv", infer_schema=False)
    place = pl.int_range(pl.len()).over("diagnosis")
    parts = folder / "train.csv", folder / "fresh.csv"
    table.filter(place % 3 > 0).write_csv(parts[0])
    table.filter(place % 3 == 0).write_csv(parts[1])
    return *parts, {"target": "diagnosis", "positive": "hypothyroid", "missing": ("?",)}


def seed_1(folder: Path) -> tuple[Path, Path, dict[str, Any]]:
    """Draw more rows with seed-1's clusters, at the prevalence of its training rows."""
    seed, (negatives, positives), _ = make_seed.TABLES["seed-1"]
    directions = make_seed.draw_directions(np.random.default_rng(seed))
    fresh = make_seed.draw_rows(np.random.default_rng(777), directions, TIMES * negatives, TIMES * positives)
    fresh.write_csv(folder / "fresh.csv")
    return STUDIES / "data" / "seed-1-train.csv", folder / "fresh.csv", {"target": "y", "positive": "1"}


TABLES = {"hypothyroid": hypothyroid, "seed-1": seed_1}


def measure(name: str, folder: Path) -> list[dict[str, Any]]:
    """Hold the operating points of one network, at five balances, to fresh rows."""
    path, fresh, given = TABLES[name](folder)
    data = prepare(Spec.from_options(path, {**given, "name": name}))
    setup, y = make_setup(data), data.table.y
    new = load_test(fresh, data.table, missing=given.get("missing", ()))
    mosts = balance_grid(float(y.mean()), BALANCES).tolist()
    with Workers(1) as workers:
        logits, trained_on = _cross_validate(data.X, setup, NETWORK, mosts, workers, seed=0)
        design = all_rows(y, most=mosts, repeats=setup.repeats, seed=0, sample=setup.sample)
        stack = workers.fit(data.X, design, setup.recipe(NETWORK), seed=0)
    shape = (-1, len(mosts), setup.repeats)
    says, said = (stack.logits(X).reshape(shape).mean(axis=2) for X in (data.features.transform(new.frame), data.X))
    parts = zip(logits.mean(axis=2).T, mosts, strict=True)
    curve = np.stack([as_delivered(y, setup.fold_of_row, mean, most) for mean, most in parts], axis=1)
    rows = []
    for asked in ASKED:
        wanted = Wanted(**(Balance(**asked).point or {}))
        of = (wanted, y, setup.groups, curve, np.full(len(mosts), True), curve)
        balance, point = choose_point(*of)
        told = corrected_point(*of, balance, point)
        line = CarryOver.between(trained_on[balance, 0], quantiles([said[:, balance]], len(y)))
        row = {"table": name, "asked": asked, "most": mosts[balance], "positives": int(y.sum())}
        row |= {"out_of_fold": point.counts.to_dict(), "P1": told.precision, "R1": told.recall}
        for kind, at in (("before", point.threshold), ("after", float(line.carried(point.threshold)))):
            row[kind] = Counts.of(new.y, says[:, balance] > at).to_dict()
        rows.append(row)
    return rows


def rates(counts: dict[str, int]) -> list[str]:
    """Write P1, R1 and the share predicted positive."""
    c = Counts(**counts)
    return [f"{value or 0:.3f}" for value in (c.precision[1], c.recall[1], c.called / c.rows)]


def at_prevalence(counts: dict[str, int], share: float) -> str:
    """Write the P1 that the same recalls give at another prevalence."""
    c = Counts(**counts)
    tp, fp = share * c.tp / c.positives, (1 - share) * c.fp / c.negatives
    return f"{tp / (tp + fp):.3f}"


def as_markdown(rows: list[dict[str, Any]]) -> str:
    """Lay the figures out as a table."""
    heads = ["table", "asked", "out-of-fold P1, R1, called", "told P1", "told R1"]
    heads += ["before P1, R1, called", "after P1, R1, called", "after: P1 at 2.05 %"]
    lines = [f"| {' | '.join(heads)} |", "|" + "---|" * len(heads)]
    for row in rows:
        told = [f"{v:.3f} ({low:.2f} to {high:.2f})" for v, low, high in (row["P1"], row["R1"])]
        asked = " ".join(str(part) for pair in row["asked"].items() for part in pair)
        cells = [", ".join(rates(row[kind])) for kind in ("out_of_fold", "before", "after")]
        other = at_prevalence(row["after"], 0.0205)
        lines.append(f"| {' | '.join([row['table'], asked, cells[0], *told, *cells[1:], other])} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Measure the tables and write fresh.json."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tables", nargs="*", default=[*TABLES])
    parser.add_argument("--out", type=Path, default=Path(__file__).with_name("fresh.json"))
    args = parser.parse_args()
    rows: list[dict[str, Any]] = []
    for name in args.tables:
        with tempfile.TemporaryDirectory() as folder:
            rows += measure(name, Path(folder))
        args.out.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
        args.out.with_suffix(".md").write_text(as_markdown(rows), encoding="utf-8")


if __name__ == "__main__":
    main()
