"""Boosted trees as a network: what scikit-learn grows, on each column's rows and weights, and a member of a mean."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier

from sweep.errors import InputError
from sweep.stack.boosting import boost
from sweep.stack.committee import merge
from sweep.stack.network import Stack
from sweep.stack.recipe import Committee, Recipe
from sweep.stack.training import fit

NEAR: dict[str, Any] = {"rtol": 0, "atol": 2e-5}
TREES = 12


def grown(case: Any, **changed: Any) -> Stack:
    given = {"X": case.X, "Y": case.Y.astype(np.float32), "W": case.W.astype(np.float32), **changed}
    return boost(given["X"], given["Y"], given["W"], TREES, init_seed=case.init_seed)


@pytest.fixture(scope="module")
def trees(case: Any) -> Stack:
    return grown(case)


def test_the_network_says_what_scikit_learn_says(case: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """If it failed, a split or a leaf was read wrongly, and all trees would be worth less than they are."""
    models: list[tuple[Any, np.ndarray]] = []
    own = HistGradientBoostingClassifier.fit

    def fitted(model: Any, codes: np.ndarray, *given: Any) -> Any:
        models.append((model, codes))
        return own(model, codes, *given)

    monkeypatch.setattr(HistGradientBoostingClassifier, "fit", fitted)
    monkeypatch.setattr("sweep.stack.boosting.in_threads", lambda function, *given: [*map(function, *given)])
    logits = grown(case).logits(case.X)
    assert len(models) == case.W.shape[1]
    for s, (model, codes) in enumerate(models):
        said = model.decision_function(codes)
        assert np.ptp(said) > 1, "trees that tell rows apart"
        np.testing.assert_allclose(logits[case.W[:, s] > 0, s], said, **NEAR)


def test_many_values_are_told_apart_by_quantiles(case: Any) -> None:
    """If it failed, numbers of large tables would enter by fewer thresholds than scikit-learn takes, or not at all."""
    x = np.random.default_rng(0).permutation(np.linspace(-1, 1, 4000))[:, None]
    y = (np.abs(x) < 0.5).astype(np.float32)
    stack = boost(x, y, np.ones_like(y), TREES, init_seed=np.zeros(1, np.int64))
    called = stack.logits(x) > 0
    assert np.mean(called == y) > 0.99


@pytest.mark.parametrize(("rows", "most"), [(60, 32), (600, 150), (3000, 255)])
def test_few_rows_are_told_apart_by_few_codes(monkeypatch: pytest.MonkeyPatch, rows: int, most: int) -> None:
    """If it failed, trees of some hundred rows and inputs would take 2.4 times as long for bins of one row each."""
    told: list[tuple[int, int]] = []
    own = HistGradientBoostingClassifier.fit

    def fitted(model: Any, codes: np.ndarray, *given: Any) -> Any:
        told.append((model.max_bins, int(codes.max()) + 1))
        return own(model, codes, *given)

    monkeypatch.setattr(HistGradientBoostingClassifier, "fit", fitted)
    x = np.random.default_rng(0).normal(size=(rows, 1))
    boost(x, (x > 1).astype(np.float32), np.ones_like(x, np.float32), TREES, init_seed=np.zeros(1, np.int64))
    assert told == [(most, most)]


def test_rows_without_weight_and_other_columns_play_no_part(case: Any, trees: Stack) -> None:
    """If it failed, a held-out row would have been seen in training, or a fold depend on its neighbours."""
    out = case.W[:, 1] == 0
    X = np.where(out[:, None], 1000.0, case.X)
    np.testing.assert_array_equal(grown(case, X=X).logits(case.X)[:, 1], trees.logits(case.X)[:, 1])
    alone = boost(
        case.X, case.Y[:, [1]].astype(np.float32), case.W[:, [1]].astype(np.float32), TREES,
        init_seed=case.init_seed[[1]],
    )  # fmt: skip
    np.testing.assert_allclose(alone.logits(case.X)[:, 0], trees.logits(case.X)[:, 1], **NEAR)


def test_only_the_proportions_of_the_weights_count_but_they_do(case: Any, trees: Stack) -> None:
    """If it failed, there would be no balance to search."""
    np.testing.assert_allclose(grown(case, W=4 * case.W).logits(case.X), trees.logits(case.X), **NEAR)
    heavier = grown(case, W=np.where(case.Y == 1, 5, 1) * case.W).logits(case.X)
    assert (heavier.mean(axis=0) > trees.logits(case.X).mean(axis=0) + 0.5).all()


def test_trees_are_one_member_of_a_mean(case: Any, trees: Stack, tmp_path: Path) -> None:
    """If it failed, the model delivered would not be the mean whose out-of-fold scores are reported."""
    X, given = case.X, {"seed": 0, "init_seed": case.init_seed}
    Y, W = case.Y.astype(np.float32), case.W.astype(np.float32)
    recipes = Recipe(0, epochs=2, bins=True), Recipe(trees=TREES), Recipe(2, 8, epochs=2)
    each = [fit(X, Y, W, recipe, **given).logits(X) for recipe in recipes]
    np.testing.assert_array_equal(each[1], trees.logits(X))
    merged = fit(X, Y, W, Committee(recipes, (1.0,) * 3), **given)
    np.testing.assert_allclose(merged.logits(X), np.mean(each, axis=0), **NEAR)
    np.testing.assert_allclose(merged.column(4)(X).numpy(), np.mean(each, axis=0)[:, [4]], **NEAR)
    np.testing.assert_array_equal(merged.take([5, 0]).logits(X), merged.logits(X)[:, [5, 0]])
    np.testing.assert_array_equal(
        Stack.join([merged.take([3]), merged.take([1])]).logits(X), merged.logits(X)[:, [3, 1]]
    )
    merged.save(tmp_path / "stack.npz")
    np.testing.assert_array_equal(Stack.load(tmp_path / "stack.npz").logits(X), merged.logits(X))
    with pytest.raises(InputError, match="at most one stack of boosted trees; got 2"):
        merge([trees, trees], (1, 1))
