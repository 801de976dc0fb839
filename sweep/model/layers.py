"""The layers of a delivered model: raw columns in, mean logit to probability and decision; `build` puts them together.

Importing this module is all that `keras.models.load_model` needs: every class is registered, none holds code.
"""

import json
import math
import warnings
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
from scipy.special import expit

from sweep.class_weight import undo_weights
from sweep.data.cells import as_numbers, listed, plain
from sweep.data.features import Features
from sweep.errors import InputError
from sweep.model.inputs import MISSING, as_tensor, words_of
from sweep.stack.backend import keras, tf
from sweep.stack.network import Stack
from sweep.stack.preprocessing import Standardise


@keras.saving.register_keras_serializable(package="sweep")
class Encode(keras.layers.Layer):
    """Raw columns by name to X: numbers as they are, categories one-hot.

    Parameters
    ----------
    features : dict
        As `Features.to_dict` writes it.
    """

    def __init__(self, features: dict[str, Any], **kwargs: Any) -> None:
        super().__init__(autocast=False, **kwargs)
        self.features = features
        self.lookups = {}
        for position, column in enumerate(Features.from_dict(features).columns):
            if column.kind == "category":
                words, other = words_of(column)
                self.lookups[str(position)] = keras.layers.StringLookup(
                    vocabulary=words, oov_token=other, output_mode="one_hot", name=f"levels_{position}"
                )

    def build(self, input_shape: Any) -> None:
        """Nothing is learned here."""
        self.built = True

    def call(self, columns: dict[str, Any]) -> Any:
        """Encode a dict of tensors, each (rows, 1), as X, (rows, features) of float64."""
        blocks = []
        for position, column in enumerate(self.features["columns"]):
            values = columns[column["name"]]
            if str(position) in self.lookups:
                values = self.lookups[str(position)](values)[:, 1:]  # the first is for all other levels
            blocks.append(tf.cast(values, tf.float64))
        return tf.concat(blocks, axis=1)

    def compute_output_spec(self, columns: dict[str, Any]) -> Any:
        """Tell the shape and type of X without running the look-ups."""
        return keras.KerasTensor((None, len(Features.from_dict(self.features).names)), dtype="float64")

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that `from_config` needs."""
        return {**super().get_config(), "features": self.features}


@keras.saving.register_keras_serializable(package="sweep")
class Decide(keras.layers.Layer):
    """Mean logit (rows, 1) to probability, with the class weights undone, and decision.

    ``probability = sigmoid(undo_weights(logit, weight_ratio, calibration))``; ``decision = logit > threshold``.

    Parameters
    ----------
    weight_ratio : float
        w1 / w0 of the training.
    calibration : sequence of float
        Intercept and slope.
    card : dict
        What the model says of itself; JSON.
    threshold : float
        On the mean logit; above it a row is predicted positive. 0: where the class weights put it.
    """

    def __init__(
        self, weight_ratio: float, calibration: Any, card: dict[str, Any], threshold: float = 0.0, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.weight_ratio = weight_ratio
        self.calibration = [float(c) for c in calibration]
        self.card = card
        self.threshold = float(threshold)

    def call(self, logit: Any) -> dict[str, Any]:
        """Give {"probability": float32, "decision": int32}, each (rows, 1)."""
        odds = undo_weights(logit, self.weight_ratio, self.calibration)
        return {"probability": tf.sigmoid(odds), "decision": tf.cast(logit > self.threshold, tf.int32)}

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that `from_config` needs."""
        own = {"weight_ratio": self.weight_ratio, "calibration": self.calibration, "card": self.card}
        return {**super().get_config(), **own, "threshold": self.threshold}


@keras.saving.register_keras_serializable(package="sweep")
class Delivered(keras.Model):
    """A functional model whose inputs go by the table's column names, whatever letters these hold.

    TensorFlow allows few letters in the name of an input, so inputs are named column_0, column_1 and so on, while the
    keys of the dict that the model is called with are the raw names. Keras warns of the difference; here it is meant.
    """

    def __init__(self, inputs: Any, outputs: Any, name: str | None = None, **kwargs: Any) -> None:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="When providing `inputs` as a dict")
            super().__init__(inputs, outputs, name=name, **kwargs)

    def predict(self, x: Any, batch_size: int | None = None, **kwargs: Any) -> Any:
        """Do as Keras' `predict`, which alone would round doubles to singles before they are centred.

        A dict of columns may hold more columns than the model takes, and lists and NumPy text as well as tensors, in
        which None, too, is a missing value.
        """
        if isinstance(x, dict):
            kinds, picked = self.kinds, self.pick(x)
            columns = {name: as_tensor(values, name, kinds[name]) for name, values in picked.items()}
            x, batch_size = tf.data.Dataset.from_tensor_slices(columns).batch(batch_size or 32), None
        return super().predict(x, batch_size=batch_size, **kwargs)

    def call(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        """Do as Keras' functional model, but on the columns picked by name: Keras would go by their places."""
        return super().call(self.pick(inputs) if isinstance(inputs, dict) else inputs, *args, **kwargs)

    def pick(self, columns: dict[str, Any]) -> dict[str, Any]:
        """Of a dict of columns those that the model takes; InputError if one is not there."""
        lacking = [name for name in self.kinds if name not in columns]
        if lacking:
            raise InputError(f"The model must get the columns that it learned from; {listed(lacking)} did not come.")
        return {name: columns[name] for name in self.kinds}

    @property
    def kinds(self) -> dict[str, str]:
        """The columns that the model takes, and the type of each."""
        columns = self.get_layer("encode").features["columns"]
        return {column["name"]: "float64" if column["kind"] == "number" else "string" for column in columns}

    @property
    def card(self) -> dict[str, Any]:
        """The model's card."""
        card: dict[str, Any] = self.get_layer("decide").card
        return card

    @property
    def features(self) -> Features:
        """The columns that the model takes, and how they become X."""
        return Features.from_dict(self.get_layer("encode").features)

    @property
    def networks(self) -> "keras.Model":
        """The ensemble, or its one network: from the first layer's output to the mean logit, (rows, 1)."""
        return next(layer for layer in self.layers if layer.name in ("ensemble", "network_0"))


def build(
    stack: Stack,
    features: Features,
    *,
    weight_ratio: float,
    card: dict[str, Any],
    calibration: tuple[float, float] = (0.0, 1.0),
    threshold: float = 0.0,
) -> Delivered:
    """Make one self-contained Keras model of an ensemble: raw columns in, probability and decision out.

    Parameters
    ----------
    stack : Stack
        All its columns are the ensemble, which averages logits; they must share their training rows.
    features : Features
        How the columns of the table become the stack's X.
    weight_ratio : float
        w1 / w0 of the training; the probability undoes it.
    card : dict
        What the model says of itself, as JSON can hold it. What the model is made of is added: the features, the
        weight ratio, the calibration, the threshold (`logit_threshold` on the mean logit and `threshold` on the
        probability, None where that tells no rows apart), and the names of its inputs.
    calibration : (intercept, slope)
        Of the log-odds, fitted out-of-fold.
    threshold : float
        On the mean logit: above it a row is predicted positive. It is rounded to single precision, so that every format
        compares with the same number.

    Returns
    -------
    Delivered
        From a dict of columns by their raw names, each (rows,) or (rows, 1), float (NaN: missing) or string ("":
        missing), to {"probability": (rows, 1) float32, "decision": (rows, 1) int32}.

    Raises
    ------
    InputError
        If stack and features do not fit, or the card is not JSON.
    """
    live = Features(tuple(column for column in features.columns if column.width))
    if len(live.names) != stack.features:
        raise InputError(f"features must give the {stack.features} columns of X of the stack; got {len(live.names)}.")
    stack = replace(stack, layer=stack.layer.together())
    if not (math.isfinite(weight_ratio) and weight_ratio > 0):
        raise InputError(f"weight_ratio must be finite and above 0; got {weight_ratio}.")
    names = {f"column_{i}": column.name for i, column in enumerate(live.columns)}
    intercept, slope = (float(c) for c in calibration)
    made_of = {
        "features": live.to_dict(),
        "weight_ratio": float(weight_ratio),
        "calibration": [intercept, slope],
        "logit_threshold": float(np.float32(threshold)),
        "threshold": threshold_on_probability(threshold, weight_ratio, (intercept, slope)),
    }
    try:
        card = json.loads(json.dumps({**card, **made_of, "inputs": names}, allow_nan=False))
    except (TypeError, ValueError) as error:
        raise InputError(f"The card must be what JSON can hold; got {error}.") from None

    inputs = {
        column.name: keras.Input((1,), name=safe, dtype="float64" if column.kind == "number" else "string")
        for safe, column in zip(names, live.columns, strict=True)
    }
    h = Standardise.of(stack.layer)(Encode(card["features"], name="encode")(inputs))
    decide = Decide(card["weight_ratio"], card["calibration"], card, card["logit_threshold"], name="decide")
    return Delivered(inputs, decide(ensemble(stack)(h)), name="sweep")


def threshold_on_probability(threshold: float, weight_ratio: float, calibration: Sequence[float]) -> float | None:
    """Translate a threshold on the mean logit to the probability that `Decide` gives there.

    None where the probability is the same for all rows, a recalibration of slope 0.

    Examples
    --------
    >>> threshold_on_probability(0.0, 3.0, (0.0, 1.0))
    0.25
    """
    if calibration[1] == 0:
        return None
    return float(expit(undo_weights(float(np.float32(threshold)), weight_ratio, calibration)))


def ensemble(stack: Stack) -> "keras.Model":
    """Build the mean logit (rows, 1) of all columns as a Keras model of the first layer's output."""
    towers = [stack.tower(s) for s in range(stack.columns)]
    for s, tower in enumerate(towers):
        tower.name = f"network_{s}"
    if len(towers) == 1:
        return towers[0]
    h = keras.Input(towers[0].input_shape[1:], name="inputs")
    return keras.Model(h, keras.layers.Average(name="mean_logit")([tower(h) for tower in towers]), name="ensemble")


def stack_of(model: Delivered) -> Stack:
    """Rebuild the stack that `build` made the model of."""
    nets = [layer for layer in model.networks.layers if layer.name.startswith("network_")] or [model.networks]
    weights = [net.get_weights() for net in nets]
    parameters = [np.stack(part) for part in zip(*weights, strict=True)]
    parameters[1::2] = [bias[:, None] for bias in parameters[1::2]]
    layer = replace(model.get_layer("standardise").learned, set_of=np.zeros(len(nets), np.int64))
    return Stack(layer, tuple(parameters))


def raw_columns(features: Features, frame: pl.DataFrame) -> dict[str, Any]:
    """Convert a table, as `read_table` gives it, to the tensors that a delivered model takes, each (rows, 1).

    Raises
    ------
    TableError
        If a column is missing, or a column of numbers holds text.
    """
    columns = {}
    for column in features.columns:
        values = plain(frame[column.name])
        if column.kind == "number":
            columns[column.name] = tf.constant(as_numbers(values)[:, None])
            continue
        if values.dtype != pl.String:  # numbers and truth values are compared by what they mean, not by their spelling
            words, other = words_of(column)
            block = Features((column,)).transform(frame)
            known = np.array([*words, other], object)
            values = pl.Series(known[np.where(block.any(axis=1), block.argmax(axis=1), len(words))], dtype=pl.String)
        columns[column.name] = tf.constant(values.fill_null(MISSING).to_numpy()[:, None])
    return columns
