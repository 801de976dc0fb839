"""Training: a weight matrix in, one network a column out.

`fit(X, Y, W)` runs one compiled program for all columns. Batches come from the number of rows and the seed only and
are the same for all columns; a row with W = 0 adds nothing to its column, neither to the loss nor to the first layer.
All parameters lie in one flat vector, so that one fused kernel updates them; shapes are data to the program, so that a
new width or number of columns costs no new trace.
"""

import hashlib
import time
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from sweep.errors import InputError
from sweep.stack.backend import tf
from sweep.stack.network import FirstLayer, Stack, check_rows, forward, layer_spec, shapes, tensors
from sweep.stack.recipe import Recipe

RARE = 5  # a level, or a missing value, seen on fewer training rows than this is not told apart
WARM_UP = 0.1  # share of the steps
BETA1, BETA2, EPSILON = 0.9, 0.99, 1e-8
STACK_BYTES = 2**30  # of activations and optimiser state in one stack; wider ones are trained in parts

AT_A_TIME = 0.3  # seconds of steps that TensorFlow gets at a time, between which a signal or a deadline is heeded

Watch = Callable[[int, Callable[[], Stack]], bool]
Tick = Callable[[], None]


def train(
    X: np.ndarray,
    Y: np.ndarray,
    W: np.ndarray,
    *,
    depth: int = Recipe.depth,
    width: int = Recipe.width,
    epochs: int = Recipe.epochs,
    batch_size: int = Recipe.batch_size,
    learning_rate: float = Recipe.learning_rate,
    weight_decay: float = Recipe.weight_decay,
    dropout: float = Recipe.dropout,
    seed: int = 0,
    init_seed: Sequence[int] | None = None,
) -> Stack:
    """Train one network a column, all at once.

    Each column minimises its own weighted sigmoid cross-entropy, ``sum_i W[i, s] ce(Y[i, s], logit[i, s])`` over a
    batch divided by the column's expected batch weight. ``W[i, s] = 0`` holds row i out of column s.

    Parameters
    ----------
    X : array, shape (rows, features); NaN: missing
        Raw numbers and one-hot levels. Finite where the row counts for any column.
    Y : array of 0 and 1, shape (rows, columns)
    W : array, finite and not negative, shape (rows, columns)
    depth, width, epochs, batch_size, learning_rate, weight_decay, dropout
        See `Recipe`.
    seed : int
        Of the batches and the dropout masks, which are the same for all columns.
    init_seed : one integer a column, optional
        Of the initial weights. Default: all alike.

    Returns
    -------
    Stack
        With `.logits(X)`, (rows, columns), and `.column(s)`, a Keras model.

    Raises
    ------
    ValueError
        If a shape or a value is not as stated here.

    Examples
    --------
    >>> from sweep import train, weight_matrix
    >>> X = np.linspace(-1, 1, 200).reshape(-1, 1)
    >>> Y = (X > 0.8).astype(float)
    >>> stack = train(X, Y, weight_matrix(Y), width=8, epochs=60)
    >>> bool(stack.logits(np.array([[1.0]]))[0, 0] > 0)
    True
    """
    recipe = Recipe(
        depth=_whole("depth", depth),
        width=_whole("width", width),
        epochs=_whole("epochs", epochs),
        batch_size=_whole("batch_size", batch_size),
        learning_rate=_within("learning_rate", learning_rate, 0, np.inf, open_low=True),
        weight_decay=_within("weight_decay", weight_decay, 0, np.inf),
        dropout=_within("dropout", dropout, 0, 0.95),
    )
    X, Y, W = _check(X, Y, W)
    columns = W.shape[1]
    seeds = np.zeros(columns, np.int64) if init_seed is None else np.asarray(init_seed)
    if seeds.shape != (columns,) or not np.issubdtype(seeds.dtype, np.integer) or (seeds < 0).any():
        raise InputError(f"init_seed must hold one integer from 0 a column, ({columns},); got {init_seed!r}.")
    return fit(X, Y, W, recipe, seed=_whole("seed", seed, least=0), init_seed=seeds)


def fit(
    X: np.ndarray,
    Y: np.ndarray,
    W: np.ndarray,
    recipe: Recipe,
    *,
    seed: int,
    init_seed: np.ndarray,
    watch: Watch | None = None,
    tick: Tick | None = None,
) -> Stack:
    """Train as `train` does, on arrays that hold what it checks.

    `watch(epoch, snapshot)` is called after each epoch, counted from 1, where `snapshot()` is the stack as it is then;
    it ends the training by returning True. `tick()` is called a few times a second and ends the training by raising. A
    stack too wide for the memory is trained in parts, which changes no column, as columns know nothing of each other;
    its parts are not watched.
    """
    columns = W.shape[1]
    layer = learn_first_layer(X, W)
    a_column = 4 * (3 * recipe.batch_size * (recipe.width * recipe.depth + layer.live.shape[1]))
    a_column += 4 * 6 * sum(i * o for _, i, o in shapes(1, layer.live.shape[1], recipe.depth, recipe.width))
    at_once = max(1, STACK_BYTES // a_column)
    if columns <= at_once:
        return _fit(X, Y, W, layer, recipe, seed=seed, init_seed=init_seed, watch=watch, tick=tick)
    parts = np.array_split(np.arange(columns), -(-columns // at_once))
    return Stack.join(
        [
            _fit(X, Y[:, p], W[:, p], layer.take(p), recipe, seed=seed, init_seed=init_seed[p], watch=None, tick=tick)
            for p in parts
        ]
    )


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


def initial_parameters(layer: FirstLayer, init_seed: np.ndarray, prior: np.ndarray, recipe: Recipe) -> list[np.ndarray]:
    """Draw each column's kernels from its own seed alone, N(0, 1 / inputs); the last bias is the prior's log-odds.

    An input that is switched off takes no draw and has kernel 0, so that what only held-out rows have, a level or a
    missing value, moves no weight.

    Parameters
    ----------
    layer : FirstLayer
    init_seed : array of int, shape (columns,)
    prior : array, shape (columns,), share of the weight that is on positives
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


def batches(rows: int, batch_size: int, seed: int, epoch: int) -> np.ndarray:
    """Deal the rows of an epoch into batches: array of int32, shape (steps, batch_size); what is left over waits."""
    size = min(rows, batch_size)
    steps = rows // size
    order = np.random.default_rng([seed, epoch]).permutation(rows)[: steps * size]
    return order.astype(np.int32).reshape(steps, size)


def _fit(
    X: np.ndarray,
    Y: np.ndarray,
    W: np.ndarray,
    layer: FirstLayer,
    recipe: Recipe,
    *,
    seed: int,
    init_seed: np.ndarray,
    watch: Watch | None,
    tick: Tick | None,
) -> Stack:
    rows, columns = W.shape
    total = W.sum(axis=0, dtype=np.float64)
    prior = np.einsum("ij,ij->j", Y, W, dtype=np.float64) / total
    start = initial_parameters(layer, init_seed, prior, recipe)
    forms = [p.shape for p in start]
    sizes = [p.size for p in start]
    flat = tf.Variable(np.concatenate([p.ravel() for p in start]))
    mean, square = tf.Variable(tf.zeros_like(flat)), tf.Variable(tf.zeros_like(flat))
    decays = np.concatenate([np.full(n, i % 2 == 0, np.float32) for i, n in enumerate(sizes)])
    steps = rows // min(rows, recipe.batch_size)
    program = _program(recipe.depth, X.dtype.name)
    fixed = (
        tf.constant(X),
        tf.constant(Y, tf.float32),
        tf.constant(W * (rows / total), tf.float32),  # the expected weight of a batch is then its number of rows
        tensors(layer, X.dtype),
        (flat.handle, mean.handle, square.handle),
        tf.constant(decays * recipe.weight_decay),
        tf.constant([columns, layer.live.shape[1], recipe.width], tf.int32),
        tf.constant([recipe.learning_rate, recipe.dropout, steps * recipe.epochs], tf.float32),
        tf.constant(seed % 2**31, tf.int32),
    )

    def snapshot() -> Stack:
        pieces = np.split(flat.numpy(), np.cumsum(sizes)[:-1])
        return Stack(layer, tuple(p.reshape(form) for p, form in zip(pieces, forms, strict=True)))

    pace = 1  # steps at a time; the first call also traces, the second is timed
    for epoch in range(recipe.epochs):
        dealt = batches(rows, recipe.batch_size, seed, epoch)
        step = 0
        while step < steps:
            started = time.perf_counter()
            piece = dealt[step : step + pace]
            program(tf.constant(piece), tf.constant(epoch * steps + step), *fixed)
            step += len(piece)
            pace = max(1, min(steps, round(len(piece) * AT_A_TIME / (time.perf_counter() - started))))
            if tick is not None:
                tick()
        if watch is not None and watch(epoch + 1, snapshot):
            break
    return snapshot()


@lru_cache
def _program(depth: int, dtype: str) -> Any:
    """Compile the training of an epoch or a part of it, for stacks of a depth; every other size is data."""
    vector, matrix = tf.TensorSpec([None]), tf.TensorSpec([None, None])
    raw = tf.TensorSpec([None, None], dtype)
    handle, number = tf.TensorSpec([], tf.resource), tf.TensorSpec([], tf.int32)

    @tf.function(
        input_signature=[
            tf.TensorSpec([None, None], tf.int32),
            number,
            raw,
            matrix,
            matrix,
            layer_spec(dtype),
            (handle, handle, handle),
            vector,
            tf.TensorSpec([3], tf.int32),
            tf.TensorSpec([3]),
            number,
        ]
    )
    def epoch(rows: Any, first: Any, X: Any, Y: Any, W: Any, layer: Any, state: Any, decay: Any, *rest: Any) -> None:
        sizes, rates, seed = rest
        columns, inputs, width = sizes[0], sizes[1], sizes[2]
        peak, dropout, total = rates[0], rates[1], rates[2]
        flat, mean, square = state
        forms = shapes(columns, inputs, depth, width)
        lengths = tf.stack([tf.reduce_prod(tf.stack(form)) for form in forms])
        batch = tf.shape(rows)[1]
        for i in tf.range(tf.shape(rows)[0]):
            step = first + i
            done = (tf.cast(step, tf.float32) + 0.5) / total
            rate = peak * tf.minimum(done / WARM_UP, 0.5 + 0.5 * tf.cos(np.pi * (done - WARM_UP) / (1 - WARM_UP)))
            x, y, w = tf.gather(X, rows[i]), tf.gather(Y, rows[i]), tf.gather(W, rows[i])
            kept = tf.random.stateless_uniform(tf.stack([depth, batch, width]), tf.stack([seed, step])) >= dropout
            masks = tf.unstack(tf.cast(kept, tf.float32) / (1.0 - dropout), num=depth)
            p = tf.raw_ops.ReadVariableOp(resource=flat, dtype=tf.float32)
            with tf.GradientTape() as tape:
                tape.watch(p)
                parts = tf.split(p, lengths, num=len(forms))
                parameters = [tf.reshape(part, form) for part, form in zip(parts, forms, strict=True)]
                logits = forward(x, layer, parameters, masks=masks)
                entropy = tf.nn.sigmoid_cross_entropy_with_logits(labels=tf.transpose(y), logits=logits)
                loss = tf.reduce_sum(tf.transpose(w) * entropy) / tf.cast(batch, tf.float32)
            gradient = tape.gradient(loss, p)
            tf.raw_ops.AssignSubVariableOp(resource=flat, value=rate * decay * p)
            t = tf.cast(step + 1, tf.float32)
            tf.raw_ops.ResourceApplyAdam(
                var=flat, m=mean, v=square, beta1_power=BETA1**t, beta2_power=BETA2**t,
                lr=rate, beta1=BETA1, beta2=BETA2, epsilon=EPSILON, grad=gradient,
            )  # fmt: skip

    return epoch


def _check(X: np.ndarray, Y: np.ndarray, W: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    X = check_rows(X)
    Y, W = np.asarray(Y), np.asarray(W)
    if Y.ndim != 2 or len(Y) != len(X) or 0 in Y.shape:
        raise InputError(f"Y must have the shape (rows, columns) with the {len(X)} rows of X; got {Y.shape}.")
    if W.shape != Y.shape:
        raise InputError(f"W must have the shape of Y, {Y.shape}; got {W.shape}.")
    try:
        W = W.astype(np.float32)
    except (TypeError, ValueError):
        raise InputError(f"W must hold numbers; got {W.dtype}.") from None
    if not (np.isfinite(W).all() and (W >= 0).all()):
        raise InputError("W must be finite and not negative; got other values. 0 holds a row out of a column.")
    empty = np.flatnonzero(~W.any(axis=0))
    if len(empty):
        raise InputError(f"Every column of W must have a weight above 0; got none in column {empty[0]}.")
    if not np.isin(Y[W > 0], (0, 1)).all():
        raise InputError("Y must hold 0 and 1 only where W > 0; got other values.")
    if np.isinf(X[W.any(axis=1)]).any():
        row, feature = np.argwhere(np.isinf(X) & W.any(axis=1)[:, None])[0]
        raise InputError(f"X must hold finite numbers or NaN; got {X[row, feature]} in row {row}, feature {feature}.")
    return X, np.where(W > 0, Y, 0).astype(np.float32), W


def _whole(name: str, value: int, *, least: int = 1) -> int:
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
        raise InputError(f"{name} must be a whole number from {least}; got {value!r}.")
    return int(value)


def _within(name: str, value: float, low: float, high: float, *, open_low: bool = False) -> float:
    if (
        not isinstance(value, int | float | np.number)
        or not (low < value if open_low else low <= value)
        or value > high
    ):
        raise InputError(f"{name} must lie {'above' if open_low else 'from'} {low} to {high}; got {value!r}.")
    return float(value)
