"""The stacked network: depth x width for all columns at once, and one column as an ordinary Keras model.

The first layer is the only preprocessing. What it knows was learned from a column's own training rows, once per
distinct set of such rows (training.py); here it is applied, by the same function in training and in export.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from sweep.errors import InputError
from sweep.stack.backend import keras, tf

CHUNK_BYTES = 2**26  # of one layer's activations, at inference


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

    def take(self, columns: Sequence[int]) -> "FirstLayer":
        """The first layer of some of the columns, in the order given."""
        used, set_of = np.unique(self.set_of[np.asarray(columns)], return_inverse=True)
        return FirstLayer(self.centre[used], self.scale[used], self.indicators, self.announced[used], set_of)


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
    z = (x - centre) * scale
    z = tf.where(tf.math.is_nan(z), tf.zeros_like(z), z)
    z = tf.cast(tf.clip_by_value(z, -1e6, 1e6), tf.float32)
    return z * tf.math.rsqrt(1.0 + tf.square(z / 3.0))


@tf.custom_gradient
def mish(x: Any) -> Any:
    """``x * tanh(softplus(x))`` from one exponential, with its derivative from the same (Misra 2019)."""
    e = tf.exp(tf.minimum(x, 20.0))
    n = e * (e + 2.0)
    t = n / (n + 2.0)

    def gradient(dy: Any) -> Any:
        return dy * (t + x * (1.0 - t * t) * (e / (1.0 + e)))

    return x * t, gradient


def shapes(columns: Any, inputs: Any, depth: int, width: Any) -> list[tuple[Any, Any, Any]]:
    """Kernel and bias shapes, in order: (columns, in, out) and (columns, 1, out); of integers or of tensors."""
    sizes = [inputs, *[width] * depth, 1]
    return [s for i, o in pairwise(sizes) for s in ((columns, i, o), (columns, 1, o))]


def forward(x: Any, layer: Sequence[Any], parameters: Sequence[Any], *, masks: Sequence[Any] | None = None) -> Any:
    """Compute logits of all columns.

    Parameters
    ----------
    x : tensor, shape (rows, features)
    layer : the tensors of `FirstLayer`: centre, scale, indicators, announced, set_of
    parameters : tensors, kernel and bias of each layer, as in `shapes`
    masks : tensors, shape (rows, width), one a hidden layer, the same for all columns; None: no dropout

    Returns
    -------
    tensor of float32, shape (columns, rows)
    """
    centre, scale, indicators, announced, set_of = layer
    h = squash(x[None], centre[:, None], scale[:, None])
    missing = tf.cast(tf.math.is_nan(tf.gather(x, indicators, axis=1)), tf.float32)
    h = tf.concat([h, missing[None] * announced[:, None]], axis=2)
    h = tf.gather(h, set_of)
    hidden = len(parameters) // 2 - 1
    for i in range(hidden + 1):
        h = tf.matmul(h, parameters[2 * i]) + parameters[2 * i + 1]
        if i < hidden:
            h = mish(h)
            if masks is not None:
                h = h * masks[i]
    return h[:, :, 0]


@lru_cache
def _inference(depth: int, dtype: str) -> Any:
    """Compile the logits of stacks of a depth; every other size is data."""

    @tf.function(
        input_signature=[
            tf.TensorSpec([None, None], dtype),
            layer_spec(dtype),
            [tf.TensorSpec([None] * 3)] * 2 * (depth + 1),
        ]
    )
    def infer(x: Any, layer: Any, parameters: Any) -> Any:
        return tf.transpose(forward(x, layer, parameters))

    return infer


def check_rows(X: np.ndarray, features: int | None = None) -> np.ndarray:
    """Take X as (rows, features) of float32 or float64, or say what is wrong with it."""
    X = np.asarray(X)
    if X.dtype not in (np.float32, np.float64):
        try:
            X = X.astype(np.float64)
        except (TypeError, ValueError) as error:
            raise InputError(f"X must hold numbers (NaN: missing); got {error}. Encode text as one-hot.") from None
    if X.ndim != 2 or 0 in X.shape:
        raise InputError(f"X must have the shape (rows, features) with at least one of each; got {X.shape}.")
    if features is not None and X.shape[1] != features:
        raise InputError(f"X must have the {features} features of the training rows; got {X.shape[1]}.")
    return X


@dataclass(frozen=True)
class Stack:
    """Many trained networks, one a column.

    Attributes
    ----------
    layer : FirstLayer
    parameters : tuple of arrays of float32
        Kernel (columns, in, out) and bias (columns, 1, out) of each layer, first to last.
    """

    layer: FirstLayer
    parameters: tuple[np.ndarray, ...]

    @property
    def columns(self) -> int:
        """How many networks there are."""
        return len(self.layer.set_of)

    @property
    def features(self) -> int:
        """How many features X must have."""
        return self.layer.centre.shape[1]

    def logits(self, X: np.ndarray) -> np.ndarray:
        """Compute the log-odds that each column gives each row.

        Parameters
        ----------
        X : array, shape (rows, features); NaN: missing

        Returns
        -------
        array of float32, shape (rows, columns)

        Raises
        ------
        ValueError
            If X has another number of features than the training rows.
        """
        X = check_rows(X, self.features)
        widest = max(p.shape[-1] for p in self.parameters[::2])
        rows = max(1, CHUNK_BYTES // (4 * self.columns * max(widest, self.features)))
        layer, parameters = tensors(self.layer, X.dtype), [tf.constant(p) for p in self.parameters]
        infer = _inference(len(parameters) // 2 - 1, X.dtype.name)
        out = np.empty((len(X), self.columns), np.float32)
        for start in range(0, len(X), rows):
            out[start : start + rows] = infer(tf.constant(X[start : start + rows]), layer, parameters)
        return out

    def column(self, s: int) -> "keras.Model":
        """One column as an ordinary Keras model, from the same X to that column's logits, (rows, 1).

        Raises
        ------
        ValueError
            If there is no such column.
        """
        if not -self.columns <= s < self.columns:
            raise InputError(f"s must be one of the {self.columns} columns, 0 to {self.columns - 1}; got {s}.")
        inputs = keras.Input((self.features,), dtype="float64", name="X")
        first = Standardise.of(self.layer, s)
        return keras.Model(inputs, self.tower(s)(first(inputs)), name=f"column_{s}")

    def tower(self, s: int) -> "keras.Sequential":
        """The dense layers of one column, from the first layer's output to the logit."""
        kernels, biases = self.parameters[::2], self.parameters[1::2]
        last = len(kernels) - 1
        dense = [
            keras.layers.Dense(k.shape[2], activation="mish" if i < last else None, name=f"dense_{i}")
            for i, k in enumerate(kernels)
        ]
        tower = keras.Sequential([keras.Input((kernels[0].shape[1],)), *dense])
        for layer, kernel, bias in zip(dense, kernels, biases, strict=True):
            layer.set_weights([kernel[s], bias[s, 0]])
        return tower

    def take(self, columns: Sequence[int]) -> "Stack":
        """The stack of some of the columns, in the order given."""
        return Stack(self.layer.take(columns), tuple(p[np.asarray(columns)] for p in self.parameters))

    @staticmethod
    def join(parts: Sequence["Stack"]) -> "Stack":
        """Set stacks of the same networks on the same features side by side."""
        layers = [p.layer for p in parts]
        offsets = np.cumsum([0] + [len(layer.centre) for layer in layers[:-1]])
        layer = FirstLayer(
            np.concatenate([layer.centre for layer in layers]),
            np.concatenate([layer.scale for layer in layers]),
            layers[0].indicators,
            np.concatenate([layer.announced for layer in layers]),
            np.concatenate([layer.set_of + offset for layer, offset in zip(layers, offsets, strict=True)]),
        )
        return Stack(layer, tuple(np.concatenate(p) for p in zip(*(part.parameters for part in parts), strict=True)))

    def save(self, path: Path) -> None:
        """Write plain arrays to an .npz file."""
        layer = {f"layer_{k}": v for k, v in vars(self.layer).items()}
        np.savez(path, **layer, **{f"parameter_{i:03d}": p for i, p in enumerate(self.parameters)})

    @staticmethod
    def load(path: Path) -> "Stack":
        """Read what `save` wrote; nothing in the file is executed."""
        with path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
            layer = FirstLayer(**{k.removeprefix("layer_"): file[k] for k in file.files if k.startswith("layer_")})
            return Stack(layer, tuple(file[k] for k in sorted(file.files) if k.startswith("parameter_")))


def tensors(layer: FirstLayer, dtype: Any) -> tuple[Any, ...]:
    """The tensors of a first layer, for X of a dtype."""
    return (
        tf.constant(layer.centre, dtype),
        tf.constant(layer.scale, dtype),
        tf.constant(layer.indicators, tf.int32),
        tf.constant(layer.announced, tf.float32),
        tf.constant(layer.set_of, tf.int32),
    )


def layer_spec(dtype: Any) -> tuple[Any, ...]:
    """The kinds of `tensors`, for a compiled program."""
    raw, whole = tf.TensorSpec([None, None], dtype), tf.TensorSpec([None], tf.int32)
    return raw, raw, whole, tf.TensorSpec([None, None]), whole


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

    def __init__(self, indicators: Sequence[int], *, precision: str = "float64", **kwargs: Any) -> None:
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
