"""The engine: one compiled program that trains a block of columns of a stack on one core.

Batches come from the number of rows and the seed only and are the same for all columns, as are dropout masks; a row
with W = 0 adds nothing to its column. All parameters of a block lie in one flat vector, so that one fused kernel
updates them; shapes are data to the program, so that a new width or number of columns costs no new trace.
"""

import time
from collections.abc import Callable
from itertools import chain, islice
from typing import Any

import numpy as np

from sweep.stack.backend import tf, traced_once
from sweep.stack.network import forward, shapes
from sweep.stack.preprocessing import FirstLayer
from sweep.stack.recipe import BETA1, BETA2, DECAY_AT, EPSILON, GAIN_RATE, WARM_UP, Recipe

AT_A_TIME = 0.3  # seconds of steps that TensorFlow gets at a time, between which a signal or a deadline is heeded
READY_BYTES = 2**27  # of all rows as the first layer gives them; beyond, a piece of the rows is transformed at a time
PIECE_BYTES = 2**23  # of such a piece

OnStep = Callable[[], None]


def initial_parameters(layer: FirstLayer, init_seed: np.ndarray, prior: np.ndarray, recipe: Recipe) -> list[np.ndarray]:
    """Draw each column's kernels from its own seed alone, N(0, 1 / inputs); the last bias is the prior's log-odds.

    An input that is switched off takes no draw and has kernel 0, so that what only held-out rows have, a level or a
    missing value, moves no weight.

    Parameters
    ----------
    layer : FirstLayer
    init_seed : array of int, shape (columns,)
    prior : array, shape (columns,), the weighted prevalence
    recipe : Recipe
    """
    inputs = layer.live.shape[1]
    parameters = [np.zeros(s, np.float32) for s in shapes(len(init_seed), inputs, recipe.depth, recipe.width)]
    drawn: dict[tuple[int, int], int] = {}
    for s, key in enumerate(zip(init_seed.tolist(), layer.set_of.tolist(), strict=True)):
        same = drawn.setdefault(key, s)
        rng = np.random.default_rng(key[0])
        for i, kernel in enumerate(parameters[::2]):
            if same < s:
                kernel[s] = kernel[same]
                continue
            on = layer.live[key[1]] if i == 0 else slice(None)
            fan_in = max(1, len(kernel[s][on]))
            kernel[s][on] = rng.standard_normal((len(kernel[s][on]), kernel.shape[2]), np.float32) / np.sqrt(fan_in)
    share = np.clip(prior, 1e-4, 1 - 1e-4)
    parameters[-1][:, 0, 0] = np.log(share / (1 - share))
    return parameters


def rarer_rows(Y: np.ndarray, W: np.ndarray) -> np.ndarray:
    """Count the rows of its rarer class that a column is trained on: of each class ``(sum w)^2 / sum w^2``, the lesser.

    For rows that weigh alike it is their number. A column with rows of one class only has that class's.

    Parameters
    ----------
    Y, W : arrays, shape (rows, columns)

    Returns
    -------
    array of float64, shape (columns,)

    Examples
    --------
    >>> rarer_rows(np.array([[1], [1], [0], [0], [0]]), np.array([[2.0], [2.0], [1.0], [1.0], [0.0]]))
    array([2.])
    """
    of_class = []
    for labels in (1 - Y, Y):
        total = np.einsum("ij,ij->j", labels, W, dtype=np.float64)
        square = np.einsum("ij,ij,ij->j", labels, W, W, dtype=np.float64)
        of_class.append(np.divide(total**2, square, out=np.full(len(total), np.inf), where=square > 0))
    rarer: np.ndarray = np.minimum(*of_class)
    return rarer


@tf.custom_gradient
def fold_gain(gain: Any, kernel: Any) -> Any:
    """Fold the gain of each input, (columns, inputs, 1), into the first kernel, (columns, inputs, units).

    A gain scales an input for all units at once, so that what matters is found sooner (Holzmueller et al. 2024, the
    scaling layer of RealMLP). It is held as a share 1 / `GAIN_RATE` of itself: steps of Adam are of one size
    for all parameters, so it moves that much faster.
    """
    turned = GAIN_RATE * gain

    def gradient(dy: Any) -> Any:
        return GAIN_RATE * tf.reduce_sum(dy * kernel, axis=2, keepdims=True), turned * dy

    return turned * kernel, gradient


def batches(rows: int, batch_size: int, seed: int, epoch: int) -> np.ndarray:
    """Shuffle and split the rows of an epoch into mini-batches, array of int32, shape (steps, batch_size).

    An incomplete last batch is dropped.
    """
    size = min(rows, batch_size)
    steps = rows // size
    order = np.random.default_rng([seed, epoch]).permutation(rows)[: steps * size]
    return order.astype(np.int32).reshape(steps, size)


class ColumnBlock:
    """Some columns of a stack in training: their rows, parameters and optimiser state.

    Parameters
    ----------
    X, Y, W, layer, recipe, seed, init_seed
        As `fit` takes and learns them, of these columns.
    """

    def __init__(
        self,
        X: np.ndarray,
        Y: np.ndarray,
        W: np.ndarray,
        layer: FirstLayer,
        recipe: Recipe,
        *,
        seed: int,
        init_seed: np.ndarray,
    ) -> None:
        rows, columns = W.shape
        total = W.sum(axis=0, dtype=np.float64)
        gain = np.full((columns, layer.live.shape[1], 1), 1 / GAIN_RATE, np.float32)
        prior = np.einsum("ij,ij->j", Y, W, dtype=np.float64) / total
        start = [gain, *initial_parameters(layer, init_seed, prior, recipe)]
        self.forms = [p.shape for p in start]
        self.flat = tf.Variable(np.concatenate([p.ravel() for p in start]))
        self.moments = [tf.Variable(tf.zeros_like(self.flat)) for _ in range(2)]
        # at most 1 / peak: a step takes no more away than there is
        decay = np.minimum(recipe.decay * np.cbrt(DECAY_AT / rarer_rows(Y, W)), 1 / recipe.peak).astype(np.float32)
        decays = [np.broadcast_to(decay[:, None, None] * (i % 2), p.shape) for i, p in enumerate(start)]
        self.steps = rows // min(rows, recipe.batch_size)
        self.X, self.layer, self.recipe, self.seed = X, layer, recipe, seed
        self.Y, self.W = tf.constant(Y), tf.constant(W * (rows / total), tf.float32)  # W: mean 1 over the rows
        self.fixed = (
            tf.constant(layer.set_of, tf.int32),
            tuple(v.handle for v in (self.flat, *self.moments)),
            tf.constant(np.concatenate([d.ravel() for d in decays])),
            tf.constant([columns, layer.live.shape[1], recipe.width], tf.int32),
            tf.constant(recipe.dropout_rate, tf.float32),
            tf.constant(seed % 2**31, tf.int32),
        )
        a_row = 4 * layer.live.size
        at_once = max(1, PIECE_BYTES // a_row)
        self.ready = None
        if rows * a_row <= READY_BYTES:
            self.ready = tf.concat([layer.enter(X[i : i + at_once]) for i in range(0, rows, at_once)], axis=1)
        of_piece = max(1, at_once // min(rows, recipe.batch_size))
        self.most_steps = of_piece if self.ready is None else self.steps * recipe.epochs
        self.pace = 1  # steps at a time; the first call also traces, the second is timed

    def train(self, epochs: range, on_step: OnStep) -> None:
        """Train some epochs, counted from 0; `on_step()` is called a few times a second and ends it by raising."""
        to_come = chain.from_iterable(batches(len(self.X), self.recipe.batch_size, self.seed, k) for k in epochs)
        done = epochs.start * self.steps
        while piece := list(islice(to_come, self.pace)):
            started = time.perf_counter()
            t = done + np.arange(1, len(piece) + 1)
            rate = self.recipe.peak * schedule((t - 0.5) / (self.steps * self.recipe.epochs))
            rates = np.stack([rate, BETA1**t, BETA2**t], axis=1).astype(np.float32)
            self._advance(np.stack(piece), done, rates)
            done += len(piece)
            seconds = time.perf_counter() - started
            self.pace = max(1, min(self.most_steps, round(len(piece) * AT_A_TIME / seconds)))
            on_step()

    def _advance(self, piece: np.ndarray, first: int, rates: np.ndarray) -> None:
        program, now = _program(self.recipe.depth), (tf.constant(first), tf.constant(rates))
        if self.ready is not None:
            program(tf.constant(piece), *now, self.ready, self.Y, self.W, *self.fixed)
            return
        rows = piece.ravel()
        own = np.arange(len(rows), dtype=np.int32).reshape(piece.shape)
        Y, W = tf.gather(self.Y, rows), tf.gather(self.W, rows)
        program(tf.constant(own), *now, self.layer.enter(self.X[rows]), Y, W, *self.fixed)

    def parameters(self) -> list[np.ndarray]:
        """Return kernel and bias of each layer as they are now."""
        pieces = np.split(self.flat.numpy(), np.cumsum([np.prod(form) for form in self.forms])[:-1])
        gain, kernel, *rest = (p.reshape(form) for p, form in zip(pieces, self.forms, strict=True))
        return [fold_gain(gain, kernel).numpy(), *rest]


def schedule(done: np.ndarray) -> np.ndarray:
    """Compute the share of the peak learning rate at a share of the steps: a linear rise, then half a cosine to 0."""
    return np.minimum(done / WARM_UP, 0.5 + 0.5 * np.cos(np.pi * (done - WARM_UP) / (1 - WARM_UP)))


@tf.custom_gradient
def weighted_entropy(logits: Any, Y: Any, W: Any) -> Any:
    """Average ``W ce(Y, logit)`` over the rows, per column: the weighted mean, where W has mean 1 over the rows.

    Parameters
    ----------
    logits, Y, W : tensors of float32, shape (columns, rows)

    Returns
    -------
    tensor of float32, shape (columns,)
    """
    rows = tf.cast(tf.shape(logits)[1], tf.float32)

    def gradient(dy: Any) -> Any:
        return dy[:, None] / rows * W * (tf.sigmoid(logits) - Y), None, None

    return tf.reduce_sum(W * tf.nn.sigmoid_cross_entropy_with_logits(labels=Y, logits=logits), axis=1) / rows, gradient


def dropout_masks(seed: Any, step: Any, shape: tuple[int, Any, Any], dropout: Any) -> list[Any]:
    """Draw the dropout masks of a step from one byte per unit: a tensor per hidden layer, 1 / (1 - rate) or 0.

    Parameters
    ----------
    seed, step : tensors of int32
    shape : hidden layers, rows, width
    dropout : tensor of float32
        Rounded to a 256th.
    """
    units = tf.reduce_prod(tf.stack(shape))
    words = tf.random.stateless_uniform([(units + 3) // 4], tf.stack([seed, step]), None, None, tf.uint32)
    dice = tf.reshape(tf.reshape(tf.bitcast(words, tf.uint8), [-1])[:units], shape)
    dropped = tf.round(256.0 * dropout)
    masks = tf.cast(dice >= tf.cast(dropped, tf.uint8), tf.float32) * (256.0 / (256.0 - dropped))
    unstacked: list[Any] = tf.unstack(masks, num=shape[0])
    return unstacked


@traced_once
def _program(depth: int) -> Any:
    """Compile some steps of training, for stacks of a depth; every other size is data."""
    vector, matrix, cube = (tf.TensorSpec([None] * axes) for axes in (1, 2, 3))
    handle, number = tf.TensorSpec([], tf.resource), tf.TensorSpec([], tf.int32)

    @tf.function(
        input_signature=[
            tf.TensorSpec([None, None], tf.int32),
            number,
            matrix,
            cube,
            matrix,
            matrix,
            tf.TensorSpec([None], tf.int32),
            (handle, handle, handle),
            vector,
            tf.TensorSpec([3], tf.int32),
            tf.TensorSpec([]),
            number,
        ]
    )
    def advance(
        rows: Any,
        first: Any,
        rates: Any,
        X: Any,
        Y: Any,
        W: Any,
        set_of: Any,
        state: Any,
        decay: Any,
        sizes: Any,
        dropout: Any,
        seed: Any,
    ) -> None:
        columns, inputs, width = sizes[0], sizes[1], sizes[2]
        flat, mean, square = state
        forms = [tf.stack(form) for form in [(columns, inputs, 1), *shapes(columns, inputs, depth, width)]]
        lengths = tf.stack([tf.reduce_prod(form) for form in forms])
        flat_X, at = tf.reshape(X, [-1, inputs]), (set_of * tf.shape(X)[1])[:, None]
        units, each = (depth, tf.shape(rows)[1], width), tf.ones([columns])
        for i in tf.range(tf.shape(rows)[0]):
            now = tf.gather(rows, i)
            x, y, w = tf.gather(flat_X, at + now), tf.gather(Y, now), tf.gather(W, now)
            rate, power1, power2 = tf.unstack(tf.gather(rates, i), num=3)
            masks = dropout_masks(seed, first + i, units, dropout)
            p = tf.raw_ops.ReadVariableOp(resource=flat, dtype=tf.float32)
            variables = [
                tf.reshape(q, form) for q, form in zip(tf.split(p, lengths, num=len(forms)), forms, strict=True)
            ]
            with tf.GradientTape() as tape:
                tape.watch(variables)
                gain, kernel, *rest = variables
                logits = forward(x, [fold_gain(gain, kernel), *rest], masks=masks)
                loss = weighted_entropy(logits, tf.transpose(y), tf.transpose(w))
            gradient = tf.concat([tf.reshape(g, [-1]) for g in tape.gradient(loss, variables, each)], axis=0)
            tf.raw_ops.AssignSubVariableOp(resource=flat, value=rate * decay * p)
            tf.raw_ops.ResourceApplyAdam(
                var=flat, m=mean, v=square, beta1_power=power1, beta2_power=power2,
                lr=rate, beta1=BETA1, beta2=BETA2, epsilon=EPSILON, grad=gradient,
            )  # fmt: skip

    return advance
