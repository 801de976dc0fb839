"""The stacked network as a scikit-learn classifier: arrays and frames, text and missing values, weights undone."""

import json
import warnings
from pathlib import Path
from typing import Any, Self

import numpy as np
import polars as pl
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils import check_consistent_length, check_random_state, column_or_1d
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from sweep.class_weight import undo_weights, weight_ratio, weights_of_ratio
from sweep.config import POINTS
from sweep.data.features import Column, Features
from sweep.data.kinds import Asked, learn_schema
from sweep.data.readings import Reading
from sweep.data.schema import Schema
from sweep.errors import InputError, ModelError
from sweep.files import whole, write_text
from sweep.sklearn.frames import as_table, categories_of, columns_of
from sweep.sklearn.threshold import Folds, asked_of
from sweep.stack.design import init_seeds
from sweep.stack.network import Stack
from sweep.stack.recipe import Recipe, default_batch_size, default_epochs
from sweep.stack.training import train

ARRAYS, WORDS = "stack.npz", "estimator.json"
BLOCK = 1024  # rows computed at once, always: in float32 a row's last digits depend on how many there are


class StackedMLPClassifier(ClassifierMixin, BaseEstimator):
    """An ensemble of weighted networks for two classes, one of which may be rare.

    The second of `classes_` is the positive class. `decision_function` is the mean logit of the weighted networks and
    `predict` its sign: the balance that `most` asks for. Where an operating point is asked for, one of `recall`,
    `precision`, `top` and `cost`, the threshold that meets it is found in a 5-fold cross-validation inside `fit`, and
    `predict` follows that. `predict_proba` undoes the weights, so that it is a
    probability at the training rows' shares; for `most` above 0.5 its larger entry can name another class than
    `predict` does, which is meant.

    Parameters
    ----------
    most : float in [0.5, 1]
        The largest share difference of the classes to make up for; 0.5: no weighting.
    depth, width : int
        Hidden layers and their units.
    epochs : int, optional
        Passes over the rows; default: by their number, from 400 of a few rows down to 4 of very many.
    batch_size : int, optional
        Rows per step; default: by their number, from 64 of a few rows to 256 of very many.
    repeats : int
        Networks in the ensemble.
    bins : bool
        Whether numbers enter by the quantiles that they lie between, too, as `sweep run` finds out.
    categorical_features : sequence of str or int, optional
        Features to read as categories whatever they hold, by name or place; pandas' own categories are so anyway.
    recall, precision : float in (0, 1], optional
        The highest precision with a recall of at least so much; or the highest recall with such a precision.
    top : int or str, optional
        As many predicted positives among the training rows as this, or such a share of any rows, as "2%".
    cost : str, optional
        The least expected cost, of a missed positive to a false alarm, as "50:1".
    confidence : float in [0.5, 0.999], optional
        Hold a floor in such a share of resampled tables; by default on the rows as they are, so that new ones miss it
        about half the time.
    random_state : int, RandomState or None
        Of the initial weights, the batches, the dropout and the folds.

    Attributes
    ----------
    classes_ : array, shape (2,)
    n_features_in_ : int
    feature_names_in_ : array of str, of a frame whose names are all text
    weight_ratio_ : float
        w1 / w0.
    threshold_ : float
        On `decision_function`: above it a row is predicted positive; 0 without an operating point.
    operating_point_ : dict or None
        What was asked for, whether it was reached, and counts and rates out-of-fold; rows count once, whatever their
        sample weight.
    schema_ : Schema
        How the table's cells are read.
    features_ : Features
        How the table's columns became X.
    stack_ : Stack
        The networks, one per column.

    Examples
    --------
    >>> X = np.linspace(-1, 1, 200).reshape(-1, 1)
    >>> model = StackedMLPClassifier(width=8, random_state=0).fit(X, X[:, 0] > 0.8)
    >>> model.predict([[0.0], [1.0]])
    array([False,  True])

    Nine of ten positives, as far as can be told, and then as few false alarms as can be:

    >>> model = StackedMLPClassifier(width=8, recall=0.9, random_state=0).fit(X, X[:, 0] > 0.8)
    >>> model.operating_point_["recall"][1] >= 0.9
    True
    """

    def __init__(
        self,
        most: float = 0.9,
        *,
        depth: int = Recipe.depth,
        width: int = Recipe.width,
        epochs: int | None = None,
        batch_size: int | None = None,
        repeats: int = 3,
        bins: bool = False,
        categorical_features: Any = None,
        recall: float | None = None,
        precision: float | None = None,
        top: int | str | None = None,
        cost: str | None = None,
        confidence: float | None = None,
        random_state: Any = None,
    ) -> None:
        self.most = most
        self.depth = depth
        self.width = width
        self.epochs = epochs
        self.batch_size = batch_size
        self.repeats = repeats
        self.bins = bins
        self.categorical_features = categorical_features
        self.recall = recall
        self.precision = precision
        self.top = top
        self.cost = cost
        self.confidence = confidence
        self.random_state = random_state

    def __sklearn_tags__(self) -> Any:
        """Two classes only; text and missing values are welcome."""
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = False
        tags.input_tags.allow_nan = True
        tags.input_tags.string = True
        return tags

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Train the ensemble.

        Parameters
        ----------
        X : array, pandas or polars frame, shape (rows, features)
            Numbers, truth values, text (one-hot by its levels in 5 rows or more); missing: NaN, None, "".
        y : array of two labels, shape (rows,)
        sample_weight : array, finite and not negative, shape (rows,), optional
            Times the class weight; 0 leaves a row out.

        Raises
        ------
        ValueError
            If a shape, a value or a parameter is not as stated here.
        """
        table = self._table(X, y, reset=True)
        y = column_or_1d(y, warn=True)
        check_consistent_length(X, y)
        check_classification_targets(y)
        kind = type_of_target(y, input_name="y")
        if kind != "binary":
            raise InputError(f"Only binary classification is supported. The type of the target is {kind}.")
        self.classes_, codes = np.unique(y, return_inverse=True)
        if len(self.classes_) < 2:
            raise InputError(f"y must hold two classes; got one class, {self.classes_[0]!r}, in all rows.")
        weight = _check_sample_weight(sample_weight, X, dtype=np.float64, ensure_non_negative=True)
        if isinstance(self.repeats, bool) or not isinstance(self.repeats, int | np.integer) or self.repeats < 1:
            raise InputError(f"repeats must be a whole number from 1; got {self.repeats!r}.")
        share = float(np.average(codes, weights=weight)) if weight.any() else 0.0
        if not 0 < share < 1:
            raise InputError("sample_weight must leave rows of both classes; got 0 for all rows of one class.")
        asked = asked_of(**{name: getattr(self, name) for name in (*POINTS, "confidence")})
        self.weight_ratio_ = float(weight_ratio(self.most, share))
        weights = weights_of_ratio(self.weight_ratio_, self.most)
        W = np.where(codes == 1, weights["1"], weights["0"]) * weight

        self._learn(X, table)
        seed = int(check_random_state(self.random_state).randint(2**31 - 1))
        features = self._transform(table)
        W = np.repeat(W[:, None], self.repeats, axis=1)
        folds = None if asked is None else Folds.of(features, codes, weight, seed)
        if folds is not None:
            W = folds.columns(W)
        stack = train(
            features,
            np.broadcast_to(codes[:, None], W.shape),
            W,
            depth=self.depth,
            width=self.width,
            epochs=default_epochs(len(W)) if self.epochs is None else self.epochs,
            batch_size=default_batch_size(len(W)) if self.batch_size is None else self.batch_size,
            bins=self.bins,
            seed=seed,
            init_seed=np.tile(init_seeds(seed, self.repeats), W.shape[1] // self.repeats).tolist(),
        )
        self.stack_ = stack.take(range(self.repeats))
        self.threshold_, self.operating_point_ = 0.0, None
        if asked is not None and folds is not None:
            found = folds.find_threshold(asked, stack.logits(features), self.repeats)
            self.threshold_, self.operating_point_ = found
            if not self.operating_point_["reached"]:
                warnings.warn(
                    f"{asked.kind} of {asked.value:g} is beyond reach out-of-fold; the nearest threshold was taken. "
                    "See operating_point_.",
                    UserWarning,
                    stacklevel=2,
                )
        return self

    def decision_function(self, X: Any) -> np.ndarray:
        """Give the mean logit of the weighted networks, shape (rows,); above 0: the second class."""
        check_is_fitted(self)
        X = self._transform(self._table(X, reset=False))
        padded = np.zeros((-(-len(X) // BLOCK) * BLOCK, X.shape[1]), X.dtype)
        padded[: len(X)] = X
        logits = [self.stack_.logits(block) for block in padded.reshape(-1, BLOCK, X.shape[1])]
        mean: np.ndarray = np.concatenate(logits)[: len(X)].mean(axis=1, dtype=np.float64)
        return mean

    def predict(self, X: Any) -> np.ndarray:
        """Decide the class of each row, shape (rows,), by whether `decision_function` is above `threshold_`."""
        positive = self.decision_function(X) > self.threshold_
        labels: np.ndarray = self.classes_[positive.astype(int)]
        return labels

    def predict_proba(self, X: Any) -> np.ndarray:
        """Give the probability of both classes with the weights undone, shape (rows, 2)."""
        log_odds = undo_weights(self.decision_function(X), self.weight_ratio_)
        p = np.exp(-np.logaddexp(0, -log_odds))
        return np.column_stack([np.exp(-np.logaddexp(0, log_odds)), p])

    def save(self, path: str | Path) -> None:
        """Write the fitted classifier to a folder of plain arrays and JSON, whole or not at all."""
        check_is_fitted(self)
        words = {
            "params": {**self.get_params(), "random_state": None},
            "classes": {"dtype": self.classes_.dtype.str, "values": self.classes_.tolist()},
            "n_features_in": self.n_features_in_,
            "feature_names_in": list(getattr(self, "feature_names_in_", [])),
            "weight_ratio": self.weight_ratio_,
            "threshold": self.threshold_,
            "operating_point": self.operating_point_,
            "features": self.features_.to_dict(),
            "schema": self.schema_.to_dict(),
        }
        with whole(Path(path)) as part:
            part.mkdir()
            self.stack_.save(part / ARRAYS)
            write_text(part / WORDS, json.dumps(words, indent=1))

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read what `save` wrote; nothing in it is executed.

        Raises
        ------
        ModelError
            If it is not there or damaged.
        """
        path = Path(path)
        try:
            words = json.loads((path / WORDS).read_text(encoding="utf-8"))
            model = cls(**words["params"])
            model.stack_ = Stack.load(path / ARRAYS)
            model.classes_ = np.array(words["classes"]["values"], dtype=words["classes"]["dtype"])
            model.n_features_in_ = words["n_features_in"]
            if words["feature_names_in"]:
                model.feature_names_in_ = np.array(words["feature_names_in"], dtype=object)
            model.weight_ratio_ = words["weight_ratio"]
            model.threshold_ = words.get("threshold", 0.0)
            model.operating_point_ = words.get("operating_point")
            model.features_ = Features.from_dict(words["features"])
            model.schema_ = Schema.from_dict(words["schema"])
        except Exception as error:  # a damaged file can fail anywhere in its reader
            raise ModelError(
                f"{path}: not a classifier that `save` wrote, or damaged ({error}); fit it again."
            ) from None
        return model

    def _table(self, X: Any, y: Any = "no_validation", *, reset: bool) -> np.ndarray | pl.DataFrame:
        """X checked: an array of numbers, or a frame with columns of its names or x0, x1, ..."""
        columns = columns_of(X)
        if columns is None:
            how = {"reset": reset, "dtype": [np.float64, np.float32], "ensure_all_finite": "allow-nan"}
            X = validate_data(self, X, y, **how)
            checked: np.ndarray | pl.DataFrame = X[0] if isinstance(X, tuple) else X
            return checked
        validate_data(self, X, y, reset=reset, skip_check_array=True)
        names = list(getattr(self, "feature_names_in_", []))
        if len(set(names)) < len(columns):
            names = [f"x{i}" for i in range(len(columns))]
        return as_table(columns, names)

    def _learn(self, X: Any, table: np.ndarray | pl.DataFrame) -> None:
        """Find what the columns of a checked table are."""
        if isinstance(table, np.ndarray):
            names = [f"x{i}" for i in range(table.shape[1])]
            columns: Any = table.T
        else:
            names, columns = table.columns, columns_of(X)
        categories = categories_of(columns, names, self.categorical_features)
        if isinstance(table, np.ndarray) and not categories:
            self.schema_ = Schema(tuple(Reading(name, "number", marked=True) for name in names))
            self.features_ = Features(tuple(Column(name, "number") for name in names))
            return
        raw = pl.DataFrame(table, schema=names) if isinstance(table, np.ndarray) else table
        self.schema_, _ = learn_schema(raw, asked=Asked(category=categories))
        self.features_ = Features.learn(self.schema_.read(raw))

    def _transform(self, table: np.ndarray | pl.DataFrame) -> np.ndarray:
        """Convert a checked table to the stack's X."""
        names = list(self.schema_.names)
        if isinstance(table, np.ndarray):
            if all(reading.kind == "number" and not reading.extra for reading in self.schema_.readings):
                return table
            table = pl.DataFrame(table, schema=names)
        raw = table.rename(dict(zip(table.columns, names, strict=True)))
        return self.features_.transform(self.schema_.fit(raw)[0].read(raw))
