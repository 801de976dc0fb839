"""How the search proposes trials: TPE against random, quasi-random and grid search; and how noisy one trial is.

`python studies/benchmarks/quality/sampler.py` trains every network of a grid on two tables, once, as the trials of a
run would (`sweep.search.trial.evaluate`), keeps their scores in sampler.json, and then lets the samplers search that
grid: a proposal scores what the nearest point of the grid scored. So a sampler's luck can be averaged over many seeds.
The noise of a trial is that of its score over seeds, at the same folds, for 1, 2 and 4 repeats.
"""

import json
import math
import warnings
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

import click
import numpy as np
import optuna
from tables import TARGET, load

from sweep.class_weight import balance_grid, weight_ratio
from sweep.data.features import Features
from sweep.data.folds import fold_of_row
from sweep.search.setup import TrialSetup
from sweep.search.trial import evaluate
from sweep.stack.recipe import default_batch_size, default_epochs
from sweep.study.params import Params
from sweep.study.space import WARM_UP_TRIALS

HERE = Path(__file__).parent
FILE = HERE / "sampler.json"
TABLES = ("hypothyroid", "made")
POINTS, DEPTHS, WIDTHS = 7, (1, 2, 3), (32, 64, 128, 256)
TRIALS, SEEDS, NEAR = 50, 50, 0.98
REPEATED = ((1, 32), (2, 64))  # networks that are trained with many seeds
SAMPLERS: dict[str, Callable[[int], optuna.samplers.BaseSampler]] = {
    f"TPE after {WARM_UP_TRIALS} random trials": lambda seed: tpe(seed, WARM_UP_TRIALS),
    "TPE after 5": lambda seed: tpe(seed, 5),
    "TPE after 20": lambda seed: tpe(seed, 20),
    "random": lambda seed: optuna.samplers.RandomSampler(seed=seed),
    "quasi-random": lambda seed: optuna.samplers.QMCSampler(seed=seed, scramble=True),
    "grid": lambda seed: optuna.samplers.GridSampler(
        {"most": np.linspace(0, 1, 4).tolist(), "depth": [*DEPTHS], "width": [*WIDTHS]}, seed=seed
    ),
}


def tpe(seed: int, warm_up: int) -> optuna.samplers.TPESampler:
    """Optuna's default sampler, after so many random trials."""
    return optuna.samplers.TPESampler(seed=seed, n_startup_trials=warm_up)


def setup_of(name: str, *, repeats: int, seed: int) -> tuple[np.ndarray, TrialSetup]:
    """A table as `sweep run` has it, but for its fold split: that of seed 0."""
    frame = load(name)
    y = frame[TARGET].to_numpy().astype(int)
    X = Features.learn(frame.drop(TARGET)).transform(frame)
    rows = np.arange(len(y))
    setup = TrialSetup(
        y, fold_of_row(y, rows, 5, 0), rows, repeats=repeats, epochs=default_epochs(len(y)),
        batch_size=default_batch_size(len(y)), equal="precision", seed=seed,
    )  # fmt: skip
    return X, setup


def measure(name: str) -> dict[str, Any]:
    """Scores of every point of the grid, and of some of them with other seeds and 1, 2 and 4 repeats."""
    X, setup = setup_of(name, repeats=2, seed=0)
    share = float(setup.y.mean())
    mosts = balance_grid(share, POINTS, low=0.5, high=1.0).tolist()
    grid = []
    for most, depth, width in product(mosts, DEPTHS, WIDTHS):
        outcome = evaluate(X, setup, Params(most, depth, width), {}, None)
        assert outcome is not None
        grid.append({"most": most, "depth": depth, "width": width, "score": setup.score(outcome.logits)})
    noise = []
    for (depth, width), most in product(REPEATED, mosts[1:6:2]):
        scores: dict[str, list[float]] = {"1": [], "2": [], "4": []}
        for seed in range(1, 5):
            X, setup = setup_of(name, repeats=4, seed=seed)
            outcome = evaluate(X, setup, Params(most, depth, width), {}, None)
            assert outcome is not None
            for repeats in scores:
                scores[repeats].append(setup.score(outcome.logits[:, : int(repeats)]))
        noise.append({"most": most, "depth": depth, "width": width, "scores": scores})
    return {"share": share, "grid": grid, "noise": noise}


def searched(found: dict[str, Any], sampler: optuna.samplers.BaseSampler) -> np.ndarray:
    """The best score so far after each of `TRIALS` trials on a table's grid."""
    mosts = sorted({point["most"] for point in found["grid"]})
    logs = [math.log(weight_ratio(most, found["share"])) for most in mosts]
    scores = {(p["most"], p["depth"], p["width"]): p["score"] for p in found["grid"]}
    study = optuna.create_study(direction="maximize", sampler=sampler)
    is_grid = isinstance(sampler, optuna.samplers.GridSampler)
    values: list[float] = []

    def objective(trial: optuna.Trial) -> float:
        if is_grid:  # even in the log of the weight ratio, as a grid would be laid by hand
            log = logs[-1] * trial.suggest_float("most", 0, 1)
        else:
            log = math.log(weight_ratio(trial.suggest_float("most", mosts[0], mosts[-1]), found["share"]))
        most = mosts[int(np.argmin(np.abs(np.array(logs) - log)))]
        depth, width = trial.suggest_int("depth", 1, 3), trial.suggest_categorical("width", WIDTHS)
        values.append(scores[most, depth, width])
        return values[-1]

    study.optimize(objective, n_trials=TRIALS)  # a grid ends when it is through
    return np.maximum.accumulate(np.pad(values, (0, TRIALS - len(values)), mode="edge"))


def summarise(tables: dict[str, Any]) -> str:
    """What the samplers reached, and the noise, as Markdown."""
    lines = [
        f"{SEEDS} searches a sampler and table over {POINTS} balances x {len(DEPTHS)} depths x {len(WIDTHS)} widths; "
        f"near: within 2 % of the best of all of them.",
        "",
        "| table | sampler | median trials until near | near within 50 | best after 20, mean | best after 50, mean |",
        "|---|---|---|---|---|---|",
    ]
    for name, found in tables.items():
        top = max(point["score"] for point in found["grid"])
        for sampler, build in SAMPLERS.items():
            best = np.array([searched(found, build(seed)) for seed in range(SEEDS)])
            near = best >= NEAR * top
            first = np.where(near.any(axis=1), near.argmax(axis=1) + 1, TRIALS + 1)
            middle = np.median(first)
            lines.append(
                f"| {name} | {sampler} | {f'{middle:.0f}' if middle <= TRIALS else f'> {TRIALS}'} | "
                f"{near.any(axis=1).sum()} of {SEEDS} | {best[:, 19].mean():.3f} | {best[:, -1].mean():.3f} |"
            )
    lines += [
        "",
        "| table | repeats | SD of one trial's score over seeds | SD between the networks and balances of the grid |",
        "|---|---|---|---|",
    ]
    for name, found in tables.items():
        between = np.std([point["score"] for point in found["grid"]])
        for repeats in ("1", "2", "4"):
            noise = np.sqrt(np.mean([np.var(point["scores"][repeats], ddof=1) for point in found["noise"]]))
            lines.append(f"| {name} | {repeats} | {noise:.4f} | {between:.4f} |")
    return "\n".join([*lines, ""])


@click.command()
def main() -> None:
    """Measure the tables that are not measured yet, and write sampler.md."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)  # of the quasi-random sampler
    tables = json.loads(FILE.read_text(encoding="utf-8")) if FILE.exists() else {}
    for name in TABLES:
        if name not in tables:
            tables[name] = measure(name)
            FILE.write_text(json.dumps(tables), encoding="utf-8")
            click.echo(name)
    (HERE / "sampler.md").write_text(summarise(tables), encoding="utf-8")


if __name__ == "__main__":
    main()
