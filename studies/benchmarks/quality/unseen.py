"""Networks of the present recipe on tables that took no part in any choice, beside boosters and logistic regression.

`python studies/benchmarks/quality/unseen.py` appends to unseen.jsonl what is not there yet and writes unseen.md. Each
table is split into two outer folds; within the training half, three inner folds choose. In place of a search stands a
grid of networks, half-way along the balances, whose columns
are trained at once. One rule takes the smallest within one standard error of the highest average precision, the other
the highest min(P1, R1) of those with hidden layers and 32 units or more. All thresholds are chosen on inner out-of-fold
scores. Peers are not tuned.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import fresh
import lightgbm
import numpy as np
from scipy.special import expit, logit
from sklearn.base import BaseEstimator
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, log_loss
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sweep import train, weight_matrix
from sweep.class_weight import weight_ratio
from sweep.data.features import Features
from sweep.stack.recipe import default_batch_size, default_epochs
from sweep.statistics.bootstrap import average_precisions, row_draws
from sweep.statistics.confusion import Counts
from sweep.statistics.criteria import balancing_threshold, score
from sweep.study.params import Params

HERE = Path(__file__).parent
FILE = HERE / "unseen.jsonl"
ADDITIVE, DEEP = "smallest, depth 0 to 2", "best min(P1, R1), depth 1 to 2"
MOST = 0.8
GRID = tuple(
    Params(MOST, depth, width, bins=bins)
    for depth, width in ((0, 16), (1, 16), (1, 32), (2, 64))
    for bins in (False, True)
)
MEASURES = ("average precision", "min(P1, R1)", "min(R0, R1)", "log loss")
PEERS: dict[str, Callable[[], BaseEstimator]] = {
    "LightGBM": lambda: lightgbm.LGBMClassifier(
        n_estimators=150, learning_rate=0.05, num_leaves=15, colsample_bytree=0.7, subsample=0.8, subsample_freq=1,
        reg_lambda=3, n_jobs=1, random_state=0, verbose=-1,
    ),
    "HistGradientBoosting": lambda: HistGradientBoostingClassifier(random_state=0),
    "logistic regression": lambda: make_pipeline(
        SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True), StandardScaler(),
        LogisticRegression(max_iter=500),
    ),
}  # fmt: skip
Folds = list[tuple[np.ndarray, np.ndarray]]


def split(y: np.ndarray, folds: int) -> Folds:
    """Split rows into (training, held out) pairs."""
    return list(StratifiedKFold(folds, shuffle=True, random_state=0).split(y, y))


def measures(y: np.ndarray, own: np.ndarray, y_test: np.ndarray, test: np.ndarray) -> list[float]:
    """In the order of `MEASURES`, of log-odds; the log loss as a share of that of always saying the prevalence."""
    ratio, recall = balancing_threshold(y, own), balancing_threshold(y, own, "recall")
    p = np.clip(expit(test), 1e-7, 1 - 1e-7)
    return [
        float(average_precision_score(y_test, test)),
        float(score(Counts.of(y_test, test > ratio))),
        float(score(Counts.of(y_test, test > recall), "recall")),
        float(log_loss(y_test, p) / log_loss(y_test, np.full(len(y_test), y.mean()))),
    ]


def smallest(y: np.ndarray, own: dict[Params, np.ndarray]) -> Params:
    """The smallest network whose average precision is within one paired standard error of the highest.

    Smallest are those without a hidden layer; any other with bins is larger than any without.
    """
    draws = row_draws(y, np.arange(len(y)), 1000, np.random.default_rng(0))
    drawn = np.concatenate([np.stack([average_precisions(y, z, d) for z in own.values()], axis=1) for d in draws])
    value = np.array([average_precision_score(y, z) for z in own.values()])
    top = int(value.argmax())
    near = value[top] - value <= (drawn - drawn[:, [top]]).std(axis=0)
    taken = [(p.bins and p.depth > 0, p.size, p.bins, -v, p) for p, v, ok in zip(own, value, near, strict=True) if ok]
    return min(taken, key=lambda t: t[:4])[4]


def networks(X: np.ndarray, y: np.ndarray, outer: Folds, inner: list[Folds]) -> dict[str, list[list[float]]]:
    """What is taken of the grid before and now, measured on each outer fold."""
    live = [
        np.setdiff1d(rows, rows[held_out]) for (rows, _), own in zip(outer, inner, strict=True) for _, held_out in own
    ]
    live += [rows for rows, _ in outer]
    W = np.zeros((len(y), len(live)), np.float32)
    for s, rows in enumerate(live):
        W[rows, s] = weight_matrix(y[rows], MOST)
    shift = np.log([float(weight_ratio(MOST, float(y[rows].mean()))) for rows in live])
    logits = {}
    for p in GRID:
        settings = {"depth": p.depth, "width": p.width, "bins": p.bins}
        rows = len(y) // 2
        stack = train(
            X, np.repeat(y[:, None], len(live), axis=1), W, epochs=default_epochs(rows),
            batch_size=default_batch_size(rows), **settings,
        )  # fmt: skip
        logits[p] = stack.logits(X) - shift
    found: dict[str, list[list[float]]] = {ADDITIVE: [], DEEP: []}
    for k, (rows, held_out) in enumerate(outer):
        own = {}
        for p in GRID:
            own[p] = np.empty(len(rows))
            for i, (_, left_out) in enumerate(inner[k]):
                own[p][left_out] = logits[p][rows[left_out], 3 * k + i]
        deep = [p for p in GRID if p.depth and p.width >= 32]
        at = [score(Counts.of(y[rows], own[p] > balancing_threshold(y[rows], own[p]))) for p in deep]
        for name, p in ((ADDITIVE, smallest(y[rows], own)), (DEEP, deep[int(np.argmax(at))])):
            found[name].append(measures(y[rows], own[p], y[held_out], logits[p][held_out, 3 * len(outer) + k]))
    return found


def peer(make: Callable[[], BaseEstimator], X: np.ndarray, y: np.ndarray, outer: Folds, inner: list[Folds]) -> Any:
    """A scikit-learn classifier, measured on each outer fold."""

    def odds(model: BaseEstimator, rows: np.ndarray) -> np.ndarray:
        return np.asarray(logit(np.clip(model.predict_proba(X[rows])[:, 1], 1e-7, 1 - 1e-7)))

    found = []
    for (rows, held_out), own in zip(outer, inner, strict=True):
        out = np.empty(len(rows))
        for fitted, left_out in own:
            out[left_out] = odds(make().fit(X[rows[fitted]], y[rows[fitted]]), rows[left_out])
        found.append(measures(y[rows], out, y[held_out], odds(make().fit(X[rows], y[rows]), held_out)))
    return found


def measure(name: str) -> dict[str, list[list[float]]]:
    """All that stands beside each other, on one table."""
    frame = fresh.load(name)
    y = frame[fresh.TARGET].to_numpy()
    frame = frame.drop(fresh.TARGET)
    X = Features.learn(frame).transform(frame)
    outer = split(y, 2)
    inner = [split(y[rows], 3) for rows, _ in outer]
    return networks(X, y, outer, inner) | {n: peer(make, X, y, outer, inner) for n, make in PEERS.items()}


def summarise(rows: list[dict[str, Any]]) -> str:
    """Means and mean ranks over the tables, then table by table, as Markdown."""
    from scipy.stats import rankdata

    names = list(rows[0]["found"])
    at = np.array([[np.mean(row["found"][n], axis=0) for n in names] for row in rows])  # (tables, names, measures)
    signs = np.array([-1, -1, -1, 1])
    ranks = rankdata(at * signs, axis=1).mean(axis=0)
    means = at.mean(axis=0)
    head = f"| | {' | '.join(MEASURES)} |\n|---|---|---|---|---|"
    cells = [
        f"| {n} | " + " | ".join(f"{means[j, m]:.3f} ({ranks[j, m]:.1f})" for m in range(4)) + " |"
        for j, n in enumerate(names)
    ]
    lines = [
        f"Means over two outer folds of {len(rows)} tables that took no part in a choice, in brackets the mean rank of "
        f"{len(names)}; the log loss as a share of that of always saying the prevalence.", "", head, *cells,
    ]  # fmt: skip
    for m in (0, 1):
        lines += [
            "",
            f"{MEASURES[m]}, table by table:",
            "",
            f"| | {' | '.join(names)} |",
            "|---" * (len(names) + 1) + "|",
        ]
        lines += [
            f"| {row['table']} | " + " | ".join(f"{at[i, j, m]:.3f}" for j in range(len(names))) + " |"
            for i, row in enumerate(rows)
        ]
    return "\n".join([*lines, ""])


def read() -> list[dict[str, Any]]:
    """What is measured."""
    return [json.loads(line) for line in FILE.read_text(encoding="utf-8").splitlines()] if FILE.exists() else []


@click.command()
@click.option("--table", "tables", multiple=True, type=click.Choice(list(fresh.TABLES)), help="Default: all claims.")
def main(tables: tuple[str, ...]) -> None:
    """Measure what is not measured yet."""
    for name in tables or fresh.CLAIMS:
        if name not in {row["table"] for row in read()}:
            found = measure(name)
            with FILE.open("a", encoding="utf-8") as file:
                file.write(json.dumps({"table": name, "found": found}) + "\n")
            for peer_name, folds in found.items():
                click.echo("  ".join([name, peer_name, *(f"{v:.3f}" for v in np.mean(folds, axis=0))]))
    (HERE / "unseen.md").write_text(summarise(read()), encoding="utf-8")


if __name__ == "__main__":
    main()
