"""Operating points on rows that no network saw: what was said of them, and what came, with and without carrying over.

A study of each table, its operating points exported from it, its final networks asked about fresh rows: a third of
hypothyroid that the study does not get, and for seed-1 a table made with the same clusters, 12 times as large.
"""

import argparse
import json
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from sweep import run
from sweep.config import Balance, Spec
from sweep.data.table import load_table, load_test
from sweep.model.final import Final
from sweep.model.point import at_point
from sweep.search.operating_point import along_curve
from sweep.search.selection import Selection
from sweep.statistics.confusion import Counts
from sweep.statistics.corrected_point import corrected_point
from sweep.statistics.operating_point import Point, Wanted
from sweep.study_folder import StudyFolder

STUDIES = Path(__file__).parents[2]
sys.path.insert(0, str(STUDIES / "data"))
import make_seed  # noqa: E402

ASKED = ({"recall": 0.9}, {"precision": 0.9}, {"cost": "50:1"}, {"top": "2%"})
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


def measure(name: str, trials: int, folder: Path) -> list[dict[str, Any]]:
    """Run a study and hold its operating points to fresh rows."""
    path, fresh, given = TABLES[name](folder)
    spec = Spec.from_options(path, {**given, "trials": trials, "name": name})
    run(spec, root=folder, quick=True)
    record = StudyFolder(folder, name)
    selection, final = Selection.load(record.selection), Final.load(record.artifacts)
    table = load_table(path, target=given["target"], positive=given["positive"], missing=given.get("missing", ()))
    new = load_test(fresh, table, missing=given.get("missing", ()))
    says = final.stack.logits(final.features.transform(new.frame)).reshape(-1, len(final.most), final.repeats)
    curve = along_curve(selection)
    rows = []
    for asked in ASKED:
        wanted = Wanted(**(Balance(**asked).point or {}))
        model, _ = at_point(final, selection, wanted, single=False)
        plain, _ = at_point(replace(final, carry_over={}), selection, wanted, single=False)
        balance = model.card["operating_point"]["of_balance"]
        mean = says[:, [*final.most].index(balance)].mean(axis=1)
        counts = model.card["out_of_fold"]["operating_point"]["counts"]
        own = selection.picks[balance].mean
        point = Point(plain.card["logit_threshold"], Counts(**counts), 0.0, True)
        told = corrected_point(
            wanted, selection.y, selection.units, curve, np.full(curve.shape[1], False), own[:, None], 0, point
        )
        row = {"table": name, "asked": asked, "balance": balance, "positives": int(selection.y.sum())}
        row |= {"out_of_fold": counts, "P1": told.precision, "R1": told.recall, "share": float(new.y.mean())}
        for kind, one in (("before", plain), ("after", model)):
            row[kind] = Counts.of(new.y, mean > one.card["logit_threshold"]).to_dict()
        rows.append(row)
    return rows


def main() -> None:
    """Measure the tables and write fresh.json."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tables", nargs="*", default=[*TABLES])
    parser.add_argument("--trials", type=int, default=6)
    parser.add_argument("--out", type=Path, default=Path(__file__).with_name("fresh.json"))
    args = parser.parse_args()
    rows: list[dict[str, Any]] = []
    for name in args.tables:
        with tempfile.TemporaryDirectory() as folder:
            rows += measure(name, args.trials, Path(folder))
        args.out.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
