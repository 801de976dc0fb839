"""The stacked network: depth x width for all columns at once, and one column as an ordinary Keras model."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from sweep.errors import InputError
from sweep.files import open_arrays
from sweep.stack.backend import in_threads, keras, tf, traced_once
from sweep.stack.preprocessing import FirstLayer, Standardise

CHUNK_BYTES = 2**22  # of one layer's activations, at inference: about what a core's cache holds


@tf.custom_gradient
def dense(h: Any, kernel: Any, bias: Any) -> Any:
    """Compute ``h @ kernel + bias`` of each column.

    The derivatives here and below are written out: where sizes are data, TensorFlow derives several times the
    operations, and small networks take as long as their operations are many.

    Parameters
    ----------
    h : tensor, shape (columns, rows, inputs)
    kernel, bias : tensors, shapes (columns, inputs, units) and (columns, 1, units)

    Returns
    -------
    tensor, shape (columns, rows, units)
    """

    def gradient(dy: Any) -> Any:
        dh = tf.matmul(dy, kernel, transpose_b=True)
        return dh, tf.matmul(h, dy, transpose_a=True), tf.reduce_sum(dy, axis=1, keepdims=True)

    return tf.matmul(h, kernel) + bias, gradient


@tf.custom_gradient
def silu_dropout(x: Any, mask: Any) -> Any:
    """Compute ``x * sigmoid(x) * mask``; the derivative uses what is at hand then (silu: Elfwing et al. 2018)."""
    s = tf.sigmoid(x)
    k = s * mask
    y = x * k

    def gradient(dy: Any) -> Any:
        return dy * (k + y * (1.0 - s)), None

    return y, gradient


def shapes(columns: Any, inputs: Any, depth: int, width: Any) -> list[tuple[Any, Any, Any]]:
    """List kernel and bias shapes in order: (columns, in, out) and (columns, 1, out); of integers or of tensors."""
    sizes = [inputs, *[width] * depth, 1]
    return [s for i, o in pairwise(sizes) for s in ((columns, i, o), (columns, 1, o))]


def forward(h: Any, parameters: Sequence[Any], *, masks: Sequence[Any] | None = None) -> Any:
    """Compute the logits of all columns.

    Parameters
    ----------
    h : tensor, shape (columns, rows, inputs)
        The rows as the first layers give them.
    parameters : tensors, kernel and bias of each layer, as in `shapes`
    masks : tensors, shape (rows, width), one per hidden layer, the same for all columns, optional
        1 / (1 - dropout rate) where a unit is kept, else 0. Default: no dropout.

    Returns
    -------
    tensor of float32, shape (columns, rows)
    """
    hidden = len(parameters) // 2 - 1
    for i in range(hidden + 1):
        h = dense(h, parameters[2 * i], parameters[2 * i + 1])
        if i < hidden:
            h = h * tf.sigmoid(h) if masks is None else silu_dropout(h, masks[i])  # silu in two passes, not three
    return tf.squeeze(h, axis=2)


@traced_once
def _inference(depth: int) -> Any:
    """Compile the logits of stacks of a depth; every other size is data."""

    @tf.function(
        input_signature=[
            tf.TensorSpec([None] * 3),
            tf.TensorSpec([None], tf.int32),
            [tf.TensorSpec([None] * 3)] * 2 * (depth + 1),
        ]
    )
    def infer(entered: Any, set_of: Any, parameters: Any) -> Any:
        return tf.transpose(forward(tf.gather(entered, set_of), parameters))

    return infer


def check_rows(X: np.ndarray, features: int | None = None) -> np.ndarray:
    """Check and convert X to (rows, features) of float32 or float64."""
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


@dataclass(frozen=True, repr=False)
class Stack:
    """Many trained networks, one per column.

    Attributes
    ----------
    layer : FirstLayer
    parameters : tuple of arrays of float32
        Kernel (columns, in, out) and bias (columns, 1, out) of each layer, first to last.
    """

    layer: FirstLayer
    parameters: tuple[np.ndarray, ...]

    def __repr__(self) -> str:
        """Count the networks, and describe one."""
        depth, width = len(self.parameters) // 2 - 1, self.parameters[0].shape[-1] if len(self.parameters) > 2 else 0
        return f"<Stack of {self.columns} networks, {depth} x {width}, on {self.features} features>"

    @property
    def columns(self) -> int:
        """The number of networks."""
        return len(self.layer.set_of)

    @property
    def features(self) -> int:
        """The number of features that X must have."""
        features: int = self.layer.centre.shape[1]
        return features

    def logits(self, X: np.ndarray, blocks: Sequence[tuple[np.ndarray, np.ndarray]] | None = None) -> np.ndarray:
        """Compute the logit of each row in each column.

        Parameters
        ----------
        X : array, shape (rows, features); NaN: missing
        blocks : (rows, columns) each, arrays of int, optional
            Which columns to compute of which rows, alike many of each row; no row is in two blocks. Default: all.

        Returns
        -------
        array of float32, shape (rows, columns)
            With blocks (rows, columns of a block), each row's by the columns of its block; NaN where it is in none.

        Raises
        ------
        ValueError
            If X has another number of features than the training rows.
        """
        X = check_rows(X, self.features)
        infer = _inference(len(self.parameters) // 2 - 1)
        parts = [(self, np.arange(len(X)))]
        if blocks is not None:
            parts = [(self.take(columns), rows) for rows, columns in blocks]
        out = np.full((len(X), parts[0][0].columns), np.nan, np.float32)
        calls = []
        for part, rows in parts:
            networks = tf.constant(part.layer.set_of, tf.int32), [tf.constant(p) for p in part.parameters]
            widest = part.columns * max(p.shape[-1] for p in part.parameters[::2])
            widest = max(widest, part.layer.live.size, part.layer.value.size)
            size = max(1, CHUNK_BYTES // (4 * widest))
            calls += [(part.layer, networks, rows[at : at + size]) for at in range(0, len(rows), size)]

        def score(layer: FirstLayer, networks: Any, rows: np.ndarray) -> None:
            out[rows] = infer(layer.enter(X.take(rows, axis=0)), *networks)

        in_threads(score, *zip(*calls, strict=True))
        return out

    def column(self, s: int) -> "keras.Model":
        """Build one column as an ordinary Keras model, from the same X to that column's logits, (rows, 1).

        Raises
        ------
        ValueError
            If there is no such column.
        """
        if not -self.columns <= s < self.columns:
            raise InputError(f"s must be one of the {self.columns} columns, 0 to {self.columns - 1}; got {s}.")
        inputs = keras.Input((self.features,), dtype="float64", name="X")
        first = Standardise.of(self.layer.take([s]))
        return keras.Model(inputs, self.tower(s)(first(inputs)), name=f"column_{s}")

    def tower(self, s: int) -> "keras.Sequential":
        """Build the dense layers of one column, from the first layer's output to the logit."""
        kernels, biases = self.parameters[::2], self.parameters[1::2]
        last = len(kernels) - 1
        dense = [
            keras.layers.Dense(k.shape[2], activation="silu" if i < last else None, name=f"dense_{i}")
            for i, k in enumerate(kernels)
        ]
        tower = keras.Sequential([keras.Input((kernels[0].shape[1],)), *dense])
        for layer, kernel, bias in zip(dense, kernels, biases, strict=True):
            layer.set_weights([kernel[s], bias[s, 0]])
        return tower

    def take(self, columns: Sequence[int] | np.ndarray) -> "Stack":
        """Take the stack of some of the columns, in the order given."""
        return Stack(self.layer.take(columns), tuple(p[np.asarray(columns)] for p in self.parameters))

    @staticmethod
    def join(parts: Sequence["Stack"]) -> "Stack":
        """Set stacks of the same networks on the same features side by side."""
        layer = FirstLayer.join([part.layer for part in parts])
        return Stack(layer, tuple(np.concatenate(p) for p in zip(*(part.parameters for part in parts), strict=True)))

    def save(self, path: Path) -> None:
        """Write plain arrays to an .npz file."""
        arrays: dict[str, Any] = {f"layer_{k}": v for k, v in vars(self.layer).items()}
        arrays |= {f"parameter_{i:03d}": p for i, p in enumerate(self.parameters)}
        np.savez(path, **arrays)

    @staticmethod
    def load(path: Path) -> "Stack":
        """Read what `save` wrote; nothing in the file is executed."""
        with open_arrays(path) as file:
            layer = FirstLayer(**{k.removeprefix("layer_"): file[k] for k in file.files if k.startswith("layer_")})
            return Stack(layer, tuple(file[k] for k in sorted(file.files) if k.startswith("parameter_")))
