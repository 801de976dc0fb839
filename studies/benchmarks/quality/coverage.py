"""How often the corrected score's intervals hold, on made tables whose truth is known.

`python studies/benchmarks/quality/coverage.py` writes coverage.md. A search of 20 logistic regressions (five class
weights, four strengths: the networks) on a made table is scored out-of-fold, its networks are chosen by log loss and
averaged, the balance is found on the curve of their mean, and all is corrected as a run does it. The truth is what is
chosen, fitted on all rows and scored on 200,000 new ones; a test table has half as many rows.
"""

from dataclasses import replace
from itertools import product
from pathlib import Path

import click
import numpy as np
from joblib import Parallel, delayed
from sklearn.linear_model import LogisticRegression

from sweep.class_weight import balance_grid, weight_ratio
from sweep.data.folds import fold_of_row
from sweep.search.members import Confirmed, average_good_ones, log_losses, rank_networks
from sweep.search.setup import TrialSetup
from sweep.statistics.confusion import Counts
from sweep.statistics.corrected_score import corrected_score, prediction_interval
from sweep.statistics.criteria import balancing_threshold, score
from sweep.statistics.curve import balance_curve
from sweep.study.params import Params

HERE = Path(__file__).parent
TABLES = {  # rows, positives, features, strength of the signal
    "24 positives": (600, 24, 8, 2.5),
    "40 positives": (1000, 40, 20, 2.0),
    "30 positives, hardly a signal": (900, 30, 20, 0.7),
    "150 positives": (3000, 150, 20, 2.5),
}
DRAWS, LARGE, RESAMPLES = 100, 200_000, 300
WEIGHTS, STRENGTHS, POINTS = 5, (0.003, 0.03, 0.3, 3.0), 9


def table(
    rows: int, positives: int, features: int, signal: float, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Rows of normal features, the positives first and `signal` further along five of them together."""
    y = np.arange(rows) < positives
    X = rng.standard_normal((rows, features))
    X[y, :5] += signal / np.sqrt(5)
    return X, y.astype(int)


def fitted(params: Params, X: np.ndarray, y: np.ndarray) -> LogisticRegression:
    """Fit a network of these tables: a logistic regression, the `width` of which numbers its strength."""
    ratio = float(weight_ratio(params.most, float(y.mean())))
    model = LogisticRegression(C=STRENGTHS[params.width], max_iter=500)
    return model.fit(X, y, sample_weight=np.where(y == 1, ratio, 1.0))


def draw(name: str, seed: int) -> dict[str, float | bool]:
    """One table: truth, corrected and uncorrected score, and whether the two intervals hold."""
    rows, positives, features, signal = TABLES[name]
    rng = np.random.default_rng([seed, rows])
    X, y = table(rows, positives, features, signal, rng)
    units, folds = np.arange(rows), fold_of_row(y, np.arange(rows), 5, seed)
    setup = TrialSetup(y, folds, units, 1, 1, 64, "ratio", seed)
    caps, prevalence = balance_grid(positives / rows, POINTS), positives / rows

    def out_of_fold(params: Params) -> np.ndarray:
        logits = np.empty(rows)
        for k in range(5):
            live = folds != k
            logits[~live] = fitted(params, X[live], y[live]).decision_function(X[~live])
        return logits

    trials = [Params(most, 1, k) for most, k in product(caps[:: (POINTS - 1) // (WEIGHTS - 1)], range(len(STRENGTHS)))]
    logits = np.stack([out_of_fold(trial) for trial in trials], axis=1)
    losses = [log_losses(setup, column, trial.most) for column, trial in zip(logits.T, trials, strict=True)]
    top = rank_networks(setup, [(k, trial, logits[:, k]) for k, trial in enumerate(trials)])
    again = [replace(params, most=top[0][1].most) for _, params in top]
    heard = [Confirmed(k, params, out_of_fold(params)[:, None], 0.0) for k, params in enumerate(again)]
    parts = average_good_ones(setup, heard).params.parts
    curve = np.mean([[out_of_fold(replace(part, most=most)) for most in caps] for part in parts], axis=0).T
    on_curve = np.isin([trial.width for trial in trials], [part.width for part in parts])
    found = corrected_score(
        y, units, logits, on_curve, curve[:, :, None], caps, equal="ratio", deliver="ratio",
        losses=np.stack(losses, axis=1), resamples=RESAMPLES, seed=seed,
    )  # fmt: skip
    crossing = balance_curve(y, units, curve[:, :, None], caps, resamples=1, seed=seed).crossings["ratio"]
    last = [replace(part, most=crossing.most) for part in parts]
    threshold = 0.0
    if not crossing.reached:
        threshold = balancing_threshold(y, np.mean([out_of_fold(part) for part in last], axis=0))
    final = [fitted(part, X, y) for part in last]

    def scored(X: np.ndarray, y: np.ndarray) -> float:
        mean = np.mean([model.decision_function(X) for model in final], axis=0)
        return score(Counts.of(y, mean > threshold))

    truth = scored(*table(LARGE, int(LARGE * prevalence), features, signal, rng))
    tested = scored(*table(rows // 2, positives // 2, features, signal, rng))
    low, high = prediction_interval(found, positives // 2, rows // 2 - positives // 2, seed=seed)
    return {
        "truth": truth, "corrected": found.score, "uncorrected": found.uncorrected, "width": found.high - found.low,
        "held": found.low <= truth <= found.high, "predicted": low <= tested <= high,
    }  # fmt: skip


@click.command()
def main() -> None:
    """Measure, and write coverage.md."""
    lines = [
        f"{DRAWS} made tables a line; intervals at 95 %.",
        "",
        "| table | truth | corrected | uncorrected | interval holds | its mean width | prediction holds |",
        "|---|---|---|---|---|---|---|",
    ]
    for name in TABLES:
        drawn = Parallel(n_jobs=-1)(delayed(draw)(name, seed) for seed in range(DRAWS))
        mean = {key: float(np.mean([one[key] for one in drawn])) for key in drawn[0]}
        rates = " | ".join(f"{mean[key]:.3f}" for key in ("truth", "corrected", "uncorrected"))
        lines.append(f"| {name} | {rates} | {mean['held']:.0%} | {mean['width']:.2f} | {mean['predicted']:.0%} |")
        click.echo(lines[-1])
    (HERE / "coverage.md").write_text("\n".join([*lines, ""]), encoding="utf-8")


if __name__ == "__main__":
    main()
