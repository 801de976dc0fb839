"""The scikit-learn classifier: its contract, frames of all kinds, and what its numbers mean."""

import pickle
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.metrics import balanced_accuracy_score, roc_auc_score
from sklearn.model_selection import GridSearchCV, TunedThresholdClassifierCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from sweep import StackedMLPClassifier
from sweep.errors import ModelError

EXPECTED_FAILURES = {
    "check_sample_weight_equivalence_on_dense_data": "repeated or removed rows change the float32 mini-batches"
}


@parametrize_with_checks([StackedMLPClassifier()], expected_failed_checks=lambda _: EXPECTED_FAILURES)
def test_keeps_scikit_learns_contract(estimator: Any, check: Any) -> None:
    """Else it fails inside some scikit-learn tool, far from its cause."""
    check(estimator)


@pytest.fixture(scope="module")
def small() -> Any:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 4))
    return X, np.where(X[:, 0] + 0.5 * rng.normal(size=300) > 1, "ill", "well")


@pytest.fixture(scope="module")
def quick() -> StackedMLPClassifier:
    return StackedMLPClassifier(0.9, width=8, epochs=40, batch_size=32, repeats=2, random_state=0)


@pytest.fixture
def table(frame: Any, labels: Any) -> Any:
    return frame, np.where(labels == 1, "b", "a")


def test_scores_are_those_of_the_balance(quick: Any, small: Any) -> None:
    """Else predict is not the balance that `most` asks for, or predict_proba keeps the weights' distortion."""
    X, y = small
    model = quick.fit(X, y)
    assert model.classes_.tolist() == ["ill", "well"]
    logit = model.decision_function(X)
    np.testing.assert_allclose(logit, model.stack_.logits(X).mean(axis=1), atol=1e-5)
    np.testing.assert_array_equal(model.predict(X), np.where(logit > 0, "well", "ill"))
    share = np.mean(y == "well")
    b = min(share, 0.9)
    assert model.weight_ratio_ == pytest.approx((1 - b) / b)
    odds = np.exp(logit) / model.weight_ratio_
    np.testing.assert_allclose(model.predict_proba(X), np.stack([1 / (1 + odds), odds / (1 + odds)], axis=1), atol=1e-9)
    assert (model.predict(X) == "ill").sum() > (model.predict_proba(X)[:, 0] > 0.5).sum()


def test_the_same_rows_in_any_frame(quick: Any, table: tuple[Any, np.ndarray]) -> None:
    """Else text, truth values or missing values mean something else in pandas, polars or NumPy."""
    frame, y = table
    reference = clone(quick).fit(frame, y)
    assert reference.feature_names_in_.tolist() == frame.columns
    assert reference.features_.columns[3].levels[-1] is None
    expected = reference.decision_function(frame)
    pandas = pd.DataFrame(
        {name: pd.Series(column.to_list()) for name, column in zip(frame.columns, frame, strict=True)}
    )
    np.testing.assert_array_equal(reference.decision_function(pandas), expected)
    np.testing.assert_array_equal(clone(quick).fit(pandas, y).decision_function(pandas), expected)
    nullable = pandas.convert_dtypes().astype({"a b": "category"})
    assert {"Int64", "category"} <= {str(kind) for kind in nullable.dtypes}
    np.testing.assert_array_equal(clone(quick).fit(nullable, y).decision_function(nullable), expected)
    objects: Any = np.array([["" if v is None else v for v in row] for row in frame.rows()], dtype=object)
    objects[:, 0] = [np.nan if v == "" else v for v in objects[:, 0]]
    np.testing.assert_array_equal(clone(quick).fit(objects, y).decision_function(objects), expected)
    with pytest.raises(ValueError, match="feature names should match"):
        reference.predict(frame.select(reversed(frame.columns)))


def test_numbers_as_text_and_dates(quick: Any) -> None:
    """Else an array that NumPy made text of has categories where numbers stood."""
    rng = np.random.default_rng(0)
    mixed = np.array([[i / 7, "x" if i % 3 else "y", ""] for i in rng.integers(0, 100, 200)])
    y = mixed[:, 0].astype(float) > 7
    model = clone(quick).fit(mixed, y)
    assert [column.kind for column in model.features_.columns] == ["number", "category", "number"]
    assert (model.predict(mixed) == y).mean() > 0.9
    days = pd.DataFrame({"day": pd.Timestamp("2026-01-01") + pd.to_timedelta(mixed[:, 0].astype(float), unit="D")})
    days.loc[3, "day"] = pd.NaT
    assert (clone(quick).fit(days, y).predict(days) == y).mean() > 0.9


def test_sample_weight_zero_is_deletion(quick: Any, small: Any) -> None:
    """Else a row that counts for nothing moves the scaling, the levels or the class weights."""
    X, y = small
    weight = np.ones(len(y))
    weight[::7] = 0
    wild = X.copy()
    wild[::7] = 1e6
    models = [clone(quick).fit(data, y, sample_weight=weight) for data in (X, wild)]
    np.testing.assert_array_equal(models[0].decision_function(X), models[1].decision_function(X))
    share = np.mean(y[weight > 0] == "well")
    assert models[0].weight_ratio_ == pytest.approx((1 - share) / share)
    with pytest.raises(ValueError, match="rows of both classes"):
        clone(quick).fit(X, y, sample_weight=(y == "ill").astype(float))


def test_inside_scikit_learns_tools(quick: Any, small: Any) -> None:
    """Else it cannot be searched over, piped, cloned or tuned."""
    X, y = small
    search = GridSearchCV(quick, {"most": [0.5, 0.9]}, cv=3, scoring="f1_macro", n_jobs=1).fit(X, y)
    assert search.best_params_["most"] in (0.5, 0.9)
    piped = make_pipeline(StandardScaler(), quick)
    assert cross_val_score(piped, X, y, cv=3).min() > 0.7
    tuned = TunedThresholdClassifierCV(quick, scoring="balanced_accuracy", cv=3).fit(X, y)
    assert balanced_accuracy_score(y, tuned.predict(X)) > 0.8


@pytest.mark.parametrize("kind", ["pandas", "polars"])
def test_frames_with_text_and_gaps_inside_scikit_learns_tools(kind: str, table: tuple[Any, np.ndarray]) -> None:
    """Else a frame that it takes by itself fails once a tool cuts it into folds, or means something else there."""
    frame, y = table
    X = frame if kind == "polars" else pd.DataFrame({name: frame[name].to_list() for name in frame.columns})
    model = StackedMLPClassifier(0.9, width=8, epochs=10, batch_size=64, repeats=1, random_state=0)
    piped = make_pipeline(model)
    scores = cross_val_score(piped, X, y, cv=3, scoring="roc_auc")
    assert scores.min() > 0.6
    by_hand = clone(model).fit(X[100:], y[100:]).decision_function(X[:100])
    cut = [(np.arange(100, len(y)), np.arange(100))]
    assert cross_val_score(piped, X, y, cv=cut, scoring="roc_auc")[0] == roc_auc_score(y[:100], by_hand)
    search = GridSearchCV(piped, {"stackedmlpclassifier__most": [0.5, 0.9]}, cv=2, scoring="f1_macro", n_jobs=1)
    assert search.fit(X, y).predict(X).shape == y.shape
    tuned = TunedThresholdClassifierCV(model, scoring="balanced_accuracy", cv=2).fit(X, y)
    assert set(tuned.predict(X)) == {"a", "b"}


def test_comes_back_from_disk_and_pickle(quick: Any, table: tuple[Any, np.ndarray], tmp_path: Path) -> None:
    """Else a saved classifier predicts something else, or opening one runs its code."""
    frame, y = table
    model = clone(quick).fit(frame, y)
    model.save(tmp_path / "model")
    loaded = StackedMLPClassifier.load(tmp_path / "model")
    assert loaded.get_params() == {**model.get_params(), "random_state": None}
    for other in (loaded, pickle.loads(pickle.dumps(model))):
        np.testing.assert_array_equal(other.predict_proba(frame), model.predict_proba(frame))
        assert other.predict(frame).tolist() == model.predict(frame).tolist()
        assert other.feature_names_in_.tolist() == model.feature_names_in_.tolist()
    with pytest.raises(NotFittedError):
        quick.__class__().save(tmp_path / "unfitted")
    shutil.copytree(tmp_path / "model", tmp_path / "damaged")
    (tmp_path / "damaged" / "estimator.json").write_text("{")
    for name in ("damaged", "none"):
        with pytest.raises(ModelError, match="damaged"):
            StackedMLPClassifier.load(tmp_path / name)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"most": 0.4}, "most"),
        ({"repeats": 0}, "repeats must be a whole number"),
        ({"width": 0}, "width must be a whole number"),
        ({"epochs": 1.5}, "epochs must be a whole number"),
        ({"recall": 0.9, "cost": "50:1"}, "got recall and cost"),
        ({"recall": 1.2}, "recall must be above 0 and at most 1"),
        ({"top": 0.02}, "top must be a whole number of rows"),
        ({"cost": "50"}, "cost must be two numbers"),
        ({"confidence": 0.9}, "confidence must go with recall or precision"),
        ({"recall": 0.9, "confidence": 1.5}, "confidence must be a number from 0.5 to 0.999"),
        ({"top": 300, "width": 8, "epochs": 1}, "top must be fewer rows than are trained on, 300"),
    ],
)
def test_bad_settings_are_named(settings: dict[str, Any], said: str, small: Any) -> None:
    """Else a wrong setting shows up as a TensorFlow error, or is repaired silently."""
    with pytest.raises(ValueError, match=said):
        StackedMLPClassifier(**settings).fit(*small)


@pytest.mark.parametrize("asked", [{"recall": 0.9}, {"precision": 0.6, "confidence": 0.8}, {"top": "5%"}])
def test_an_operating_point_moves_the_threshold_and_nothing_else(
    asked: dict[str, Any], quick: Any, small: Any, tmp_path: Path
) -> None:
    """If it failed, `recall=0.9` would be met on rows trained on alone, or train other networks."""
    X, y = small
    model, plain = clone(quick).set_params(**asked).fit(X, y == "ill"), clone(quick).fit(X, y == "ill")
    logit = model.decision_function(X)
    np.testing.assert_allclose(logit, plain.decision_function(X), atol=1e-4)
    assert (plain.threshold_, plain.operating_point_) == (0.0, None)
    np.testing.assert_array_equal(model.predict(X), logit > model.threshold_)
    told = model.operating_point_
    assert told["reached"]
    assert sum(told["counts"].values()) == len(y)
    called = told["counts"]["tp"] + told["counts"]["fp"]
    assert {"recall": told["recall"][1] >= 0.9, "precision": told["precision"][1] >= 0.6, "top": called <= 15}[
        next(iter(asked))
    ]
    assert np.sum(model.predict(X)) == pytest.approx(called, rel=0.3)
    model.save(tmp_path / "model")
    loaded = StackedMLPClassifier.load(tmp_path / "model")
    assert (loaded.threshold_, loaded.operating_point_) == (model.threshold_, told)


def test_a_floor_beyond_reach_is_said(quick: Any, small: Any) -> None:
    """If it failed, a precision that no threshold has would be taken for met."""
    X, y = small
    shuffled = np.random.default_rng(1).permutation(y == "ill")
    with pytest.warns(UserWarning, match="precision of 0.99 is beyond reach"):
        model = clone(quick).set_params(precision=0.99).fit(X, shuffled)
    assert not model.operating_point_["reached"]
    with pytest.raises(ValueError, match="at least 5 different rows"):
        clone(quick).set_params(recall=0.9).fit(X, np.arange(len(y)) < 4)


def test_bad_tables_are_named(quick: Any, small: Any) -> None:
    """Else an infinite number or a third class trains something."""
    X, y = small
    with pytest.raises(ValueError, match="one class"):
        clone(quick).fit(X, np.zeros(len(y)))
    with pytest.raises(ValueError, match="multiclass"):
        clone(quick).fit(X, np.arange(len(y)) % 3)
    with pytest.raises(ValueError, match="infinity"):
        clone(quick).fit(pl.DataFrame(X).with_columns(pl.lit(np.inf).alias("x")), y)
    with pytest.raises(ValueError, match="0 sample"):
        clone(quick).fit(pd.DataFrame({"x": []}), [])
    with pytest.raises(TypeError, match="string or a real number"):
        clone(quick).fit(np.array([[{}]] * len(y), dtype=object), y)


def test_categorical_features_are_levels_by_name_or_place() -> None:
    """If it failed, codes that the user named as categories would be numbers, or another column's would be levels."""
    rng = np.random.default_rng(0)
    X = np.column_stack([rng.normal(size=60), rng.integers(0, 3, 60)])
    y = np.arange(60) % 2
    how: Any = {"epochs": 1, "width": 8, "repeats": 1, "random_state": 0}
    by_place = StackedMLPClassifier(categorical_features=[1], **how).fit(X, y)
    assert by_place.features_.names == ("x0", "x1=0", "x1=1", "x1=2")
    frame = pd.DataFrame(X, columns=["a", "code"])
    by_name = StackedMLPClassifier(categorical_features=["code"], **how).fit(frame, y)
    assert by_name.features_.names == ("a", "code=0", "code=1", "code=2")
    np.testing.assert_allclose(by_name.predict_proba(frame), by_place.predict_proba(X))
    with pytest.raises(ValueError, match="'cod'"):
        StackedMLPClassifier(categorical_features=["cod"], **how).fit(frame, y)
