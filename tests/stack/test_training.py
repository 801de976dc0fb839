"""The invariants of training: what reaches a column, and what does not.

Measured on this case, logits up to 14: a column is the same to the last bit alone, elsewhere, among others, in other
parts, and beside garbage; a factor of W that is no power of two moves logits by 1.2e-6. `NEAR` leaves room for
TensorFlow under other thread settings and on other processors, which may sum in another order.
"""

from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

from sweep.class_weight import weight_matrix
from sweep.errors import SweepError
from sweep.stack import engine, recipe, training
from sweep.stack.backend import tf
from sweep.stack.design import cross_validation
from sweep.stack.engine import batches, initial_parameters, rarer_rows, weighted_entropy
from sweep.stack.network import Stack
from sweep.stack.preprocessing import learn_first_layer
from sweep.stack.recipe import Recipe
from sweep.stack.training import _split_columns, fit, train
from sweep.study.params import Params

NEAR: dict[str, Any] = {"rtol": 0, "atol": 1e-4}


def test_a_stacked_column_is_that_column_trained_alone(case: Any, stack: Stack) -> None:
    """If it failed, a trial's score would depend on what else was trained beside it."""
    together = stack.logits(case.X)
    for s in range(stack.columns):
        alone = case.train(Y=case.Y[:, [s]], W=case.W[:, [s]], init_seed=case.init_seed[[s]])
        np.testing.assert_allclose(together[:, [s]], alone.logits(case.X), **NEAR)


def test_permuting_columns_permutes_results(case: Any, stack: Stack) -> None:
    """If it failed, a fold's result would depend on its place."""
    order = [3, 5, 0, 2, 4, 1]
    permuted = case.train(Y=case.Y[:, order], W=case.W[:, order], init_seed=case.init_seed[order])
    np.testing.assert_allclose(permuted.logits(case.X), stack.logits(case.X)[:, order], **NEAR)


def test_another_column_changes_no_other(case: Any, stack: Stack) -> None:
    """If it failed, a column's loss or gradient would not be its own: the new one is labelled and weighed wildly."""
    wild = np.random.default_rng(1).integers(0, 2, (len(case.X), 1))
    more = case.train(
        Y=np.hstack([case.Y, wild]), W=np.hstack([case.W, 1e4 * wild + 1]), init_seed=[*case.init_seed, 99]
    )
    np.testing.assert_allclose(more.logits(case.X)[:, :-1], stack.logits(case.X), **NEAR)


@pytest.mark.parametrize(("depth", "bins"), [(2, False), (2, True), (0, True)])
@pytest.mark.parametrize("garbage", [np.nan, 1e30, -1e30, 7.0])
def test_nothing_of_a_held_out_row_reaches_its_column(case: Any, garbage: float, depth: int, bins: bool) -> None:
    """If it failed, out-of-fold scores would have seen what they are scored on."""
    held_out = case.fold_of_row == 1  # of columns 1 and 4
    X, Y = case.X.copy(), case.Y.copy()
    X[held_out], Y[held_out] = garbage, 1 - Y[held_out]
    spoilt, clean = (case.train(X=X, Y=Y, depth=depth, bins=bins).logits(case.X) for X, Y in ((X, Y), (case.X, case.Y)))
    np.testing.assert_allclose(spoilt[~held_out][:, [1, 4]], clean[~held_out][:, [1, 4]], **NEAR)


def test_labels_of_held_out_rows_may_be_anything(case: Any, stack: Stack) -> None:
    """If it failed, an unknown label would have to be invented for a row that does not count."""
    Y = np.where(case.W > 0, case.Y, np.nan)
    assert case.train(Y=Y).logits(case.X).tobytes() == stack.logits(case.X).tobytes()


@pytest.mark.parametrize("depth", [1, 0])
def test_nothing_of_a_later_block_reaches_an_earlier_one(case: Any, depth: int) -> None:
    """If it failed, forward validation would score rows by networks that know what came after them."""
    blocks = np.arange(len(case.y)) * 4 // len(case.y) - 1  # the first is never scored
    later = blocks > 0

    def out_of_fold(X: np.ndarray, y: np.ndarray) -> np.ndarray:
        design = cross_validation(y, blocks, most=[0.8], repeats=1, seed=3)
        stack = case.train(X=X, Y=design.Y, W=design.W, init_seed=design.init_seed, depth=depth, bins=True)
        return design.out_of_fold(stack.logits(X, design.held_out))[:, 0, 0]

    X, y = case.X.copy(), np.where(later, 1 - case.y, case.y)
    X[later] = np.nan
    first = blocks[blocks >= 0] == 0
    clean = out_of_fold(case.X, case.y)
    assert clean.shape == (180,)
    np.testing.assert_allclose(out_of_fold(X, y)[first], clean[first], **NEAR)


@pytest.mark.parametrize("only", ["level", "missing", "number"])
def test_what_only_held_out_rows_have_moves_no_weight(case: Any, only: str) -> None:
    """If it failed, a fold would know which levels and missing values its held-out rows have."""
    held_out = case.fold_of_row == 1
    plain = np.hstack([case.X, np.zeros((len(case.X), 1))])
    if only == "missing":
        plain[:, -1] = np.arange(len(plain)) % 11
    extra = plain.copy()
    extra[held_out, -1] = {"level": 1.0, "missing": np.nan, "number": held_out.cumsum()[held_out]}[only]
    how = {"bins": only == "number"}
    with_it, without = case.train(X=extra, **how).parameters, case.train(X=plain, **how).parameters
    for after, before in zip(with_it, without, strict=True):
        kept = before.shape[1]  # an input of its own is last
        np.testing.assert_allclose(after[[1, 4], :kept], before[[1, 4]], **NEAR)
        assert not after[[1, 4], kept:].any()


def test_batches_come_from_the_rows_and_the_seed() -> None:
    """If it failed, batches would differ between columns or runs, or rows would be seen twice in an epoch."""
    indices = batches(100, 16, 7, 3)
    assert indices.shape == (6, 16)
    assert len(np.unique(indices)) == indices.size
    np.testing.assert_array_equal(indices, batches(100, 16, 7, 3))
    assert (indices != batches(100, 16, 7, 4)).any()
    assert (indices != batches(100, 16, 8, 3)).any()
    assert batches(10, 16, 0, 0).shape == (1, 10)


def test_batches_and_dropout_are_the_same_for_all_columns(case: Any) -> None:
    """If it failed, two columns with equal labels, weights and seeds would come out differently: luck, not balance."""
    same = case.train(Y=case.Y[:, [0] * 3], W=case.W[:, [0] * 3], init_seed=[4] * 3, dropout=0.5).logits(case.X)
    np.testing.assert_allclose(
        same, same[:, [0]].repeat(3, axis=1), **NEAR
    )  # kernels for one column and for two round apart


def test_initial_weights_come_from_the_own_entry_of_init_seed(case: Any, stack: Stack) -> None:
    """If it failed, repeats would not be repeats, or a column's start would depend on its neighbours."""
    changed = case.train(init_seed=[77, *case.init_seed[1:]]).logits(case.X)
    np.testing.assert_allclose(changed[:, 1:], stack.logits(case.X)[:, 1:], **NEAR)
    assert np.abs(changed[:, 0] - stack.logits(case.X)[:, 0]).max() > 0.01


def test_the_initial_scale_knows_nothing_of_the_number_of_columns(case: Any) -> None:
    """If it failed, wide stacks would start, and so end, elsewhere than narrow ones, as with stock initialisers."""
    recipe = Recipe(depth=2, width=128)
    starts = {}
    for columns in (1, 64):
        layer = learn_first_layer(case.X, np.ones((len(case.X), columns)))
        seeds, prior = np.arange(columns), np.full(columns, 0.5)
        starts[columns] = initial_parameters(layer, seeds, prior, recipe)
    for one, many in zip(starts[1], starts[64], strict=True):
        np.testing.assert_array_equal(one[0], many[0])
    for kernel in starts[64][::2]:
        np.testing.assert_allclose(kernel.std(axis=(1, 2)).mean(), kernel.shape[1] ** -0.5, rtol=0.03)


def test_the_gain_of_an_input_starts_at_1_and_goes_into_the_first_kernel(case: Any, stack: Stack) -> None:
    """If it failed, an exported network would want gains that it has no place for, or start at another scale."""
    kernel = np.arange(24.0).reshape(2, 3, 4)
    gain = np.full((2, 3, 1), 1 / recipe.GAIN_RATE)
    gain[1, 2] *= 5
    first = engine.fold_gain(tf.constant(gain), tf.constant(kernel))
    np.testing.assert_allclose(first[0], kernel[0])
    np.testing.assert_allclose(first[1, 2], 5 * kernel[1, 2])
    assert [p.shape for p in stack.parameters[:2]] == [(6, 8, 16), (6, 1, 16)]


def test_the_derivatives_of_the_gain_are_those_that_tensorflow_finds() -> None:
    """If it failed, inputs would be turned up and down by something else than the loss."""
    rng = np.random.default_rng(0)
    gain, kernel, to = (tf.constant(rng.normal(size=s)) for s in ((2, 3, 1), (2, 3, 4), (2, 3, 4)))
    with tf.GradientTape(persistent=True) as tape:
        tape.watch([gain, kernel])
        ours = tf.reduce_sum(to * engine.fold_gain(gain, kernel))
        theirs = tf.reduce_sum(to * (recipe.GAIN_RATE * gain * kernel))
    for mine, found in zip(*(tape.gradient(loss, [gain, kernel]) for loss in (ours, theirs)), strict=True):
        assert mine.shape == found.shape
        np.testing.assert_allclose(mine, found)


@pytest.mark.parametrize("seconds", [0, 1e9])
def test_it_does_not_matter_how_many_steps_are_taken_at_a_time(
    case: Any, stack: Stack, monkeypatch: pytest.MonkeyPatch, seconds: float
) -> None:
    """If it failed, how busy the machine is would change results."""
    monkeypatch.setattr(engine, "AT_A_TIME", seconds)
    assert case.train().logits(case.X).tobytes() == stack.logits(case.X).tobytes()


def test_the_first_layer_is_learned_where_w_is_above_0(case: Any) -> None:
    """If it failed, medians, ranges or rare levels of held-out rows would leak, or be learned again for each repeat."""
    layer = learn_first_layer(case.X, case.W)
    assert layer.centre.shape == (3, 7)
    np.testing.assert_array_equal(layer.set_of, [0, 1, 2, 0, 1, 2])
    for k in range(3):
        live = case.X[case.fold_of_row != k]
        low, middle, high = np.nanquantile(live[:, :5], [0.25, 0.5, 0.75], axis=0)
        np.testing.assert_allclose(layer.centre[k], [*middle, 0, 0])
        np.testing.assert_allclose(layer.scale[k], [*(1 / (high - low)), 1, 1])
    np.testing.assert_array_equal(layer.indicators, [3])
    rare = case.X.copy()
    rare[:, 6] = np.arange(len(rare)) < 6  # 4 on the training rows of each fold: too rare to be told apart
    assert not learn_first_layer(rare, case.W).scale[:, 6].any()
    assert learn_first_layer(rare, np.ones_like(case.W)).scale[0, 6] == 1


@pytest.mark.parametrize("factor", [8.0, 1e-3])
def test_a_constant_factor_of_w_changes_nothing(case: Any, stack: Stack, factor: float) -> None:
    """If it failed, `most` would be a hidden learning rate."""
    np.testing.assert_allclose(case.train(W=case.W * factor).logits(case.X), stack.logits(case.X), **NEAR)


def test_the_loss_is_the_original_one_up_to_a_constant_a_column() -> None:
    """If it failed, this would train something else than the recipe's sigmoid_cross_entropy(Y, logits, weights=W).

    That one divides by the number of weights that are not 0, over all labels; ours divides column s by sum_i W[i, s],
    its expected weight. So original = sum over s of ours[s] * sum_i W[i, s] / count(W != 0), and so do its gradients.
    """
    rng = np.random.default_rng(0)
    Y = (rng.random((60, 3)) < [0.5, 0.1, 0.03]).astype(np.float32)
    W = weight_matrix(Y).astype(np.float32) * (rng.random(Y.shape) < 0.8)
    logits = tf.constant(3 * rng.standard_normal(Y.shape), tf.float32)
    constant = W.sum(axis=0) / np.count_nonzero(W)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(logits)
        original = tf.compat.v1.losses.sigmoid_cross_entropy(Y, logits, weights=W)
        ours = weighted_entropy(tf.transpose(logits), Y.T, (W * (len(W) / W.sum(axis=0))).T)
        total = tf.reduce_sum(ours * constant)
    np.testing.assert_allclose(total, original, rtol=1e-6)
    np.testing.assert_allclose(tape.gradient(total, logits), tape.gradient(original, logits), rtol=1e-5, atol=1e-9)


def test_a_wide_stack_in_parts_is_the_same_stack(case: Any, stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    """If it failed, how much memory there is would change results, or parts would come back out of order."""
    monkeypatch.setattr(training, "BLOCK_BYTES", 1)
    np.testing.assert_allclose(case.train().logits(case.X), stack.logits(case.X), **NEAR)


@pytest.mark.parametrize("bins", [False, True])
def test_rows_made_ready_a_piece_at_a_time_are_the_same(case: Any, monkeypatch: pytest.MonkeyPatch, bins: bool) -> None:
    """If it failed, a table too large to be standardised at once would train otherwise, or on other rows."""
    whole = case.train(bins=bins).logits(case.X)
    monkeypatch.setattr(engine, "READY_BYTES", 0)
    monkeypatch.setattr(engine, "PIECE_BYTES", 4 * 3 * (8 + bins * 5 * 8) * 24 * 3)  # 3 batches
    np.testing.assert_allclose(case.train(bins=bins).logits(case.X), whole, **NEAR)


def test_the_same_call_gives_the_same_bytes(case: Any, stack: Stack) -> None:
    """If it failed, a seed would not be enough to get a result again; here also from threads, at the same time."""
    with ThreadPoolExecutor(3) as pool:
        again = [pool.submit(case.train, seed=seed) for seed in (5, 6, 5)]
    first, other, second = (future.result().logits(case.X) for future in again)
    assert first.tobytes() == second.tobytes() == stack.logits(case.X).tobytes()
    assert np.abs(first - other).max() > 0.01


def test_watching_changes_nothing_and_can_end_it(case: Any, stack: Stack) -> None:
    """If it failed, a trial's reports would change its result, or a pruned trial would go on."""
    seen: dict[int, np.ndarray] = {}

    def watch(epoch: int, snapshot: Any, last: int) -> bool:
        seen[epoch] = snapshot().logits(case.X)
        return epoch == last

    def run(last: int, watched: Collection[int]) -> Stack:
        recipe = Recipe(depth=2, width=16, epochs=10, batch_size=24, learning_rate=0.02)
        arguments = {"seed": 5, "init_seed": case.init_seed, "watch": lambda e, s: watch(e, s, last)}
        return fit(case.X, case.Y, case.W, recipe, watched=watched, **arguments)

    assert run(10, range(1, 11)).logits(case.X).tobytes() == stack.logits(case.X).tobytes()
    assert sorted(seen) == list(range(1, 11))
    whole = seen.copy()
    seen.clear()
    ended = run(6, {6, 2}).logits(case.X)
    assert sorted(seen) == [2, 6]
    assert ended.tobytes() == whole[6].tobytes() != whole[10].tobytes()


def test_other_sizes_need_no_other_program(case: Any, stack: Stack) -> None:
    """If it failed, a study would spend its time tracing, and its memory on graphs."""
    before = engine._program(2)
    case.train(width=9, batch_size=20, X=case.X[:, :4], Y=case.Y[:, :2], W=case.W[:, :2], init_seed=[1, 2])
    assert engine._program(2) is before


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"W": lambda c: c.W[:, 0]}, r"W must have the shape of Y, \(240, 6\); got \(240,\)"),
        ({"W": lambda c: c.W[:, :1]}, r"W must have the shape of Y, \(240, 6\); got \(240, 1\)"),
        ({"W": lambda c: -c.W}, "W must be finite and not negative"),
        ({"W": lambda c: c.W * np.nan}, "W must be finite and not negative"),
        (
            {"W": lambda c: c.W * (np.arange(6) != 2)},
            "Every column of W must have a weight above 0; got none in col.* 2",
        ),
        ({"W": lambda c: c.W.astype(str).astype(object) + "x"}, "W must hold numbers"),
        ({"Y": lambda c: c.Y[:, 0]}, r"Y must have the shape \(rows, columns\) with the 240 rows of X; got \(240,\)"),
        ({"Y": lambda c: c.Y[1:]}, r"with the 240 rows of X; got \(239, 6\)"),
        ({"Y": lambda c: c.Y + 0.5}, "Y must hold 0 and 1 only where W > 0"),
        ({"Y": lambda c: c.Y * np.nan}, "Y must hold 0 and 1 only where W > 0"),
        ({"X": lambda c: c.X[0]}, r"X must have the shape \(rows, features\)"),
        ({"X": lambda c: np.where(c.X[3, 1] == c.X, np.inf, c.X)}, "X must hold finite .* got inf in row 3, feature 1"),
        ({"X": lambda c: c.X.astype(str).astype(object) + "a"}, "X must hold numbers"),
        ({"init_seed": lambda c: [1, 2]}, r"init_seed must hold one integer from 0 per column, \(6,\); got \[1, 2\]"),
        ({"init_seed": lambda c: [0.5] * 6}, "init_seed must hold one integer from 0"),
        ({"init_seed": lambda c: [-1] * 6}, "init_seed must hold one integer from 0"),
        ({"depth": lambda c: True}, "depth must be a whole number from 0; got True"),
        ({"width": lambda c: 16.0}, r"width must be a whole number from 1; got 16\.0"),
        ({"epochs": lambda c: 0}, "epochs must be a whole number from 1; got 0"),
        ({"batch_size": lambda c: "8"}, "batch_size must be a whole number from 1; got '8'"),
        ({"seed": lambda c: -1}, "seed must be a whole number from 0; got -1"),
        ({"learning_rate": lambda c: 0}, "learning_rate must lie above 0"),
        ({"dropout": lambda c: 1.0}, r"dropout must lie from 0 to 0\.95; got 1\.0"),
        ({"weight_decay": lambda c: np.nan}, "weight_decay must lie from 0"),
    ],
)
def test_what_cannot_be_trained_is_refused(case: Any, changed: dict[str, Any], message: str) -> None:
    """If it failed, a wrong shape would broadcast, or a wrong value come out as NaN logits hours later."""
    with pytest.raises(ValueError, match=message) as caught:
        case.train(**{name: change(case) for name, change in changed.items()})
    assert isinstance(caught.value, SweepError)


def test_fewer_rows_of_the_rarer_class_decay_more() -> None:
    """If it failed, a column with few positives would learn them by heart, or one with many be held back."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(600, 4))
    Y = np.zeros((600, 2))
    Y[:10, 0] = Y[:300, 1] = 1
    W = np.ones_like(Y)
    assert rarer_rows(Y, W).tolist() == [10, 300]
    assert rarer_rows(1 - Y, W * [3, 0.1]).tolist() == pytest.approx([10, 300])
    settings: dict[str, Any] = {"width": 8, "epochs": 30, "dropout": 0.0, "init_seed": [1, 1]}

    def size(decay: float) -> np.ndarray:
        """Of the hidden kernel of each column, what decay has left of it."""
        stack = train(X, Y, W, weight_decay=decay, **settings)
        norm: np.ndarray = np.linalg.norm(stack.parameters[2], axis=(1, 2))
        return norm

    few, many = size(1.0) / size(0.0)
    assert few < 0.8 * many


def test_wide_networks_are_held_back_less_unless_said_otherwise(case: Any) -> None:
    """If it failed, a search over the width would not tell tables of chance from tables of rules."""
    narrow, wide = Recipe(width=32), Recipe(width=256)
    assert narrow.decay > 3 * wide.decay
    assert narrow.dropout_rate > 2 * wide.dropout_rate
    given = Recipe(width=32, weight_decay=0.0, dropout=0.2)
    assert (given.decay, given.dropout_rate) == (0.0, 0.2)

    def logits(**settings: Any) -> Any:
        return case.train(width=32, **settings).logits(case.X)

    assert (logits() == logits(weight_decay=narrow.decay, dropout=narrow.dropout_rate)).all()
    assert (logits() != logits(weight_decay=wide.decay, dropout=narrow.dropout_rate)).any()
    assert (logits() != logits(weight_decay=narrow.decay, dropout=wide.dropout_rate)).any()


def test_without_a_hidden_layer_there_is_no_width(case: Any) -> None:
    """If it failed, a study would try one linear network as several, each decayed otherwise."""
    narrow, wide = (case.train(depth=0, width=width).logits(case.X) for width in (1, 256))
    assert narrow.tobytes() == wide.tobytes()
    assert Params(0.7, 0, 1).network == Params(0.9, 0, 256).network
    assert Params(0.7, 0, 256).size < Params(0.7, 1, 1).size


def test_deeper_networks_take_smaller_steps() -> None:
    """If it failed, networks of three and more layers would not settle, and a search over depth would say little."""
    assert [Recipe(depth=depth, learning_rate=0.02).peak for depth in (1, 2, 4)] == [0.02, 0.02, 0.01]


def test_two_cores_have_equally_many_parts() -> None:
    """If it failed, one core would stand idle while the other trains the last part."""
    for columns in (2, 5, 9, 20, 210):
        parts = _split_columns(np.zeros(columns, int), 30, Recipe())
        assert sorted(np.concatenate(parts)) == list(range(columns))
        assert len(parts) % 2 == 0
        assert np.ptp([len(part) for part in parts]) <= 1
