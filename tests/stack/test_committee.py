"""Several networks merged into one: exactly their mean, column by column."""

from typing import Any

import numpy as np
import pytest

from sweep.errors import InputError
from sweep.stack.committee import merge
from sweep.stack.recipe import Committee, Recipe
from sweep.stack.training import fit

NEAR: dict[str, Any] = {"rtol": 0, "atol": 2e-5}
SHAPES = ((0, 16, True), (1, 8, False), (3, 4, True))  # depth, width, bins


def test_a_merged_network_is_the_weighted_mean_of_its_members(case: Any) -> None:
    """If it failed, the model delivered would not be the mean whose out-of-fold scores are reported."""
    X = case.X
    stacks = [case.train(depth=depth, width=width, bins=bins, epochs=2) for depth, width, bins in SHAPES]
    merged = merge(stacks, (1, 2, 1))
    mean = sum(share * stack.logits(X) for share, stack in zip((0.25, 0.5, 0.25), stacks, strict=True))
    np.testing.assert_allclose(merged.logits(X), mean, **NEAR)
    np.testing.assert_allclose(merged.column(4)(X).numpy(), mean[:, [4]], **NEAR)
    assert [kernel.shape[2] for kernel in merged.parameters[::2]] == [2 + 8 + 4, 2 + 2 + 4, 2 + 2 + 4, 1]


def test_networks_without_a_hidden_layer_stay_without(case: Any) -> None:
    """If it failed, two linear networks would come out as something that cannot be exported."""
    plain, binned = (case.train(depth=0, bins=bins, epochs=1) for bins in (False, True))
    merged = merge([plain, binned], (1, 1))
    assert len(merged.parameters) == 2
    np.testing.assert_allclose(merged.logits(case.X), (plain.logits(case.X) + binned.logits(case.X)) / 2, **NEAR)


def test_a_committee_is_trained_member_by_member(case: Any) -> None:
    """If it failed, an averaged network would be trained by another recipe than its members were judged by."""
    recipes = Recipe(depth=1, width=8, epochs=2), Recipe(depth=0, epochs=3, bins=True)
    Y, W = case.Y.astype(np.float32), case.W.astype(np.float32)
    given: dict[str, Any] = {"seed": 0, "init_seed": np.zeros(W.shape[1], np.int64)}
    each = [fit(case.X, Y, W, recipe, **given).logits(case.X) for recipe in recipes]
    together = fit(case.X, Y, W, Committee(recipes, (1.0, 1.0)), **given)
    np.testing.assert_allclose(together.logits(case.X), np.mean(each, axis=0), **NEAR)


@pytest.mark.parametrize("weights", [(1.0,), (1.0, 0.0), (1.0, -1.0)])
def test_each_member_has_a_weight(stack: Any, weights: tuple[float, ...]) -> None:
    """If it failed, a member would be left out, or counted against itself, unseen."""
    with pytest.raises(InputError, match="a weight above 0 for each of its 2 stacks"):
        merge([stack, stack], weights)
