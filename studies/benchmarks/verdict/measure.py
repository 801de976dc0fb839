"""How often the verdict is right on made tables whose truth is known: `python studies/benchmarks/verdict/measure.py`.

Noise: 40 tables without signal, 24 to 400 positives. The verdict is futile where the test for signal gives p > .01, so
that test alone is run. Signal: whole runs with few trials on tables of three kinds. Their truth is measured, not
assumed: networks trained on the table's positives and on twice as many, each scored on a large fresh sample.

The rule's constants were looked at on `--set calibrate`; the rates to report are those of `--set test`, other tables.
Writes OUT/noise.json, OUT/signal.json and OUT/rates.md, after every table, so that a stopped run says how far it came.
"""

import argparse
import csv
import json
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from tables import SHAPES, Made, noise, signal

from sweep import Spec, run, train, weight_matrix
from sweep.config import Data, Search
from sweep.data.folds import fold_of_row
from sweep.evidence.permutation_test import measure_signal
from sweep.evidence.rule import CLEARLY_FLAT, CLEARLY_MORE
from sweep.evidence.verdict import Verdict
from sweep.parallel.workers import Workers
from sweep.search.setup import TrialSetup
from sweep.stack.recipe import default_epochs
from sweep.statistics.confusion import Counts
from sweep.statistics.criteria import balancing_threshold, score

SEEDS = {"calibrate": 1000, "test": 2000}
POSITIVES = (24, 60, 150, 400)
FRESH = 20  # times the table's negatives in the sample that measures the truth
TRUTHS = 4  # draws
ENOUGH = 0.5
CLEAR = 0.3  # a true score from which on the signal counts as clear


def noise_tables(tables: int, first: int) -> Iterator[dict[str, Any]]:
    """Run the test for signal on tables without any."""
    for k, positives in enumerate(np.geomspace(24, 400, tables).round().astype(int).tolist()):
        rows = min(4000, 20 * positives)
        made = noise(positives, rows, first + k)
        found = measure_signal(made.X, _setup(made, seed=first + k), workers=Workers())
        keep = ("p", "shuffles", "average_precision", "high", "seconds")
        yield {"positives": positives, "rows": rows, "futile": not found.found, **{n: getattr(found, n) for n in keep}}


def signal_tables(tables: int, first: int, trials: int) -> Iterator[dict[str, Any]]:
    """Run the whole program on tables with signal, and hold its answer against the measured truth."""
    for k in range(tables):
        kind = [*SHAPES][k % len(SHAPES)]
        positives = POSITIVES[k // len(SHAPES) % len(POSITIVES)]
        negatives = min(4000, max(800, 12 * positives))
        made = signal(kind, positives, negatives, first + k)
        true = truth(kind, positives, negatives, first + k)
        started = time.perf_counter()
        verdict = answered(made, trials, first + k)
        gain = verdict.learning.gain
        yield {
            "kind": kind,
            "positives": positives,
            "answer": verdict.answer,
            "sure": verdict.sure,
            "right": right(verdict.answer, true),
            "truth": true,
            "p": verdict.signal.p,
            "score": asdict(verdict.score),
            "gain": gain and asdict(gain),
            "seconds": time.perf_counter() - started,
        }


def answered(made: Made, trials: int, seed: int) -> Verdict:
    """The verdict of a whole run on a table written to disk."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "made.csv"
        with path.open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow([*(f"x{i}" for i in range(made.X.shape[1])), "y"])
            writer.writerows([*row, label] for row, label in zip(made.X.tolist(), made.y.tolist(), strict=True))
        spec = Spec("made", Data(path, ("y",)), Search(trials=trials, width=(16, 64), depth=(1, 3), seed=seed))
        verdict = run(spec, root=folder).verdict
    assert verdict is not None
    return verdict


def truth(kind: str, positives: int, negatives: int, seed: int) -> dict[str, float]:
    """min(P1, R1) of networks with the table's positives and with twice as many, at FP = FN on a fresh sample."""
    ratio = max(1, round(positives * FRESH / 4000))
    fresh = signal(kind, positives * FRESH // ratio, negatives * FRESH // ratio, seed, draw=99)
    scores: dict[int, list[float]] = {1: [], 2: []}
    for draw in range(TRUTHS):
        more = signal(kind, 2 * positives, negatives, seed, draw=1 + draw)
        y = more.y[:, None]
        W = np.stack([weight_matrix(more.y, 0.8)] * 2, axis=1)
        dropped = np.flatnonzero(more.y == 1)[positives:]
        W[dropped, 0] = 0
        W[(more.y == 1) & (W[:, 0] > 0), 0] *= 2
        stack = train(
            more.X, np.repeat(y, 2, axis=1), W, epochs=default_epochs(len(y)), seed=draw, init_seed=[draw, draw]
        )
        for times, logits in zip((1, 2), stack.logits(fresh.X).T, strict=True):
            cut = balancing_threshold(fresh.y, logits)
            scores[times].append(score(Counts.of(fresh.y, logits > cut), "ratio"))
    once, twice = np.mean(scores[1]), np.mean(scores[2])
    return {"score": float(once), "gain": float(twice - once)}


def right(answer: str, true: dict[str, float]) -> bool:
    """Whether an answer is sensible: workable from 0.5 less a tenth on; else by whether the true gain is large."""
    if answer == "workable":
        return true["score"] >= ENOUGH - 0.1
    if answer == "data-limited":
        return true["gain"] > CLEARLY_MORE
    return answer == "feature-limited" and true["gain"] < CLEARLY_FLAT


def rates(noises: list[dict[str, Any]], signals: list[dict[str, Any]], wanted: tuple[int, int]) -> str:
    """The rates as a table in Markdown, with what was not run."""
    lines = [f"Noise tables run: {len(noises)} of {wanted[0]}; signal tables run: {len(signals)} of {wanted[1]}.", ""]
    if noises:
        futile = sum(n["futile"] for n in noises)
        lines += [f"Pure noise: {futile} of {len(noises)} futile ({100 * futile / len(noises):.0f} %).", ""]
    lines += ["| kind | positives | tables | not futile | right | sure | right where sure | answers |"]
    lines += ["|---|---|---|---|---|---|---|---|"]
    groups = sorted({(s["kind"], s["positives"]) for s in signals})
    for kind, positives in [*groups, ("clear", 0), ("all", 0)]:
        of = [s for s in signals if (s["kind"], s["positives"]) == (kind, positives)]
        if not positives:
            of = [s for s in signals if kind == "all" or s["truth"]["score"] >= CLEAR]
        sure = [s for s in of if s["sure"]]
        answers = {a: sum(s["answer"] == a for s in of) for a in sorted({s["answer"] for s in of})}
        lines.append(
            f"| {kind} | {positives or ''} | {len(of)} | {sum(s['answer'] != 'futile' for s in of)} | "
            f"{sum(s['right'] for s in of)} | {len(sure)} | {sum(s['right'] for s in sure)} | "
            f"{', '.join(f'{a} {n}' for a, n in answers.items())} |"
        )
    return "\n".join(lines) + "\n"


def _setup(made: Made, *, seed: int) -> TrialSetup:
    units = np.arange(len(made.y))
    folds = fold_of_row(made.y, units, 5, seed)
    return TrialSetup(made.y, folds, units, repeats=2, epochs=20, batch_size=256, equal="precision", seed=seed)


def main() -> None:
    """Run what was asked for and write the rates."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--set", choices=SEEDS, default="test")
    parser.add_argument("--noise", type=int, default=40, metavar="TABLES")
    parser.add_argument("--signal", type=int, default=24, metavar="TABLES")
    parser.add_argument("--trials", type=int, default=4)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results")
    asked = parser.parse_args()
    out, first = asked.out / asked.set, SEEDS[asked.set]
    out.mkdir(parents=True, exist_ok=True)
    noises: list[dict[str, Any]] = []
    signals: list[dict[str, Any]] = []
    for kept, tables, file in (
        (noises, noise_tables(asked.noise, first), "noise.json"),
        (signals, signal_tables(asked.signal, first, asked.trials), "signal.json"),
    ):
        for entry in tables:
            kept.append(entry)
            (out / file).write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
            (out / "rates.md").write_text(rates(noises, signals, (asked.noise, asked.signal)), encoding="utf-8")
    print(rates(noises, signals, (asked.noise, asked.signal)))


if __name__ == "__main__":
    main()
