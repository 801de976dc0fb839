"""What each part of the recipe is worth: the default, and the default with one part left out or changed.

`python studies/benchmarks/quality/recipe.py` appends to recipe.jsonl what is not there yet, a process a variant, and
writes recipe.md. On each development table but the slowest and those of compared.py alone (`TABLES`; the tables of
the study itself had no part in the choice) a variant trains two networks, five-fold, weighted half-way to the even
weighting; their mean stands for the table. Weight decay and dropout are those of a width of about 90: see
compared.py.
"""

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
import numpy as np
from scipy.special import expit
from sklearn.metrics import average_precision_score, log_loss
from sklearn.model_selection import StratifiedKFold
from tables import DEVELOPMENT, TARGET, load

from sweep.balance.criteria import moved_cut, score
from sweep.balance.metrics import Counts
from sweep.data.features import Features
from sweep.stack import engine, first_layer, network
from sweep.stack.backend import tf
from sweep.stack.recipe import Recipe, default_epochs
from sweep.stack.training import fit
from sweep.stack.weights import cross_validation

HERE = Path(__file__).parent
FILE = HERE / "recipe.jsonl"
NETWORKS = ((2, 64), (3, 64))
SLOW = ("seed-1", "seed-2", "wide")
LATER = ("cleveland-0_vs_4", "kr-vs-k-zero-one_vs_draw", "kr-vs-k-zero_vs_eight")
TABLES = [name for name in DEVELOPMENT if name not in (*SLOW, *LATER)]
Change = Callable[[dict[str, Any]], None]


def setting(**values: Any) -> Change:
    """Change settings of the recipe, or `repeats`, or the `times` that the epochs are multiplied by."""
    return lambda how: how.update(values)


def patch(owner: Any, **names: Any) -> Change:
    """Change names of a module or a class."""
    return lambda how: [setattr(owner, name, value) for name, value in names.items()] and None


def activation(function: Callable[[Any], Any]) -> Change:
    """Another activation."""

    def change(how: dict[str, Any]) -> None:
        network.silu_dropout = lambda x, kept: function(x) * kept
        tf.nn.silu = function

    return change


def mean_and_deviation(values: np.ndarray) -> tuple[float, float, np.ndarray]:
    """Instead of median and interquartile range."""
    spread = values.std() if len(values) else 0.0
    centre, scale = (float(values.mean()), float(1 / spread)) if spread > 0 else (0.0, 0.0)
    return centre, scale, np.zeros(first_layer.BINS + 1)


def even_start(layer: Any, init_seed: np.ndarray, prior: np.ndarray, recipe: Recipe) -> list[np.ndarray]:
    """Initial output bias 0."""
    return initial(layer, init_seed, np.full_like(prior, 0.5), recipe)


initial = engine.initial_parameters
VARIANTS: dict[str, Change] = {
    "default": setting(),
    "inputs without a gain": patch(engine, GAIN_RATE=1e-3),  # held as a thousandfold of itself: it stays where it is
    "mean and standard deviation": patch(first_layer, _of_feature=mean_and_deviation),
    "quantile bins of each number": setting(bins=True),
    "relu": activation(tf.nn.relu),
    "output bias from 0": patch(engine, initial_parameters=even_start),
    "no weight decay": setting(weight_decay=0.0),
    "weight decay the same for all tables": patch(engine, rarer_rows=lambda Y, W: np.full(W.shape[1], engine.DECAY_AT)),
    "no dropout": setting(dropout=0.0),
    "constant learning rate": patch(engine, schedule=lambda done: np.minimum(done / engine.WARM_UP, 0.5)),
    "deeper networks at the full rate": patch(Recipe, peak=property(lambda recipe: recipe.learning_rate)),
    "batches of 256": setting(batch_size=256),
    "half the epochs": setting(times=0.5),
    "twice the epochs": setting(times=2),
    "1 repeat": setting(repeats=1),
    "4 repeats": setting(repeats=4),
}


def measure(variant: str) -> dict[str, Any]:
    """Score a variant on every development table."""
    how: dict[str, Any] = {"weight_decay": 0.45, "dropout": 0.3}
    VARIANTS[variant](how)
    repeats, times = how.pop("repeats", 2), how.pop("times", 1)
    tables = {}
    for name in TABLES:
        frame = load(name)
        y = frame[TARGET].to_numpy().astype(int)
        X = Features.learn(frame.drop(TARGET)).transform(frame)
        tables[name] = mean_of(X, y, how, repeats, times)
    return {"variant": variant, "tables": tables}


def mean_of(X: np.ndarray, y: np.ndarray, how: dict[str, Any], repeats: int, times: float) -> list[float]:
    """min(P1, R1) at the FP = FN cut, average precision, log loss as a share of a constant's: means over networks."""
    folds = np.empty(len(y), int)
    for k, (_, rows) in enumerate(StratifiedKFold(5, shuffle=True, random_state=0).split(y, y)):
        folds[rows] = k
    ratio = np.sqrt((1 - y.mean()) / y.mean())
    design = cross_validation(y, folds, most=[ratio / (1 + ratio)], repeats=repeats, seed=0)
    epochs = max(1, round(times * default_epochs(len(y))))
    found = []
    for depth, width in NETWORKS:
        recipe = replace(Recipe(depth=depth, width=width, epochs=epochs), **how)
        stack = fit(X, design.Y, design.W, recipe, seed=0, init_seed=design.init_seed)
        logits = design.out_of_fold(stack.logits(X))[:, 0].mean(axis=1)
        precisions = [average_precision_score(y[folds == k], logits[folds == k]) for k in range(5)]
        p = np.clip(expit(logits - np.log(ratio)), 1e-7, 1 - 1e-7)
        found.append(
            [
                float(score(Counts.of(y, logits > moved_cut(y, logits)))),
                float(np.mean(precisions)),
                float(log_loss(y, p) / log_loss(y, np.full(len(y), y.mean()))),
            ]
        )
    return np.mean(found, axis=0).tolist()


def summarise(rows: list[dict[str, Any]]) -> str:
    """Means over the tables, and each variant less the default with paired intervals, as Markdown."""
    at = {r["variant"]: np.array([r["tables"][name] for name in TABLES]) for r in rows}
    rng = np.random.default_rng(0)
    draws = rng.integers(0, len(TABLES), (4000, len(TABLES)))
    lines = [
        f"Means of {len(NETWORKS)} networks on each of {len(TABLES)} tables; differences to the default with 95 % "
        "intervals over tables. Log loss is a share of that of always saying the share of positives.",
        "",
        "| variant | min(P1, R1) | difference | average precision | difference | log loss |",
        "|---|---|---|---|---|---|",
    ]
    for variant in (v for v in VARIANTS if v in at):
        mean, less = at[variant].mean(axis=0), at[variant] - at["default"]
        low, high = np.quantile(less[draws].mean(axis=1), (0.025, 0.975), axis=0)
        told = [
            "" if variant == "default" else f"{less[:, m].mean():+.3f} ({low[m]:+.3f} to {high[m]:+.3f})"
            for m in (0, 1)
        ]
        scores = f"{mean[0]:.3f} | {told[0]} | {mean[1]:.3f} | {told[1]} | {mean[2]:.3f}"
        lines.append(f"| {variant} | {scores} |")
    return "\n".join([*lines, ""])


def read() -> list[dict[str, Any]]:
    """What is measured."""
    return [json.loads(line) for line in FILE.read_text(encoding="utf-8").splitlines()] if FILE.exists() else []


@click.command()
@click.option("--only", type=click.Choice(list(VARIANTS)), help="Measure this variant, and print it.")
def main(only: str | None) -> None:
    """Measure the variants that are not measured yet, each in a process of its own."""
    if only:
        click.echo(json.dumps(measure(only)))
        return
    for variant in [v for v in VARIANTS if v not in {r["variant"] for r in read()}]:
        done = subprocess.run([sys.executable, __file__, "--only", variant], check=True, stdout=subprocess.PIPE)
        with FILE.open("ab") as file:
            file.write(done.stdout)
        click.echo(variant)
    (HERE / "recipe.md").write_text(summarise(read()), encoding="utf-8")


if __name__ == "__main__":
    main()
