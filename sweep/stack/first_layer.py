"""The first layer of each column: the only preprocessing, learned where W > 0, shared by training and export.

X holds raw numbers (NaN: missing) and one-hot levels. What a column's first layer knows is learned once per distinct
set of training rows; `squash` applies it, the same function in training and in export.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from sweep.stack.backend import keras, tf, traced_once

RARE = 5  # a level, or a missing value, seen on fewer training rows than this is not told apart


@dataclass(frozen=True)
class FirstLayer:
    """What the first layer of each column knows, learned where W > 0.

    Attributes
    ----------
    centre, scale : arrays of float64, shape (sets, features)
        A value x enters as ``squash((x - centre) * scale)``; scale 0 switches a feature off.
    indicators : array of int, shape (indicators,)
        The features whose missing values are announced by an input of their own.
    announced : array of float32, shape (sets, indicators)
        1 where that input is on.
    set_of : array of int, shape (columns,)
        The set of training rows that a column has.
    """

    centre: np.ndarray
    scale: np.ndarray
    indicators: np.ndarray
    announced: np.ndarray
    set_of: np.ndarray

    @property
    def live(self) -> np.ndarray:
        """Which inputs are on: array of bool, shape (sets, features + indicators)."""
        return np.concatenate([self.scale != 0, self.announced != 0], axis=1)

    def take(self, columns: Sequence[int] | np.ndarray) -> "FirstLayer":
        """The first layer of some of the columns, in the order given."""
        used, set_of = np.unique(self.set_of[np.asarray(columns)], return_inverse=True)
        return FirstLayer(self.centre[used], self.scale[used], self.indicators, self.announced[used], set_of)

    def enter(self, X: np.ndarray) -> Any:
        """What the rows of X are to each set: tensor of float32, shape (sets, rows, features + indicators)."""
        kind = X.dtype.name
        return _entrance(kind)(
            tf.constant(X),
            tf.constant(self.centre, kind),
            tf.constant(self.scale, kind),
            tf.constant(self.indicators, tf.int32),
            tf.constant(self.announced, tf.float32),
        )


@traced_once
def _entrance(dtype: str) -> Any:
    """Compile `enter` for X of a dtype; every size is data."""
    raw = tf.TensorSpec([None, None], dtype)

    @tf.function(input_signature=[raw, raw, raw, tf.TensorSpec([None], tf.int32), tf.TensorSpec([None, None])])
    def enter(x: Any, centre: Any, scale: Any, indicators: Any, announced: Any) -> Any:
        missing = tf.cast(tf.math.is_nan(tf.gather(x, indicators, axis=1)), tf.float32)
        numbers = squash(x[None], centre[:, None], scale[:, None])
        return tf.concat([numbers, missing[None] * announced[:, None]], axis=2)

    return enter


def squash(x: Any, centre: Any, scale: Any) -> Any:
    """Centre and scale raw numbers, fill missing ones with the centre, and clip smoothly to +-3.

    ``z = (x - centre) * scale``; ``z / sqrt(1 + (z / 3)^2)`` (Holzmueller et al. 2024, RealMLP). The difference is
    taken at the precision of x, all that follows in float32.

    Parameters
    ----------
    x : tensor, shape (..., features); NaN: missing
    centre, scale : tensors that broadcast against x, of its dtype

    Returns
    -------
    tensor of float32, finite
    """
    missing = tf.math.is_nan(x)  # its negation in `where` becomes NaN on the way to ONNX
    x = tf.clip_by_value(tf.where(missing, tf.zeros_like(x), x), -x.dtype.max / 4, x.dtype.max / 4)  # inf * 0 is NaN
    z = tf.clip_by_value(tf.cast((x - centre) * scale, tf.float32), -1e6, 1e6) * (1.0 - tf.cast(missing, tf.float32))
    return z * tf.math.rsqrt(1.0 + tf.square(z / 3.0))


def learn_first_layer(X: np.ndarray, W: np.ndarray) -> FirstLayer:
    """Learn centre, scale, live levels and announced missing values where W > 0, once per distinct set of rows.

    Numbers: median and interquartile range (2 / range where that is 0: Holzmueller et al. 2024). A feature of 0 and 1
    only, such as a one-hot level, stays as it is, and is switched off where fewer than `RARE` rows have a 1: all such
    and all unseen levels are then the one level "other". Constant features are switched off.

    Parameters
    ----------
    X : array, shape (rows, features)
    W : array, shape (rows, columns)
    """
    sets: dict[bytes, int] = {}
    lives: list[np.ndarray] = []
    set_of = np.empty(W.shape[1], np.int64)
    for s in range(W.shape[1]):
        live = W[:, s] > 0
        key = hashlib.sha256(np.packbits(live).tobytes()).digest()
        set_of[s] = sets.setdefault(key, len(sets))
        if len(lives) < len(sets):
            lives.append(live)
    centre, scale = np.zeros((2, len(sets), X.shape[1]))
    absent = np.isnan(X)
    indicators = np.flatnonzero(absent.any(axis=0))
    announced = np.array([absent[live][:, indicators].sum(axis=0) >= RARE for live in lives], np.float32)
    for f in range(X.shape[1]):
        order = np.argsort(X[:, f])  # NaN last
        known = X[order, f][: len(X) - absent[:, f].sum()]
        for k, live in enumerate(lives):
            centre[k, f], scale[k, f] = _centre_and_scale(known[live[order[: len(known)]]])
    return FirstLayer(centre, scale, indicators, announced, set_of)


def _centre_and_scale(values: np.ndarray) -> tuple[float, float]:
    """Of one feature's sorted, known training values; scale 0: it is switched off."""
    if not len(values) or values[0] == values[-1]:
        return 0.0, 0.0
    if values[0] == 0 and values[-1] == 1 and np.isin(values, (0, 1)).all():
        return 0.0, float(values.sum() >= RARE)
    low, centre, high = np.quantile(values.astype(np.float64), (0.25, 0.5, 0.75))
    spread = high - low or (values[-1] - values[0]) / 2
    return float(centre), float(min(1 / spread, 1e30)) if np.isfinite(spread) else 0.0


@keras.saving.register_keras_serializable(package="sweep")
class Standardise(keras.layers.Layer):
    """The first layer of one column as a Keras layer: (rows, features) to (rows, features + indicators).

    Parameters
    ----------
    indicators : sequence of int
        The features whose missing values have an input of their own.
    precision : "float64" or "float32"
        Of the difference between a value and its centre.
    """

    def __init__(self, indicators: Sequence[int] | np.ndarray, *, precision: str = "float64", **kwargs: Any) -> None:
        super().__init__(autocast=False, **kwargs)
        self.indicators = [int(i) for i in indicators]
        self.precision = precision

    @classmethod
    def of(cls, layer: FirstLayer, s: int) -> "Standardise":
        """The layer that column `s` has."""
        at = layer.set_of[s]
        first = cls(layer.indicators, name="standardise")
        first.build((None, layer.centre.shape[1]))
        first.set_weights([layer.centre[at], layer.scale[at], layer.announced[at]])
        return first

    def build(self, input_shape: tuple[int | None, int]) -> None:
        """Make room for what was learned."""
        features = (input_shape[-1],)
        self.centre = self.add_weight(shape=features, dtype=self.precision, name="centre", trainable=False)
        self.scale = self.add_weight(shape=features, dtype=self.precision, name="scale", trainable=False)
        self.announced = self.add_weight(shape=(len(self.indicators),), name="announced", trainable=False)
        self.built = True

    def call(self, x: Any) -> Any:
        """Apply `squash` and announce missing values."""
        x = tf.cast(x, self.precision)
        at = tf.constant(self.indicators, tf.int32)
        missing = tf.cast(tf.math.is_nan(tf.gather(x, at, axis=1)), tf.float32)
        return tf.concat([squash(x, self.centre, self.scale), missing * self.announced], axis=1)

    def get_config(self) -> dict[str, Any]:
        """What `from_config` needs."""
        return {**super().get_config(), "indicators": self.indicators, "precision": self.precision}
