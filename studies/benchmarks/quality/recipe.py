"""What each part of the recipe is worth: the default, and the default with one part left out or changed.

`python studies/benchmarks/quality/recipe.py` appends to recipe.jsonl what is not there yet, a process a variant, and
writes recipe.md. Tables, how a network is taken and how it is scored are those of compared.py's bins, without bins.
"""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import compared
import numpy as np
from compared import COMPARISONS, Comparison, read, summarise

from sweep.stack import engine, network, preprocessing
from sweep.stack.backend import tf
from sweep.stack.recipe import Recipe, default_epochs

HERE = Path(__file__).parent
FILE = HERE / "recipe.jsonl"
Change = Callable[[dict[str, Any]], None]


def setting(**values: Any) -> Change:
    """Change settings of the recipe."""
    return lambda settings: settings.update(values)


def patch(owner: Any, **names: Any) -> Change:
    """Change names of a module or a class."""
    return lambda settings: [setattr(owner, name, value) for name, value in names.items()] and None


def repeats(number: int) -> Change:
    """Another number of networks an ensemble."""
    return patch(compared, REPEATS=number)


def epochs(times: float) -> Change:
    """The epochs multiplied."""
    return patch(compared, default_epochs=lambda rows: round(times * default_epochs(rows)))


def activation(function: Callable[[Any], Any]) -> Change:
    """Another activation."""

    def change(settings: dict[str, Any]) -> None:
        network.silu_dropout = lambda x, kept: function(x) * kept
        tf.nn.silu = function

    return change


def mean_and_deviation(values: np.ndarray) -> tuple[float, float, np.ndarray]:
    """Instead of median and interquartile range."""
    spread = values.std() if len(values) else 0.0
    centre, scale = (float(values.mean()), float(1 / spread)) if spread > 0 else (0.0, 0.0)
    return centre, scale, np.zeros(preprocessing.BINS + 1)


def even_start(layer: Any, init_seed: np.ndarray, prior: np.ndarray, recipe: Recipe) -> list[np.ndarray]:
    """Initial output bias 0."""
    return initial(layer, init_seed, np.full_like(prior, 0.5), recipe)


initial = engine.initial_parameters
VARIANTS: dict[str, Change] = {
    "default": setting(),
    "inputs without a gain": patch(engine, GAIN_RATE=1e-3),  # held as a thousandfold of itself: it stays where it is
    "mean and standard deviation": patch(preprocessing, _of_feature=mean_and_deviation),
    "relu": activation(tf.nn.relu),
    "output bias from 0": patch(engine, initial_parameters=even_start),
    "no weight decay": setting(weight_decay=0.0),
    "weight decay the same for all tables": patch(engine, rarer_rows=lambda Y, W: np.full(W.shape[1], engine.DECAY_AT)),
    "no dropout": setting(dropout=0.0),
    "weight decay and dropout the same for all widths": setting(weight_decay=0.45, dropout=0.3),
    "constant learning rate": patch(engine, schedule=lambda done: np.minimum(done / engine.WARM_UP, 0.5)),
    "deeper networks at the full rate": patch(Recipe, peak=property(lambda recipe: recipe.learning_rate)),
    "batches of 256": setting(batch_size=256),
    "half the epochs": epochs(0.5),
    "twice the epochs": epochs(2),
    "1 repeat": repeats(1),
    "4 repeats": repeats(4),
}
COMPARISON = Comparison("left out or changed", VARIANTS, COMPARISONS["bins"].tables, ((1, 32), (2, 64), (3, 128)))


@click.command()
@click.option("--only", type=click.Choice(list(VARIANTS)), help="Measure this variant, and print it.")
def main(only: str | None) -> None:
    """Measure the variants that are not measured yet, each in a process of its own."""
    if only:
        settings: dict[str, Any] = {}
        VARIANTS[only](settings)
        for table in COMPARISON.tables:
            folds = compared.measure(settings, COMPARISON.networks, table)
            click.echo(json.dumps({"variant": only, "table": table, "folds": folds}))
        return
    for variant in [v for v in VARIANTS if v not in {row["variant"] for row in read(FILE)}]:
        done = subprocess.run([sys.executable, __file__, "--only", variant], check=True, stdout=subprocess.PIPE)
        with FILE.open("ab") as file:
            file.write(done.stdout)
        click.echo(variant)
    (HERE / "recipe.md").write_text(summarise(COMPARISON, read(FILE)), encoding="utf-8")


if __name__ == "__main__":
    main()
