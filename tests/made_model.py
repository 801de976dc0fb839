"""A small trained ensemble on a table with awkward names, levels and missing values, delivered once for all tests."""

from typing import Any

import numpy as np
import polars as pl
import pytest

from sweep.data.features import Features
from sweep.model.export import export
from sweep.model.layers import build
from sweep.stack.design import all_rows
from sweep.stack.network import Stack
from sweep.stack.recipe import Committee, Recipe
from sweep.stack.training import fit

RATIO = 5.0
CALIBRATION = (0.1, 0.9)
THRESHOLD = 0.3  # on the mean logit: another than where the weights put it


def make_frame(rows: Any, seed: Any) -> pl.DataFrame:
    """As `read_table` gives it: numbers, truth values and text, null where missing."""
    rng = np.random.default_rng(seed)
    age = rng.normal(50, 10, rows)
    age[rng.random(rows) < 0.1] = np.nan
    colours = np.array(["red", "grün <b>", "[other0]", 'it\'s, "so"', None], dtype=object)
    return pl.DataFrame(
        {
            "age in years": pl.Series(age, nan_to_null=True),
            "$/<cost>": 1e9 + rng.normal(0, 1, rows),
            "größe": rng.integers(0, 5, rows),
            "self": pl.Series(rng.choice(colours, rows), dtype=pl.String),
            "a b": rng.choice(["yes", "no"], rows),
            "a_b": rng.random(rows) < 0.5,
            "standardise": rng.choice(["x", "y", "z"], rows),
        }
    )


@pytest.fixture(scope="session")
def frame() -> Any:
    return make_frame(400, 0)


@pytest.fixture(scope="session")
def features(frame: Any) -> Any:
    return Features.learn(frame)


@pytest.fixture(scope="session")
def labels(frame: Any) -> Any:
    score = frame["größe"].to_numpy() + 2 * (frame["self"] == "red").fill_null(False).to_numpy()
    return (score + np.random.default_rng(1).normal(size=len(score)) > 4.5).astype(int)


@pytest.fixture(scope="session")
def stack(frame: Any, features: Any, labels: Any) -> Any:
    """Two balances x two repeats, with bins."""
    return trained(frame, features, labels, bins=True)


@pytest.fixture(scope="session")
def plain(frame: Any, features: Any, labels: Any) -> Any:
    """The same without bins."""
    return trained(frame, features, labels, bins=False)


@pytest.fixture(scope="session")
def additive(frame: Any, features: Any, labels: Any) -> Any:
    """The same with bins and no hidden layer."""
    return trained(frame, features, labels, bins=True, depth=0)


@pytest.fixture(scope="session")
def boosted(frame: Any, features: Any, labels: Any) -> Any:
    """The mean of the same with bins and boosted trees."""
    recipes = Recipe(depth=1, width=16, epochs=20, batch_size=64, bins=True), Recipe(trees=20)
    return of_all_rows(frame, features, labels, Committee(recipes, (1.0, 1.0)))


def trained(frame: Any, features: Any, labels: Any, *, bins: Any, depth: int = 2) -> Any:
    recipe = Recipe(depth=depth, width=16, epochs=20, batch_size=64, bins=bins)
    return of_all_rows(frame, features, labels, recipe)


def of_all_rows(frame: Any, features: Any, labels: Any, recipe: Recipe | Committee) -> Any:
    design = all_rows(labels, most=[0.9, 0.5], repeats=2, seed=0)
    return fit(features.transform(frame), design.Y, design.W, recipe, seed=0, init_seed=design.init_seed)


@pytest.fixture(scope="session")
def card(labels: Any) -> dict[str, Any]:
    rows = {"rows": len(labels), "positives": int(labels.sum())}
    return {
        "name": "t",
        "most": 0.9,
        "missing": ["?", "-999"],
        "target": "ill",
        "scores": {"recall": [0.9, None]},
        **rows,
    }


@pytest.fixture(scope="session")
def model(stack: Stack, features: Any, card: Any) -> Any:
    return build(
        stack.take([0, 1]), features, weight_ratio=RATIO, card=card, calibration=CALIBRATION, threshold=THRESHOLD
    )


@pytest.fixture(scope="session")
def delivered(model: Any, frame: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A folder with model.keras."""
    folder = tmp_path_factory.mktemp("delivered")
    export(model, folder / "best", frame=frame)
    return folder / "best"


@pytest.fixture(scope="session")
def expected(stack: Stack, features: Any) -> Any:
    """From a table to probability and decision, by the definition in STATISTICS.md, in NumPy."""

    def compute(table: Any) -> Any:
        logit = stack.take([0, 1]).logits(features.transform(table)).mean(axis=1, dtype=np.float64)
        intercept, slope = CALIBRATION
        return 1 / (1 + np.exp(-(intercept + slope * (logit - np.log(RATIO))))), (logit > THRESHOLD).astype(int)

    return compute
