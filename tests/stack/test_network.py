"""The stack as a thing: its logits, its columns as Keras models, its files, its parts.

Tolerance: a column's Keras model multiplies matrices of another shape; measured 1e-6 on logits up to 14.
"""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sweep.errors import InputError
from sweep.stack import network, preprocessing
from sweep.stack.backend import keras, tf
from sweep.stack.network import Stack, dense, silu_dropout
from sweep.stack.preprocessing import BINS, Standardise, centre_and_scale, learn_first_layer, squash

NEAR: dict[str, Any] = {"rtol": 0, "atol": 2e-5}


def strange(X: np.ndarray) -> np.ndarray:
    """Rows as no training row was: missing everywhere, far out, infinite."""
    far = np.array([np.nan, 1e30, -1e30, np.inf, -np.inf, 0.0])
    return np.concatenate([X, np.broadcast_to(far[:, None], (len(far), X.shape[1]))])


def test_logits_are_finite_for_any_row(case: Any, stack: Stack) -> None:
    """If it failed, a far-out or missing value in a new table would come out as NaN."""
    logits = stack.logits(strange(case.X))
    assert logits.shape == (len(case.X) + 6, 6)
    assert logits.dtype == np.float32
    assert np.isfinite(logits).all()


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # in Keras' own save
def test_a_column_is_an_ordinary_keras_model(case: Any, stack: Stack, tmp_path: Path) -> None:
    """If it failed, the exported model would decide otherwise than the one that was scored."""
    X, logits = strange(case.X), stack.logits(strange(case.X))
    binned = case.train(bins=True)
    np.testing.assert_allclose(binned.column(4)(X).numpy(), binned.logits(X)[:, [4]], **NEAR)
    assert np.abs(binned.logits(X) - logits).max() > 0.1
    for s in (0, 4, -1):
        model = stack.column(s)
        np.testing.assert_allclose(model(X).numpy(), logits[:, [s]], **NEAR)
    model.save(tmp_path / "column.keras")
    again = keras.models.load_model(tmp_path / "column.keras")
    assert again(X).numpy().tobytes() == model(X).numpy().tobytes()


@pytest.mark.parametrize("depth", [0, 1])
def test_a_stack_without_missing_values_is_a_keras_model_too(case: Any, depth: int) -> None:
    """If it failed, a table with no indicators, or a network of another depth, could not be exported."""
    X = np.nan_to_num(case.X)
    stack = case.train(X=X, depth=depth, epochs=1)
    assert len(stack.layer.indicators) == 0
    np.testing.assert_allclose(stack.column(2)(X).numpy(), stack.logits(X)[:, [2]], **NEAR)


@pytest.mark.parametrize("s", [6, -7])
def test_a_column_that_is_not_there(stack: Stack, s: int) -> None:
    """If it failed, a wrong number would give another column."""
    with pytest.raises(InputError, match=f"s must be one of the 6 columns, 0 to 5; got {s}"):
        stack.column(s)


def test_save_and_load_keep_every_bit(case: Any, stack: Stack, tmp_path: Path) -> None:
    """If it failed, an export from a stored stack would differ from the run's own."""
    stack.save(tmp_path / "stack.npz")
    assert Stack.load(tmp_path / "stack.npz").logits(case.X).tobytes() == stack.logits(case.X).tobytes()


def test_take_and_join_undo_each_other(case: Any, stack: Stack) -> None:
    """If it failed, an ensemble would be put together from other columns than those picked."""
    logits = stack.logits(case.X)
    np.testing.assert_allclose(stack.take([4, 0]).logits(case.X), logits[:, [4, 0]], **NEAR)
    assert len(stack.take([4, 1]).layer.centre) == 1  # both hold fold 1 out: one set
    joined = Stack.join([stack.take([0, 1]), stack.take([2]), stack.take([3, 4, 5])])
    np.testing.assert_allclose(joined.logits(case.X), logits, **NEAR)


def test_inference_in_chunks_is_the_same(case: Any, stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    """If it failed, how many rows are scored at once would change a row's logit."""
    whole = stack.logits(case.X)
    monkeypatch.setattr(network, "CHUNK_BYTES", 4 * 6 * 16 * 50)  # 50 rows
    np.testing.assert_allclose(stack.logits(case.X), whole, **NEAR)


def test_blocks_are_what_the_whole_has_there_and_nothing_elsewhere(
    case: Any, stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If it failed, a held-out row would be scored by another network, or logits be kept that nobody looks at."""
    whole = stack.logits(case.X)
    blocks = [
        (np.array([7, 3, 5]), np.array([4, 1])),
        (np.arange(20, 240), np.array([0, 3])),
        (np.zeros(0, int), np.array([2, 0])),
    ]
    monkeypatch.setattr(network, "CHUNK_BYTES", 4 * 16 * 50)  # 50 rows of one column
    some = stack.logits(case.X, blocks)
    assert some.shape == (len(case.X), 2)
    for rows, columns in blocks:
        np.testing.assert_allclose(some[rows], whole[np.ix_(rows, columns)], **NEAR)
    assert np.isfinite(some).sum() == 3 * 2 + 2 * 220


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (np.zeros((4, 6)), "X must have the 7 features of the training rows; got 6"),
        (np.zeros(7), r"X must have the shape \(rows, features\) with at least one of each; got \(7,\)"),
        (np.zeros((0, 7)), r"with at least one of each; got \(0, 7\)"),
        (np.full((2, 7), "a"), "X must hold numbers"),
    ],
)
def test_rows_that_cannot_be_scored_are_refused(stack: Stack, X: np.ndarray, message: str) -> None:
    """If it failed, a table with other features would be scored as if it were right."""
    with pytest.raises(ValueError, match=message):
        stack.logits(X)


def test_silu_dropout_and_its_gradient_are_those_of_keras() -> None:
    """If it failed, training and export would be two different networks."""
    x = tf.constant(np.linspace(-30, 60, 400), tf.float32)
    kept = tf.constant(np.arange(400) % 3 > 0, tf.float32)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        ours, theirs = silu_dropout(x, kept), keras.activations.silu(x) * kept
    np.testing.assert_allclose(ours, theirs, rtol=2e-6, atol=1e-6)
    np.testing.assert_allclose(tape.gradient(ours, x), tape.gradient(theirs, x), rtol=2e-5, atol=2e-6)


def test_the_derivatives_of_a_layer_are_those_that_tensorflow_finds() -> None:
    """If it failed, training would go downhill on something else than the loss."""
    rng = np.random.default_rng(0)
    h, kernel, bias, to = (tf.constant(rng.normal(size=s)) for s in ((2, 5, 3), (2, 3, 4), (2, 1, 4), (2, 5, 4)))
    with tf.GradientTape(persistent=True) as tape:
        tape.watch([h, kernel, bias])
        ours, theirs = (tf.reduce_sum(to * y) for y in (dense(h, kernel, bias), tf.matmul(h, kernel) + bias))
    np.testing.assert_allclose(ours, theirs)
    for mine, found in zip(*(tape.gradient(loss, [h, kernel, bias]) for loss in (ours, theirs)), strict=True):
        assert mine.shape == found.shape
        np.testing.assert_allclose(mine, found)


def test_squash_fills_centres_and_clips() -> None:
    """If it failed, an outlier would come in at its full size, or a missing value as anything but the centre."""
    x = tf.constant([[-np.inf], [1e30], [5.0], [np.nan], [5.3]], tf.float64)
    z = squash(centre_and_scale(x, tf.constant([5.0], tf.float64), tf.constant([1.0], tf.float64))).numpy()[:, 0]
    np.testing.assert_allclose(z, [-3, 3, 0, 0, 0.3 / np.sqrt(1.01)], atol=1e-6)
    off = centre_and_scale(x, tf.constant([5.0], tf.float64), tf.constant([0.0], tf.float64)).numpy()
    assert not off.any()


def test_a_number_enters_by_the_eighths_that_it_lies_in() -> None:
    """If it failed, thresholds would lie elsewhere than the training rows do, or a missing value not at the centre."""
    X = np.array([0.0, 1, 2, 4, 8, 16, 32, 64, 128, 1000, np.nan])[:, None]
    layer = learn_first_layer(X, (X[:, :1] != 1000).astype(float), bins=True)
    edges = X[:9, 0]
    at = np.array([-5.0, 0, 0.5, 1, 3, 4, 7, 8, 12, 16, 32, 33, 96, 128, 1000, np.nan])
    filled = np.clip((at[:, None] - edges[:-1]) / np.diff(edges), 0, 1) - [1, 1, 1, 1, 0, 0, 0, 0]
    filled[np.isnan(filled)] = 0
    np.testing.assert_allclose(layer.enter(at[:, None])[0, :, 2:], filled, atol=1e-6)
    first = Standardise.of(layer)
    np.testing.assert_allclose(first(at[:, None])[:, 2:], filled, atol=1e-6)


def test_what_has_no_quantiles_has_no_bins() -> None:
    """If it failed, a level, a constant or a count that is mostly 0 would enter twice, or divide by nothing."""
    rows = np.arange(40)
    X = np.stack([rows % 2, 0 * rows + 3, (rows == 7) * 5, rows % 3, rows], axis=1).astype(float)
    layer = learn_first_layer(X, np.ones((40, 1)), bins=True)
    on = np.zeros((5, BINS), bool)
    on[layer.numbers] = layer.slope[0] != 0
    np.testing.assert_array_equal(on.sum(axis=1), [0, 0, 0, 2, BINS])
    assert np.isfinite(layer.edge).all()
    assert len(learn_first_layer(X, np.ones((40, 1))).numbers) == 0
    wide = learn_first_layer(np.tile(X, 26), np.ones((40, 1)), bins=True)
    assert len(wide.numbers) == 0


def test_numbers_far_from_0_keep_their_differences(case: Any) -> None:
    """If it failed, a column of large numbers with small differences, such as a date, would be rounded away."""
    shifted = case.train(X=case.X + 1e9 * (np.arange(7) == 0)).logits(case.X + 1e9 * (np.arange(7) == 0))
    np.testing.assert_allclose(shifted, case.train().logits(case.X), atol=1e-3)


def test_the_first_layer_of_the_same_rows_is_learned_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """If it failed, each trial would sort all columns of a wide table again, or get what other rows told."""
    learned: list[int] = []
    learn = preprocessing._learn

    def counted(X: np.ndarray, lives: Any) -> Any:
        learned.append(len(lives))
        return learn(X, lives)

    monkeypatch.setattr(preprocessing, "_learn", counted)
    X, W = np.random.default_rng(5).normal(size=(50, 2)), np.ones((50, 3))
    W[:10, 1] = 0
    first = learn_first_layer(X, W)
    again = learn_first_layer(X.copy(), 2 * W[:, [0, 1, 1, 0]])
    assert learned == [2]
    np.testing.assert_array_equal(again.centre, first.centre)
    assert again.set_of.tolist() == [0, 1, 1, 0]
    for other in (learn_first_layer(X + 1, W), learn_first_layer(X, np.roll(W, 1, axis=0))):
        assert not np.array_equal(other.centre, first.centre)
    assert learned == [2, 2, 2]
