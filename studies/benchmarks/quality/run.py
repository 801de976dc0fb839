"""The quality study: `sweep run` against its peers on public imbalanced tables, outer three-fold.

`python studies/benchmarks/quality/run.py [--table NAME]... [--fold K]...` appends to scores.jsonl what is not there
yet and can be stopped at any time; `--summary` only reads it and writes summary.md and the README's table. Peers that
are tuned get the seconds that `sweep run` took on the same rows, and all peers the same cores: `taskset -c 0 python
...` gives them one.
"""

import json
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import click
import numpy as np
import peers
import polars as pl
from peers import Scored
from scipy.stats import rankdata
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import average_precision_score, log_loss
from sklearn.model_selection import StratifiedKFold
from tables import NAMES, TARGET, load

import sweep
from sweep.config import Data, Search, Spec
from sweep.data.features import Features
from sweep.model.final import Final
from sweep.model.layers import raw_columns
from sweep.statistics.confusion import Counts
from sweep.statistics.criteria import score
from sweep.study_folder import StudyFolder

HERE = Path(__file__).parent
README = HERE.parents[2] / "README.md"
START, END = "<!-- quality -->\n", "<!-- /quality -->"
SCORES = HERE / "scores.jsonl"
MEASURES = {
    "ratio": "min(P1, R1)",
    "recall": "min(R0, R1)",
    "average_precision": "average precision",
    "log_loss": "log loss",
}
PEERS = (
    "sweep", "lightgbm", "catboost", "histogram", "xgboost", "forest", "logistic", "tuned threshold", "keras",
)  # fmt: skip
LONG = {
    "sweep": "`sweep run --trials 30`",
    "lightgbm": "LightGBM, tuned as long",
    "catboost": "CatBoost, 400 trees",
    "histogram": "scikit-learn's `HistGradientBoostingClassifier`",
    "xgboost": "XGBoost, tuned as long",
    "forest": "random forest, balanced",
    "logistic": "logistic regression, balanced",
    "tuned threshold": "scikit-learn's `TunedThresholdClassifierCV`",
    "keras": "a Keras network with `class_weight`",
}
TRIALS = 30


def run_sweep(train: pl.DataFrame, test: pl.DataFrame) -> tuple[Scored, dict[str, Any]]:
    """`sweep run` on the training rows, its ratio and recall balances on the test rows, and what it predicted.

    Beside the recall balance: what the cut on the delivered probability does that result.json gives for equal recalls.
    """
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        train.write_csv(root / "train.csv")
        test.write_csv(root / "test.csv")
        texts = tuple(train.select(pl.col(pl.String)).columns)  # as the peers have them: `5more` is a level
        data = Data(root / "train.csv", (TARGET,), positive="1", test=root / "test.csv", category=texts)
        result = sweep.run(Spec("study", data, Search(trials=TRIALS)), root=root, quick=True)
        final = Final.load(StudyFolder(root, "study").artifacts)
        outputs = {}
        for equal in {"ratio", "recall", result.selected.equal}:
            model = final.assemble(equal)
            outputs[equal] = {k: v.numpy()[:, 0] for k, v in model(raw_columns(model.features, test)).items()}
    found = result.to_dict()
    limit = found["balances"]["recall"]["by_cut"]["probability"]  # None: all rows have the same, and none is called
    above = outputs[result.selected.equal]["probability"] > (1.0 if limit is None else limit)
    predicted = {
        **{k: found["test"][k] for k in ("score", "predicted")},
        "corrected": found["selected"]["corrected"],
        "recall_by_cut": float(score(Counts.of(test[TARGET].to_numpy(), above), "recall")),
    }
    called = {equal: output["decision"] == 1 for equal, output in outputs.items()}
    return Scored(outputs["ratio"]["probability"].astype(float), called["ratio"], called["recall"]), predicted


def measure(y: np.ndarray, scored: Scored) -> dict[str, float]:
    """The four scores of test rows."""
    p = np.clip(scored.probability, 1e-7, 1 - 1e-7)
    return {
        "ratio": float(score(Counts.of(y, scored.ratio), "ratio")),
        "recall": float(score(Counts.of(y, scored.recall), "recall")),
        "average_precision": float(average_precision_score(y, p)),
        "log_loss": float(log_loss(y, p)),
    }


def fold_of(name: str, k: int, took: dict[str, float]) -> Iterator[dict[str, Any]]:
    """Every peer on one outer fold of one table, but for those done, which took so many seconds."""
    frame = load(name)
    y = frame[TARGET].to_numpy().astype(int)
    train, test = list(StratifiedKFold(3, shuffle=True, random_state=0).split(y, y))[k]
    features = Features.learn(frame[train].drop(TARGET))
    X, X_test = features.transform(frame[train]), features.transform(frame[test])
    heaviest = float((1 - y.mean()) / y.mean())
    seconds = took.get("sweep", 0.0)
    calls: dict[str, Callable[[], Any]] = {
        "sweep": lambda: run_sweep(frame[train], frame[test]),
        "lightgbm": lambda: peers.tuned(partial(peers.lightgbm_of, heaviest=heaviest), X, y[train], X_test, seconds),
        "xgboost": lambda: peers.tuned(partial(peers.xgboost_of, heaviest=heaviest), X, y[train], X_test, seconds),
        "catboost": lambda: peers.fitted(peers.catboost(), X, y[train], X_test),
        "histogram": lambda: peers.fitted(HistGradientBoostingClassifier(random_state=0), X, y[train], X_test),
        "forest": lambda: peers.fitted(peers.forest(), X, y[train], X_test),
        "logistic": lambda: peers.fitted(peers.logistic(), X, y[train], X_test),
        "tuned threshold": lambda: peers.tuned_threshold(X, y[train], X_test),
        "keras": lambda: peers.plain_keras(X, y[train], X_test),
    }
    for peer in PEERS:
        if peer in took:
            continue
        started = time.perf_counter()
        scored, predicted = out if isinstance(out := calls[peer](), tuple) else (out, {})
        spent = time.perf_counter() - started
        seconds = spent if peer == "sweep" else seconds
        yield {"table": name, "fold": k, "peer": peer, **measure(y[test], scored), "seconds": spent, **predicted}


def by_table(rows: list[dict[str, Any]]) -> tuple[list[str], dict[str, np.ndarray], dict[str, np.ndarray]]:
    """The tables, and of each measure the means over a table's folds and their ranks, arrays (tables, peers)."""
    at = {(r["table"], r["fold"], r["peer"]): r for r in rows}
    names = sorted({r["table"] for r in rows})
    folds = {name: [k for k in range(3) if all((name, k, p) in at for p in PEERS)] for name in names}
    means = {
        key: np.array([[np.mean([at[t, k, p][key] for k in folds[t]]) for p in PEERS] for t in names])
        for key in MEASURES
    }
    ranks = {key: np.array([rankdata(row if key == "log_loss" else -row) for row in m]) for key, m in means.items()}
    return names, means, ranks


def summarise(rows: list[dict[str, Any]]) -> str:
    """Mean ranks, mean scores and paired intervals over tables, as Markdown."""
    names, means, ranks = by_table(rows)
    ours = [r for r in rows if r["peer"] == "sweep"]
    lines = [f"{len(ours)} outer folds of {len(names)} tables: {', '.join(names)}.", ""]
    for key, title in MEASURES.items():
        rng = np.random.default_rng(0)
        draws = rng.integers(0, len(names), (2000, len(names)))
        lines += [
            f"### {title}",
            "",
            "| peer | mean rank | mean | sweep minus peer, 95 % over tables |",
            "|---|---|---|---|",
        ]
        for j, peer in enumerate(PEERS):
            low, high = np.quantile((means[key][:, 0] - means[key][:, j])[draws].mean(axis=1), (0.025, 0.975))
            paired = "" if j == 0 else f"{low:+.3f} to {high:+.3f}"
            lines.append(f"| {peer} | {ranks[key][:, j].mean():.2f} | {means[key][:, j].mean():.3f} | {paired} |")
        lines.append("")
        if key == "recall":
            lines += [by_cut(ours, names, means[key]), ""]
    held = [r["predicted"][0] <= r["score"] <= r["predicted"][1] for r in ours]
    seconds = {p: np.median([r["seconds"] for r in rows if r["peer"] == p]) for p in PEERS}
    lines += [
        f"The outer test score lies inside the prediction interval around the corrected score in {sum(held)} of "
        f"{len(held)} folds.",
        "",
        f"Median seconds a fold: {', '.join(f'{p} {s:.0f}' for p, s in seconds.items())}.",
        "",
    ]
    return "\n".join(lines)


def by_cut(ours: list[dict[str, Any]], names: list[str], recall: np.ndarray) -> str:
    """What `sweep` would have in min(R0, R1) if it were decided by a cut, as its peers are, in one line."""
    cut = np.array([np.mean([r["recall_by_cut"] for r in ours if r["table"] == name]) for name in names])
    ranks = rankdata(-np.column_stack([cut, recall[:, 1:]]), axis=1)[:, 0]
    return (
        f"By the cut on the delivered probability that result.json gives (`balances.recall.by_cut`) in place of the "
        f"balance, `sweep` would have a mean rank of {ranks.mean():.2f} and a mean of {cut.mean():.3f}."
    )


def compared(rows: list[dict[str, Any]]) -> str:
    """Means, and in brackets mean ranks, for the README, as Markdown."""
    names, means, ranks = by_table(rows)
    folds = sum(r["peer"] == "sweep" for r in rows)
    lines = [
        f"Means over {folds} outer folds of {len(names)} public tables, in brackets the mean rank of {len(PEERS)}:",
        "",
        f"| | {' | '.join(MEASURES.values())} |",
        "|---|---|---|---|---|",
    ]
    for j, peer in enumerate(PEERS):
        cells = [f"{means[key][:, j].mean():.3f} ({ranks[key][:, j].mean():.1f})" for key in MEASURES]
        lines.append(f"| {LONG[peer]} | {' | '.join(cells)} |")
    return "\n".join([*lines, ""])


@click.command()
@click.option("--table", "tables", multiple=True, type=click.Choice(NAMES), help="Default: all.")
@click.option("--fold", "folds", multiple=True, type=click.IntRange(0, 2), help="Default: all three.")
@click.option("--summary", is_flag=True, help="Only write summary.md from what is there.")
def main(tables: tuple[str, ...], folds: tuple[int, ...], summary: bool) -> None:
    """Measure what is not measured yet."""
    for k in () if summary else folds or range(3):
        for name in tables or NAMES:
            took = {r["peer"]: r["seconds"] for r in read() if (r["table"], r["fold"]) == (name, k)}
            for row in fold_of(name, k, took):
                with SCORES.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(row) + "\n")
                click.echo("  ".join([name, str(k), row["peer"], *(f"{row[m]:.3f}" for m in MEASURES)]))
    (HERE / "summary.md").write_text(summarise(read()), encoding="utf-8")
    before, rest = README.read_text(encoding="utf-8").split(START)
    README.write_text(f"{before}{START}{compared(read())}{END}{rest.split(END)[1]}", encoding="utf-8")


def read() -> list[dict[str, Any]]:
    """What is measured."""
    return [json.loads(line) for line in SCORES.read_text(encoding="utf-8").splitlines()] if SCORES.exists() else []


if __name__ == "__main__":
    main()
