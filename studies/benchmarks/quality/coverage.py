"""How often the corrected score's intervals hold, on made tables whose truth is known.

`python studies/benchmarks/quality/coverage.py` writes coverage.md. A search of 20 logistic regressions (five class
weights, four strengths) on a made table is scored out-of-fold and corrected as a run is; the truth is what the same
rule picks, fitted on all rows and scored on 200,000 new ones; a test table has half as many rows.
"""

from itertools import product
from pathlib import Path

import click
import numpy as np
from joblib import Parallel, delayed
from sklearn.linear_model import LogisticRegression

from sweep.class_weight import balance_grid, weight_ratio
from sweep.data.folds import fold_of_row
from sweep.statistics.confusion import Counts
from sweep.statistics.corrected_score import corrected_score, prediction_interval
from sweep.statistics.criteria import score
from sweep.statistics.curve import balance_curve

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


def regression(X: np.ndarray, y: np.ndarray, ratio: float, strength: float) -> LogisticRegression:
    """Fit with the positives weighing `ratio`."""
    return LogisticRegression(C=strength, max_iter=500).fit(X, y, sample_weight=np.where(y == 1, ratio, 1.0))


def draw(name: str, seed: int) -> dict[str, float | bool]:
    """One table: truth, corrected and uncorrected score, and whether the two intervals hold."""
    rows, positives, features, signal = TABLES[name]
    rng = np.random.default_rng([seed, rows])
    X, y = table(rows, positives, features, signal, rng)
    folds = fold_of_row(y, np.arange(rows), 5, seed)
    caps = balance_grid(positives / rows, POINTS)
    ratios = weight_ratio(caps, positives / rows)

    def out_of_fold(ratio: float, strength: float) -> np.ndarray:
        logits = np.empty(rows)
        for k in range(5):
            live = folds != k
            logits[~live] = regression(X[live], y[live], ratio, strength).decision_function(X[~live])
        return logits

    trials = [*product(ratios[:: (POINTS - 1) // (WEIGHTS - 1)], STRENGTHS)]
    logits = np.stack([out_of_fold(*trial) for trial in trials], axis=1)
    best = int(np.argmax([score(Counts.of(y, column > 0)) for column in logits.T]))
    strength = trials[best][1]
    curve = np.stack([out_of_fold(ratio, strength) for ratio in ratios], axis=1)[:, :, None]
    on_curve = np.array([trial[1] == strength for trial in trials])
    found = corrected_score(
        y, np.arange(rows), logits, on_curve, curve, caps, equal="ratio", deliver="ratio", resamples=RESAMPLES,
        seed=seed,
    )  # fmt: skip
    crossing = balance_curve(y, np.arange(rows), curve, caps, resamples=1, seed=seed).crossings["ratio"].most
    final = regression(X, y, float(weight_ratio(crossing, positives / rows)), strength)
    new_X, new_y = table(LARGE, LARGE * positives // rows, features, signal, rng)
    truth = score(Counts.of(new_y, final.decision_function(new_X) > 0))
    test_X, test_y = table(rows // 2, positives // 2, features, signal, rng)
    low, high = prediction_interval(found, positives // 2, rows // 2 - positives // 2, seed=seed)
    tested = score(Counts.of(test_y, final.decision_function(test_X) > 0))
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
