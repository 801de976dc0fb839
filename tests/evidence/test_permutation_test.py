"""The test for signal: shuffles that keep what they must, p-values that mean what they say."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sweep.data.folds import fold_of_row
from sweep.evidence import permutation_test as module
from sweep.evidence.permutation_test import epochs, measure_signal, shuffled
from sweep.parallel.workers import Workers
from sweep.search.setup import TrialSetup
from sweep.stack.design import label_shuffles


def setup(y: Any, *, seed: int = 0, folds: int = 3) -> TrialSetup:
    units = np.arange(len(y))
    parts = fold_of_row(y, units, folds, seed)
    return TrialSetup(y, parts, units, repeats=1, epochs=2, batch_size=64, equal="precision", seed=seed)


@given(st.integers(0, 10_000), st.lists(st.integers(1, 4), min_size=20, max_size=60))
def test_a_shuffle_keeps_the_positives_of_every_fold_and_copies_together(seed: int, sizes: list[int]) -> None:
    rng = np.random.default_rng(seed)
    units = np.repeat(np.arange(len(sizes)), sizes)
    folds = rng.integers(0, 3, len(sizes))[units]
    y = (rng.random(len(sizes)) < 0.4).astype(int)[units]  # rows of a group agree
    labels = shuffled(y, units, folds, 5, rng)
    for fold in range(3):
        kept = labels[folds == fold].sum(axis=0)
        assert (kept == y[folds == fold].sum()).all(), "a shuffle moved positives from fold to fold"
    of_size = {size: [u for u in range(len(sizes)) if sizes[u] == size] for size in set(sizes)}
    for members in of_size.values():
        for fold in range(3):
            here = [u for u in members if folds[units == u][0] == fold]
            if len(here) >= module.COMMON:
                for u in here:
                    spread = np.ptp(labels[units == u], axis=0)
                    assert not spread.any(), "copies of a row were given labels that differ, where theirs agreed"


def test_shuffles_differ_from_the_labels_and_from_each_other() -> None:
    y = np.repeat([0, 1], [80, 20])
    labels = shuffled(y, np.arange(100), np.arange(100) % 3, 50, np.random.default_rng(0))
    assert len(np.unique(labels, axis=1).T) == 50, "shuffles repeat"
    assert abs(labels[:80].mean() - 0.2) < 0.02, "a shuffle prefers some rows: p would not be uniform without signal"


def test_the_design_takes_each_column_for_its_own_labels() -> None:
    labels = np.array([[1, 0], [0, 1], [1, 1], [0, 0], [1, 0], [0, 1]])
    folds = np.array([0, 0, 1, 1, 2, 2])
    design = label_shuffles(labels, folds, most=0.5, seed=0)
    for column, (label, fold) in enumerate((label, fold) for label in range(2) for fold in range(3)):
        assert (design.Y[:, column] == labels[:, label]).all(), "a column has another's labels"
        assert ((design.W[:, column] == 0) == (folds == fold)).all(), "a column trains on rows that it holds out"
    assert len(set(design.init_seed)) == 1, "columns differ in more than their labels: p would not be exact"


def test_weights_of_a_shuffle_are_those_of_its_own_training_rows() -> None:
    labels = np.array([[1, 1], [1, 0], [0, 1], [0, 0], [0, 0], [0, 1]])
    design = label_shuffles(labels, np.array([0, 1, 0, 1, 0, 1]), most=1.0, seed=0)
    weight = (design.W * design.Y).sum(axis=0)
    assert np.allclose(weight, 1.5), "positives of a shuffle do not weigh half of the three rows trained on"


@pytest.fixture
def replaced(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Put in place of training what gives chosen average precisions: the shuffles' in the order they come."""

    def replace(own: Any, others: Any) -> Any:
        values = [own, *others]
        monkeypatch.setattr(module, "held_out", lambda X, labels, *rest, **how: labels.astype(float))

        def next_ones(labels: Any, *rest: Any) -> list[Any]:
            return [values.pop(0) for _ in labels.T]

        monkeypatch.setattr(module, "average_precision_of_each", next_ones)
        monkeypatch.setattr(module, "SHUFFLES", (9, 39))
        monkeypatch.setattr(module, "LEVEL", 0.1)
        y = np.repeat([0, 1], [40, 20])
        return measure_signal(np.zeros((60, 1)), setup(y), workers=Workers())

    return replace


@pytest.mark.parametrize(
    ("others", "p", "shuffles"),
    [
        ([0.1] * 9, 1 / 10, 9),
        ([0.5] + [0.1] * 38, 2 / 40, 39),
        ([0.5] * 3 + [0.1] * 36, 4 / 40, 39),
        ([0.5] * 4 + [0.1] * 5, 5 / 10, 9),
        ([0.5] * 3 + [0.1] * 6 + [0.5] * 30, 34 / 40, 39),
    ],
)
def test_p_counts_as_good_as_and_goes_on_only_where_undecided(
    replaced: Any, others: Any, p: int, shuffles: int
) -> None:
    found = replaced(0.5, others)
    assert found.p == pytest.approx(p), "p is not (as good + 1) / (shuffles + 1)"
    assert found.shuffles == shuffles, "shuffles were made that could not change the answer, or some were not"


def test_clear_signal_is_found_and_noise_is_not() -> None:
    rng = np.random.default_rng(0)
    y = np.repeat([0, 1], [270, 30])
    noise = rng.normal(size=(300, 4))
    clear = noise + np.outer(y, [2.5, 0, 0, 0])
    found = measure_signal(clear, setup(y), workers=Workers())
    assert found.p == 0.01, "classes 2.5 standard deviations apart are taken for chance"
    assert found.low <= found.average_precision <= found.high, "the interval leaves its own value out"
    assert measure_signal(noise, setup(y), workers=Workers()).p > 0.01, "normal noise is taken for signal"


@given(st.integers(20, 10**7))
def test_epochs_are_fixed_by_the_rows_alone(rows: int) -> None:
    assert 1 <= epochs(rows) <= 150, "the network of the test is trained for too long or not at all"


def test_the_network_is_fixed_whatever_the_study_trains_with(monkeypatch: pytest.MonkeyPatch) -> None:
    used = []

    def held_out(X: Any, labels: Any, folds: Any, recipe: Any, **how: Any) -> Any:
        used.append(recipe)
        return np.random.default_rng(0).normal(size=labels.shape)

    monkeypatch.setattr(module, "held_out", held_out)
    one = setup((np.arange(120) % 4 == 0).astype(int))
    for batch_size in (16, 512):
        measure_signal(np.zeros((120, 2)), replace(one, batch_size=batch_size), workers=Workers())
    assert len(set(used)) == 1, "a setting of the study changes the network of the test for signal"
    assert used[0].batch_size == module.NETWORK.batch_size
