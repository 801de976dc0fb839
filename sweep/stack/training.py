"""Training: a weight matrix in, one network per column out.

`fit(X, Y, W)` splits the columns into blocks that a core trains at a time; columns know nothing of each other, so that
it changes no result which block a column is in.
"""

from collections.abc import Callable, Collection, Sequence
from itertools import pairwise
from threading import Event

import numpy as np

from sweep.errors import InputError
from sweep.stack.backend import in_threads
from sweep.stack.boosting import boost
from sweep.stack.committee import merge
from sweep.stack.engine import ColumnBlock, OnStep
from sweep.stack.network import Stack, check_rows, shapes
from sweep.stack.preprocessing import learn_first_layer
from sweep.stack.recipe import Committee, Recipe

BLOCK_COLUMNS = 8  # that a core trains at a time
BLOCK_BYTES = 2**29  # of activations and optimiser state in a block

Watch = Callable[[int, Callable[[], Stack]], bool]


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
    weight_decay: float | None = None,
    dropout: float | None = None,
    bins: bool = False,
    seed: int = 0,
    init_seed: Sequence[int] | None = None,
) -> Stack:
    """Train one network per column, all at once.

    Each column minimises its own weighted sigmoid cross-entropy, ``sum_i W[i, s] ce(Y[i, s], logit[i, s])`` over a
    batch divided by the column's expected batch weight. ``W[i, s] = 0`` holds row i out of column s.

    Parameters
    ----------
    X : array, shape (rows, features); NaN: missing
        Raw numbers and one-hot levels. Finite where the row counts for any column.
    Y : array of 0 and 1, shape (rows, columns)
    W : array, finite and not negative, shape (rows, columns)
    depth, width, epochs, batch_size, learning_rate, weight_decay, dropout, bins
        See `Recipe`: networks of more than 2 hidden layers take 2 / depth of the learning rate, and the weight decay is
        that of a column with 100 rows of its rarer class. Default weight decay and dropout rate depend on the width.
    seed : int
        Of the batches and the dropout masks, which are the same for all columns.
    init_seed : one integer per column, optional
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
        depth=_whole("depth", depth, least=0),
        width=_whole("width", width),
        epochs=_whole("epochs", epochs),
        batch_size=_whole("batch_size", batch_size),
        learning_rate=_within("learning_rate", learning_rate, 0, np.inf, open_low=True),
        weight_decay=None if weight_decay is None else _within("weight_decay", weight_decay, 0, np.inf),
        dropout=None if dropout is None else _within("dropout", dropout, 0, 0.95),
        bins=bool(bins),
    )
    X, Y, W = _check(X, Y, W)
    columns = W.shape[1]
    seeds = np.zeros(columns, np.int64) if init_seed is None else np.asarray(init_seed)
    if seeds.shape != (columns,) or not np.issubdtype(seeds.dtype, np.integer) or (seeds < 0).any():
        raise InputError(f"init_seed must hold one integer from 0 per column, ({columns},); got {init_seed!r}.")
    return fit(X, Y, W, recipe, seed=_whole("seed", seed, least=0), init_seed=seeds)


def fit(
    X: np.ndarray,
    Y: np.ndarray,
    W: np.ndarray,
    recipe: Recipe | Committee,
    *,
    seed: int,
    init_seed: np.ndarray,
    watch: Watch | None = None,
    watched: Collection[int] = (),
    on_step: OnStep | None = None,
) -> Stack:
    """Train as `train` does, on arrays that hold what it checks.

    Of a committee each member is trained, and merged; that, and boosted trees, unwatched.

    `watch(epoch, snapshot)` is called after each epoch of `watched`, counted from 1, where `snapshot()` is the stack as
    it is then; it ends the training by returning True. `on_step()` is called a few times a second, from any thread, and
    ends the training by raising.
    """
    if isinstance(recipe, Committee):
        each = [fit(X, Y, W, one, seed=seed, init_seed=init_seed, on_step=on_step) for one in recipe.members]
        return merge(each, recipe.weights)
    if recipe.trees:
        return boost(X, Y, W, recipe.trees, init_seed=init_seed, on_step=on_step)
    layer = learn_first_layer(X, W, bins=recipe.bins)
    blocks = _split_columns(layer.set_of, layer.live.shape[1], recipe)
    back = np.argsort(np.concatenate(blocks))
    over = Event()

    def begin(p: np.ndarray) -> ColumnBlock:
        return ColumnBlock(X, Y[:, p], W[:, p], layer.take(p), recipe, seed=seed, init_seed=init_seed[p])

    def check_end() -> None:
        if over.is_set():
            raise _Over
        if on_step is not None:
            on_step()

    def train_whole(p: np.ndarray) -> list[np.ndarray]:
        block = begin(p)
        block.train(range(recipe.epochs), check_end)
        return block.parameters()

    def stack(trained: Sequence[Sequence[np.ndarray]]) -> Stack:
        return Stack(layer, tuple(np.concatenate(p)[back] for p in zip(*trained, strict=True)))

    try:
        if watch is None:
            return stack(in_threads(train_whole, blocks))
        running = in_threads(begin, blocks)
        for first, last in pairwise([0, *sorted({*watched, recipe.epochs})]):
            in_threads(lambda block, epochs=range(first, last): block.train(epochs, check_end), running)
            if last in watched and watch(last, lambda: stack([block.parameters() for block in running])):
                break
        return stack([block.parameters() for block in running])
    finally:
        over.set()


class _Over(Exception):  # noqa: N818  not an error: another thread raised one
    pass


def _split_columns(set_of: np.ndarray, inputs: int, recipe: Recipe) -> list[np.ndarray]:
    """Split columns into blocks as even as can be, columns of one set of rows together; by sizes only, not by cores."""
    per_column = 4 * 3 * recipe.batch_size * (recipe.width * recipe.depth + inputs)
    per_column += 4 * 6 * sum(i * o for _, i, o in shapes(1, inputs, recipe.depth, recipe.width))
    at_most = min(BLOCK_COLUMNS, max(1, BLOCK_BYTES // per_column))
    blocks = -(-len(set_of) // at_most)
    blocks += blocks % 2  # so that two cores are busy to the end
    return np.array_split(np.argsort(set_of, kind="stable"), min(blocks, len(set_of)))


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
        raise InputError("W must be finite and not negative; got other values. 0 holds a row out of its column.")
    empty = np.flatnonzero(~W.any(axis=0))
    if len(empty):
        raise InputError(f"Every column of W must have a weight above 0; got none in column {empty[0]}.")
    if not np.isin(Y[W > 0], (0, 1)).all():
        raise InputError("Y must hold 0 and 1 only where W > 0; got other values.")
    infinite = np.argwhere(np.isinf(X) & W.any(axis=1, keepdims=True))
    if len(infinite):
        row, feature = infinite[0]
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
