"""The delivered model: what it computes from raw columns."""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

from sweep.data.features import Column, Features
from sweep.errors import InputError
from sweep.model.layers import build, raw_columns, stack_of
from sweep.stack.backend import tf
from sweep.stack.network import Stack


def outputs(model: Any, columns: Any) -> Any:
    out = model(columns)
    return out["probability"].numpy()[:, 0], out["decision"].numpy()[:, 0]


def test_gives_undone_probability_and_balanced_decision(model: Any, frame: Any, features: Any, expected: Any) -> None:
    """Else what is delivered is not the ensemble that was measured."""
    p, decision = outputs(model, raw_columns(features, frame))
    p_expected, decision_expected = expected(frame)
    np.testing.assert_allclose(p, p_expected, atol=1e-6)
    np.testing.assert_array_equal(decision, decision_expected)
    assert 0 < decision.sum() < len(decision)


def test_columns_go_by_their_raw_names_in_any_order_and_rank(model: Any, frame: Any, features: Any) -> None:
    """Else a caller's dict order decides what the model sees, or awkward names cannot be used."""
    columns = raw_columns(features, frame)
    turned = {name: columns[name][:, 0] for name in reversed(columns)}
    np.testing.assert_array_equal(outputs(model, turned)[0], outputs(model, columns)[0])


def test_other_columns_play_no_part_and_a_missing_one_is_named(model: Any, frame: Any, features: Any) -> None:
    """Else a table's id, handed over with the rest, shifts each column into the next one's place without a word."""
    columns = raw_columns(features, frame)
    p = outputs(model, columns)[0]
    for extra in ("", "patient", "~"):
        more = {extra: tf.range(frame.height), **columns}
        np.testing.assert_array_equal(outputs(model, more)[0], p)
        np.testing.assert_allclose(model.predict(more, verbose=0)["probability"][:, 0], p, atol=1e-6)
    del columns["a b"]
    for score in (model, lambda columns: model.predict(columns, verbose=0)):
        with pytest.raises(ValueError, match="'a b'"):
            score({**columns, "patient": tf.range(frame.height)})


def test_predict_takes_columns_as_tables_give_them(model: Any, frame: Any, features: Any) -> None:
    """Else a missing value in a column of pandas, polars or Python stops the model, or is another value."""
    p = outputs(model, raw_columns(features, frame))[0]
    texts = frame.with_columns(pl.col("a_b").cast(pl.Float64))
    lists = {name: texts[name].to_list() for name in texts.columns}
    pandas = {name: pd.Series(values) for name, values in lists.items()}
    objects = {name: np.array(values, dtype=object) for name, values in lists.items()}
    for columns in (lists, pandas, objects, {name: column[:, None] for name, column in objects.items()}):
        np.testing.assert_allclose(model.predict(columns, verbose=0)["probability"][:, 0], p, atol=1e-6)
    with pytest.raises(InputError, match="Column 'self' must hold text; got int"):
        model.predict({**lists, "self": np.arange(frame.height)}, verbose=0)


def test_large_numbers_keep_their_small_differences(model: Any, frame: Any, features: Any) -> None:
    """Else a column such as 1e9 + 0.5 is rounded to single precision before it is centred."""
    columns = raw_columns(features, frame)
    p = outputs(model, columns)[0]
    arrays = {name: v.numpy()[:, 0] for name, v in columns.items()}
    np.testing.assert_array_equal(outputs(model, arrays)[0], p)
    predicted = model.predict(arrays, batch_size=128, verbose=0)
    np.testing.assert_allclose(predicted["probability"][:, 0], p, atol=1e-6)
    assert predicted["decision"].dtype == np.int32


def test_unseen_and_missing_levels_count_as_in_training(model: Any, frame: Any, features: Any, expected: Any) -> None:
    """Else a new level at prediction time shifts other columns of X or stops the model."""
    odd = frame.head(3).with_columns(
        pl.Series("self", [None, "never seen", "[other1]"]), pl.Series("age in years", [None, 1.0, None], pl.Float64)
    )
    np.testing.assert_allclose(outputs(model, raw_columns(features, odd))[0], expected(odd)[0], atol=1e-6)


def test_numbers_stand_for_levels_that_read_as_numbers() -> None:
    """Else a Parquet table with whole numbers misses the levels "1" and "2" that a CSV gave."""
    features = Features((Column("grade", "category", ("1", "2", "x", None)),))
    columns = raw_columns(features, pl.DataFrame({"grade": [2, 7, None, 1]}))
    words = [word.decode() for word in columns["grade"].numpy()[:, 0]]
    assert [words[0], *words[2:]] == ["2", "", "1"]
    assert words[1] not in ("1", "2", "x", "")


def test_one_network_and_its_stack_come_back(stack: Stack, features: Any, card: Any, frame: Any) -> None:
    """Else --single delivers something else than the column, or an export loses a weight."""
    one = build(stack.take([2]), features, weight_ratio=1.0, card=card)
    X = features.transform(frame)
    np.testing.assert_array_equal(stack_of(one).logits(X), stack.take([2]).logits(X))
    assert [layer.name for layer in one.networks.layers][-3:] == ["dense_0", "dense_1", "dense_2"]
    logit = stack.logits(X)[:, 2]
    np.testing.assert_allclose(outputs(one, raw_columns(features, frame))[0], 1 / (1 + np.exp(-logit)), atol=1e-6)


def test_trees_of_several_columns_are_averaged_in_one_first_layer(
    boosted: Stack, features: Any, card: Any, frame: Any
) -> None:
    """Else an ensemble of means with trees says something else than the mean of its networks."""
    X = features.transform(frame)
    built = build(boosted.take([0, 1]), features, weight_ratio=1.0, card=card)
    mean = boosted.logits(X)[:, :2].mean(axis=1)
    assert np.ptp(boosted.logits(X)[:, 0] - boosted.logits(X)[:, 1]) > 0.01, "two columns with trees of their own"
    np.testing.assert_allclose(outputs(built, raw_columns(features, frame))[0], 1 / (1 + np.exp(-mean)), atol=1e-6)
    np.testing.assert_allclose(stack_of(built).logits(X).mean(axis=1), mean, atol=2e-5)


def test_a_category_without_levels_is_no_input(stack: Stack, features: Any, card: Any) -> None:
    """Else a model demands a column that it makes no use of."""
    more = Features((*features.columns, Column("free text", "category", ())))
    built = build(stack.take([0]), more, weight_ratio=1.0, card=card)
    assert "free text" not in [column.name for column in built.features.columns]


def test_refuses_what_does_not_fit(stack: Stack, features: Any, card: Any) -> None:
    """Else the fault shows up as a TensorFlow traceback, or not at all."""
    with pytest.raises(InputError, match="columns of X of the stack; got 1"):
        build(stack, Features((Column("x", "number"),)), weight_ratio=1.0, card=card)
    with pytest.raises(InputError, match="The card must be what JSON can hold"):
        build(stack, features, weight_ratio=1.0, card={"low": float("nan")})
    with pytest.raises(InputError, match="weight_ratio"):
        build(stack, features, weight_ratio=0.0, card=card)
    other = replace(stack.layer, centre=stack.layer.centre + 1)
    two = Stack.join([stack, replace(stack, layer=other)])
    with pytest.raises(InputError, match="share one set of rows"):
        build(two, features, weight_ratio=1.0, card=card)
