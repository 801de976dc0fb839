"""class_weights.json is usable as it is, by every library that it is said to be for."""

import ast
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
import pytest
import xgboost
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression

from sweep.class_weight import class_weights, weight_matrix, weights_of_ratio
from sweep.stack.backend import keras


@pytest.fixture(scope="module")
def table() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(600, 4)).astype(np.float32)
    return X, (X[:, 0] + rng.normal(size=600) > 2).astype(int)


@pytest.fixture(scope="module")
def weights(table: tuple[np.ndarray, np.ndarray]) -> Any:
    return json.loads(json.dumps(class_weights(table[1], 0.9)))


@given(st.integers(1, 200), st.integers(1, 200), st.floats(0.5, 1))
def test_is_the_recipe(negatives: int, positives: int, most: float) -> None:
    """Else the exported weights are not those that the networks were trained with."""
    y = np.repeat([0, 1], [negatives, positives])
    weights = class_weights(y, most)
    W = weight_matrix(y, most)
    assert (weights["0"], weights["1"]) == (W[0], W[-1])
    assert weights["scale_pos_weight"] == weights["weight_ratio"] == W[-1] / W[0]
    assert weights_of_ratio(weights["weight_ratio"], most) == pytest.approx(weights)


def test_keras(table: tuple[np.ndarray, np.ndarray], weights: Any) -> None:
    """Else Keras' class_weight does not weigh each row as the weight matrix does."""
    X, y = table

    def fit(**how: Any) -> Any:
        keras.utils.set_random_seed(0)
        model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1, "sigmoid")])
        model.compile("sgd", "binary_crossentropy")
        model.fit(X, y, batch_size=600, epochs=3, shuffle=False, verbose=0, **how)
        return model.predict(X, verbose=0)

    by_class = fit(class_weight={int(label): weights[label] for label in ("0", "1")})
    np.testing.assert_allclose(by_class, fit(sample_weight=weight_matrix(y, 0.9).astype(np.float32)), atol=1e-6)


def test_scikit_learn(table: tuple[np.ndarray, np.ndarray], weights: Any) -> None:
    """Else scikit-learn's class_weight does not take the file's numbers."""
    X, y = table
    by_class = LogisticRegression(class_weight={int(label): weights[label] for label in ("0", "1")}).fit(X, y)
    by_row = LogisticRegression().fit(X, y, sample_weight=weight_matrix(y, 0.9))
    np.testing.assert_allclose(by_class.coef_, by_row.coef_, atol=1e-5)


@pytest.mark.parametrize("library", ["lightgbm", "xgboost"])
def test_gradient_boosters(table: tuple[np.ndarray, np.ndarray], weights: Any, library: str) -> None:
    """Else scale_pos_weight is upside down, or not the ratio of the two weights."""
    X, y = table

    def fit(sample_weight: Any = None, **how: Any) -> Any:
        how |= {"n_estimators": 5, "n_jobs": 1, "min_child_weight": 0}
        if library == "lightgbm":  # starts from 0: its start from the mean label knows no scale_pos_weight
            model = lightgbm.LGBMClassifier(boost_from_average=False, verbose=-1, **how)
            return model.fit(X, y, sample_weight=sample_weight).booster_.predict(X, raw_score=True)
        model = xgboost.XGBClassifier(base_score=0.5, tree_method="exact", **how)
        return model.fit(X, y, sample_weight=sample_weight).predict(X, output_margin=True)

    by_scale = fit(scale_pos_weight=weights["scale_pos_weight"])
    by_row = fit(sample_weight=np.where(y == 1, weights["1"] / weights["0"], 1.0))
    np.testing.assert_allclose(by_scale, by_row, atol=1e-3)
    assert by_scale.mean() > fit().mean() + 0.1


def test_bad_input_is_named() -> None:
    """Else a label column of one class gives a division by zero or a weight for a class that is not there."""
    for y in (np.zeros(3), np.ones(3)):
        with pytest.raises(ValueError, match="both classes"):
            class_weights(y)
    with pytest.raises(ValueError, match="shape"):
        class_weights(np.zeros((3, 2)))
    with pytest.raises(ValueError, match="most"):
        class_weights(np.array([0, 1]), 0.4)


def test_loads_nothing_slow(tmp_path: Path) -> None:
    """Else `sweep weights` takes eight seconds, or more than the one that it may take."""
    (tmp_path / "t.csv").write_text("x,y\n1,0\n2,0\n3,1\n")
    code = "import sys; from sweep.cli import cli; cli(sys.argv[1:], standalone_mode=False); print(*sys.modules)"
    command = [sys.executable, "-c", code, "weights", "t.csv", "--target", "y"]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    loaded = {name.split(".")[0] for name in run.stdout.splitlines()[-1].split()}
    assert not loaded & {"tensorflow", "keras", "scipy", "sklearn", "optuna", "matplotlib", "pandas"}


FORMULAS = {  # as they are written where they are written once, and as a second copy would have them
    "the weight of an entry": r"1 / \(2 \*|0\.5 / \(?(b|m|share|prevalence)\b",
    "its inverse": r"/ \(1(\.0)? \+ ratios?\)",
    "the cap on the share": r"clip\([^\n]*1 - (most|caps?)",
    "the weight ratio": r"\(1 - (b|m|prevalence)\) / (b|m|prevalence)\b",
    "the grid": r"geomspace\((first|1\.0|low)",
    "undoing": r"[-+] (slope \* )?(np\.|math\.|tf\.math\.)?log\([^\n]*(ratio|w1)",
}


@pytest.mark.parametrize("formula", FORMULAS)
def test_is_written_once(formula: Any) -> None:
    """If it failed, a change of the recipe would leave a second copy behind, and numbers would disagree."""
    package = Path(__file__).parents[1] / "sweep"
    code = {str(path.relative_to(package)): without_docstrings(path) for path in package.rglob("*.py")}
    homes = {name for name, text in code.items() if re.search(FORMULAS[formula], text)}
    assert homes - ({"model/numpy_reader.py"} if formula == "undoing" else set()) == {"class_weight.py"}


def without_docstrings(path: Path) -> str:
    """Read a module's code as Python prints it: no docstrings, no comments."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            node.value = ast.Constant(value=...)
    return ast.unparse(tree)
