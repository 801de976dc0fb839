"""The first layer of each column: the only preprocessing, learned where W > 0, shared by training and export.

X holds raw numbers (NaN: missing) and one-hot levels. The state of a column's first layer is learned once per distinct
set of training rows; `centre_and_scale`, `squash` and `encode_bins` apply it, in training and in export alike.

With bins, a number enters twice: squashed, and by the quantiles of the training rows that it lies between, which suits
effects that set in at a threshold. With boosted trees (`sweep.stack.boosting`) their sum enters as one more input.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from threading import Lock
from typing import Any

import numpy as np

from sweep.errors import InputError
from sweep.stack.backend import keras, tf, traced_once
from sweep.stack.recipe import LEAVES

RARE = 5  # a level, or a missing value, seen on fewer training rows than this is not told apart
BINS = 8  # of a number, between quantiles; a multiple of 4, as the quartiles give centre and scale
LOW = np.repeat(np.array([-1, 0], np.float32), BINS // 2)  # of each bin: those below the centre count down from it
HIGH = LOW + 1
FEATURES = 128  # of X, beyond which no number has bins: it would take long, and brings nothing
KEPT = 8  # of what was learned last: all trials of a study learn the same
NARROW = 1e-6  # of a bin, in interquartile ranges: it is switched off

_learned: dict[tuple[Any, ...], tuple[np.ndarray, ...]] = {}  # by what it was learned from
_learning = Lock()  # a worker of a cluster may have several threads


@dataclass(frozen=True)
class FirstLayer:
    """The learned state of each column's first layer, from the rows where W > 0.

    Attributes
    ----------
    centre, scale : arrays of float64, shape (sets, features)
        A value x enters as ``squash((x - centre) * scale)``; scale 0 switches a feature off.
    indicators : array of int, shape (indicators,)
        The features whose missing values are announced by an input of their own.
    announced : array of float32, shape (sets, indicators)
        1 where that input is on.
    numbers : array of int, shape (numbers,)
        The features that have bins: all numbers, or none.
    edge, slope : arrays of float32, shape (sets, numbers, BINS)
        A scaled value z enters bin k as ``clip((z - edge) * slope, LOW[k], HIGH[k])``; slope 0 switches it off.
    split_of : array of int, shape (sets, trees, LEAVES - 1)
        What a tree's split looks at: a feature, or an indicator, counted on from the features.
    threshold : array of float32, shape (sets, trees, LEAVES - 1)
        A split is passed where the scaled value, or the indicator, is above it.
    side : array of float32, shape (sets, trees, LEAVES - 1, LEAVES)
        1 where a leaf lies beyond a split, -1 where it lies before it, 0 where it is not asked for it.
    value : array of float32, shape (sets, trees, LEAVES)
        Of each leaf; those in which a row lies are summed up over the trees, to one input.
    set_of : array of int, shape (columns,)
        The set of training rows that a column has; where there are trees, each column has its own.
    """

    centre: np.ndarray
    scale: np.ndarray
    indicators: np.ndarray
    announced: np.ndarray
    numbers: np.ndarray
    edge: np.ndarray
    slope: np.ndarray
    split_of: np.ndarray
    threshold: np.ndarray
    side: np.ndarray
    value: np.ndarray
    set_of: np.ndarray

    @property
    def live(self) -> np.ndarray:
        """Which inputs are on: array of bool, shape (sets, features + indicators + bins, and the trees' sum)."""
        bins = self.slope.reshape(len(self.slope), -1)
        boosted = np.ones((len(self.value), self.boosted), bool)
        return np.concatenate([self.scale != 0, self.announced != 0, bins != 0, boosted], axis=1)

    @property
    def boosted(self) -> int:
        """Count the inputs that trees sum up to: 1, or 0 where there are none."""
        return int(self.value.shape[1] > 0)

    def take(self, columns: Sequence[int] | np.ndarray) -> "FirstLayer":
        """Take the first layer of some of the columns, in the order given."""
        used, set_of = np.unique(self.set_of[np.asarray(columns)], return_inverse=True)
        return replace(self, **{name: getattr(self, name)[used] for name in OF_SETS}, set_of=set_of)

    def apart(self) -> "FirstLayer":
        """Give each column a set of its own."""
        own = {name: getattr(self, name)[self.set_of] for name in OF_SETS}
        return replace(self, **own, set_of=np.arange(len(self.set_of)))

    def together(self) -> "FirstLayer":
        """Give columns that share their training rows one set; what their trees sum up to is then the columns' mean.

        Raises
        ------
        InputError
            If they do not.
        """
        sets = len(self.centre)
        if sets == 1:
            return self
        learned = {name: getattr(self, name) for name in OF_SETS if name not in OF_TREE}
        if not all(np.array_equal(state, np.broadcast_to(state[:1], state.shape)) for state in learned.values()):
            raise InputError(f"All columns of the stack must share one set of rows; got {sets} sets.")
        trees = {name: getattr(self, name)[self.set_of] for name in OF_TREE}
        trees["value"] = trees["value"] / np.float32(len(self.set_of))
        grown = {name: state.reshape(1, -1, *state.shape[2:]) for name, state in trees.items()}
        shared = {name: state[:1] for name, state in learned.items()}
        return replace(self, **shared, **grown, set_of=np.zeros_like(self.set_of))

    @staticmethod
    def join(layers: Sequence["FirstLayer"]) -> "FirstLayer":
        """Set first layers that were learned of the same X side by side."""
        offsets = np.cumsum([0] + [len(layer.centre) for layer in layers[:-1]])
        return replace(
            layers[0],
            **{name: np.concatenate([getattr(layer, name) for layer in layers]) for name in OF_SETS},
            set_of=np.concatenate([layer.set_of + offset for layer, offset in zip(layers, offsets, strict=True)]),
        )

    def enter(self, X: np.ndarray) -> Any:
        """Transform X for each set: tensor of float32, shape (sets, rows, inputs), in the order of `live`."""
        kind = X.dtype.name
        return _entrance(kind)(
            tf.constant(X),
            tf.constant(self.centre, kind),
            tf.constant(self.scale, kind),
            tf.constant(self.indicators, tf.int32),
            tf.constant(self.announced, tf.float32),
            tf.constant(self.numbers, tf.int32),
            tf.constant(self.edge),
            tf.constant(self.slope),
            tf.constant(self.split_of, tf.int32),
            tf.constant(self.threshold),
            tf.constant(self.side),
            tf.constant(self.value),
        )


OF_BINS = {"edge": (BINS,), "slope": (BINS,)}
OF_TREE = {"split_of": (LEAVES - 1,), "threshold": (LEAVES - 1,), "side": (LEAVES - 1, LEAVES), "value": (LEAVES,)}
OF_SETS = ("centre", "scale", "announced", *OF_BINS, *OF_TREE)


@traced_once
def _entrance(dtype: str) -> Any:
    """Compile `enter` for X of a dtype; every size is data."""
    raw, places = tf.TensorSpec([None, None], dtype), tf.TensorSpec([None], tf.int32)
    bins, splits = tf.TensorSpec([None, None, BINS]), [None, None, LEAVES - 1]
    grown = tf.TensorSpec(splits, tf.int32), tf.TensorSpec(splits)
    leaves = tf.TensorSpec([*splits, LEAVES]), tf.TensorSpec([None, None, LEAVES])

    @tf.function(
        input_signature=[raw, raw, raw, places, tf.TensorSpec([None, None]), places, bins, bins, *grown, *leaves]
    )
    def enter(
        x: Any, centre: Any, scale: Any, indicators: Any, announced: Any, numbers: Any, edge: Any, slope: Any,
        split_of: Any, threshold: Any, side: Any, value: Any,
    ) -> Any:  # fmt: skip
        missing = tf.cast(tf.math.is_nan(tf.gather(x, indicators, axis=1)), tf.float32)[None] * announced[:, None]
        z = centre_and_scale(x[None], centre[:, None], scale[:, None])
        each = tf.tile(tf.gather(z, numbers, axis=2)[..., None], [1, 1, 1, BINS])
        each = tf.reshape(each, tf.concat([tf.shape(z)[:2], [BINS * tf.size(numbers)]], axis=0))
        of_sets = [tf.shape(z)[0], 1, BINS * tf.size(numbers)]
        ends = tf.tile(LOW, [tf.size(numbers)]), tf.tile(HIGH, [tf.size(numbers)])
        binned = reach(each, tf.reshape(edge, of_sets), tf.reshape(slope, of_sets), *ends)
        boosted = sum_trees(tf.concat([z, missing], axis=2), split_of, threshold, side, value)
        boosted = boosted[:, :, : tf.minimum(tf.shape(value)[1], 1)]
        return tf.concat([squash(z), missing, binned, boosted], axis=2)

    return enter


def centre_and_scale(x: Any, centre: Any, scale: Any) -> Any:
    """Centre and scale raw numbers, ``z = (x - centre) * scale``; missing ones are at the centre.

    The difference is taken at the precision of x.

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
    return tf.clip_by_value(tf.cast((x - centre) * scale, tf.float32), -1e6, 1e6) * (1.0 - tf.cast(missing, tf.float32))


def scale_inputs(X: np.ndarray, layer: "FirstLayer", of_set: int) -> np.ndarray:
    """Compute what trees look at, by the state of one set: array of float32, shape (rows, features + indicators)."""
    z = centre_and_scale(tf.constant(X), *(tf.constant(of[of_set], X.dtype.name) for of in (layer.centre, layer.scale)))
    missing = np.isnan(X[:, layer.indicators]) * layer.announced[of_set]
    return np.concatenate([z.numpy(), missing], axis=1, dtype=np.float32)


def squash(z: Any) -> Any:
    """Clip scaled numbers smoothly to +-3: ``z / sqrt(1 + (z / 3)^2)`` (Holzmueller et al. 2024, RealMLP)."""
    return z * tf.math.rsqrt(1.0 + tf.square(z / 3.0))


def encode_bins(z: Any, edge: Any, slope: Any) -> Any:
    """Encode scaled numbers by how far they reach into each bin, seen from the centre.

    The piecewise-linear encoding of Gorishniy et al. 2022, beside the number itself.

    Parameters
    ----------
    z : tensor of float32, shape (..., numbers)
    edge, slope : tensors of float32, shape (..., numbers, BINS)

    Returns
    -------
    tensor of float32, shape (..., numbers, BINS), from `LOW` to `HIGH`; 0 at the centre
    """
    return reach(z[..., None], edge, slope, LOW, HIGH)


def reach(z: Any, edge: Any, slope: Any, low: Any, high: Any) -> Any:
    """Compute how far values reach into bins, ``clip((z - edge) * slope, low, high)``.

    A z of the shape of the result, a copy for each bin, takes half as long as one that is broadcast over the bins.
    """
    return tf.maximum(tf.minimum((z - edge) * slope, high), low)


def sum_trees(inputs: Any, split_of: Any, threshold: Any, side: Any, value: Any) -> Any:
    """Sum up the values of the leaves that rows lie in, one of each tree: those all of whose splits are met.

    Parameters
    ----------
    inputs : tensor of float32, shape (sets, rows, features + indicators)
        Scaled numbers, and announced missing values.
    split_of : tensor of int32, as in `FirstLayer`
    threshold, side, value : tensors of float32, as in `FirstLayer`

    Returns
    -------
    tensor of float32, shape (sets, rows, 1)
    """
    seen = tf.gather(tf.transpose(inputs, [0, 2, 1]), split_of, axis=1, batch_dims=1)  # (sets, trees, splits, rows)
    passed = tf.cast(seen > threshold[..., None], tf.float32)
    asked = tf.reduce_sum(tf.maximum(side, 0.0), axis=2)[..., None]
    inside = tf.cast(tf.matmul(side, passed, transpose_a=True) > asked - 0.5, tf.float32)  # (sets, trees, leaves, rows)
    return tf.reduce_sum(inside * value[..., None], axis=[1, 2])[..., None]


def learn_first_layer(X: np.ndarray, W: np.ndarray, *, bins: bool = False) -> FirstLayer:
    """Learn centre, scale, bins, live levels and announced missing values where W > 0, once per distinct set of rows.

    Numbers: median and interquartile range (2 / range where that is 0: Holzmueller et al. 2024), and bins between
    quantiles. A feature of 0 and 1 only, such as a one-hot level, stays as it is, and is switched off where fewer than
    `RARE` rows have a 1: all such and all unseen levels are then the one level "other". Constant features are switched
    off.

    Parameters
    ----------
    X : array, shape (rows, features)
    W : array, shape (rows, columns)
    bins : bool
        Whether numbers have bins; of tables with more than `FEATURES` none has.
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
    known = hashlib.sha256(np.ascontiguousarray(X).data).digest(), X.shape, X.dtype.str, *sets
    with _learning:
        if known not in _learned:
            while len(_learned) >= KEPT:
                del _learned[next(iter(_learned))]
            _learned[known] = _learn(X, lives)
        centre, scale, edges, indicators, announced = _learned[known]
    numbers = np.flatnonzero(edges.any(axis=(0, 2)) & bins & (X.shape[1] <= FEATURES))
    edge, slope = _bins(edges[:, numbers])
    no_trees = {name: np.zeros((len(sets), 0, *shape), np.float32) for name, shape in OF_TREE.items()}
    return FirstLayer(centre, scale, indicators, announced, numbers, edge, slope, **no_trees, set_of=set_of)


def _learn(X: np.ndarray, lives: Sequence[np.ndarray]) -> tuple[np.ndarray, ...]:
    """Compute centre, scale and edges of each set of rows, and which features' missing values are announced."""
    centre, scale = np.zeros((2, len(lives), X.shape[1]))
    edges = np.zeros((len(lives), X.shape[1], BINS + 1))
    absent = np.isnan(X)
    indicators = np.flatnonzero(absent.any(axis=0))
    announced = np.array([absent[live][:, indicators].sum(axis=0) >= RARE for live in lives], np.float32)
    levels = ((X == 0) | (X == 1) | absent).all(axis=0)
    has, lacks = (np.array(lives, np.float32) @ (X[:, levels] == value) for value in (1, 0))
    scale[:, levels] = (has >= RARE) & (lacks > 0)
    for f in np.flatnonzero(~levels):
        order = np.argsort(X[:, f])  # NaN last
        known = X[order, f][: len(X) - absent[:, f].sum()]
        for k, live in enumerate(lives):
            centre[k, f], scale[k, f], edges[k, f] = _of_feature(known[live[order[: len(known)]]])
    learned = centre, scale, edges, indicators, announced
    for array in learned:
        array.flags.writeable = False
    return learned


def has_numbers_for_bins(X: np.ndarray) -> bool:
    """Check whether `bins` would change anything for a table, X of shape (rows, features)."""
    return bool(learn_first_layer(X, np.ones((len(X), 1)), bins=True).numbers.size)


def _of_feature(values: np.ndarray) -> tuple[float, float, np.ndarray]:
    """Compute centre and scale of one feature's sorted, known training values, and the scaled edges of its bins.

    Scale 0: it is switched off; edges of 0: it has no bins.
    """
    none = np.zeros(BINS + 1)
    if not len(values) or values[0] == values[-1]:
        return 0.0, 0.0, none
    if values[0] == 0 and values[-1] == 1 and np.isin(values, (0, 1)).all():
        return 0.0, float(values.sum() >= RARE), none
    edges = np.quantile(values.astype(np.float64), np.linspace(0, 1, BINS + 1))
    low, centre, high = edges[[BINS // 4, BINS // 2, -1 - BINS // 4]]
    spread = high - low or (values[-1] - values[0]) / 2
    if not np.isfinite(spread):
        return float(centre), 0.0, none
    scale = float(min(1 / spread, 1e30))
    return float(centre), scale, np.clip((edges - centre) * scale, -1e6, 1e6)


def _bins(edges: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Compute edge and slope of each bin, (..., BINS), from edges, (..., BINS + 1); a bin counts from the centre on."""
    below = HIGH == 0
    width = np.diff(edges)
    on = width > NARROW
    on &= on.sum(axis=-1, keepdims=True) > 1  # one bin alone is the number again
    slope = np.divide(1.0, width, out=np.zeros_like(width), where=on)
    return np.where(below, edges[..., 1:], edges[..., :-1]).astype(np.float32), slope.astype(np.float32)


@keras.saving.register_keras_serializable(package="sweep")
class Standardise(keras.layers.Layer):
    """The first layer of one set of rows as a Keras layer: (rows, features) to (rows, inputs).

    Parameters
    ----------
    indicators : sequence of int
        The features whose missing values have an input of their own.
    numbers : sequence of int
        The features that have bins.
    splits : sequence of int
        What the splits of the trees look at, `LEAVES` - 1 of each tree.
    precision : "float64" or "float32"
        Of the difference between a value and its centre.
    """

    def __init__(
        self,
        indicators: Sequence[int] | np.ndarray,
        numbers: Sequence[int] | np.ndarray = (),
        splits: Sequence[int] | np.ndarray = (),
        *,
        precision: str = "float64",
        **kwargs: Any,
    ) -> None:
        super().__init__(autocast=False, **kwargs)
        self.indicators = [int(i) for i in indicators]
        self.numbers = [int(i) for i in numbers]
        self.splits = [int(i) for i in splits]
        self.precision = precision

    @classmethod
    def of(cls, layer: FirstLayer, **kwargs: Any) -> "Standardise":
        """Build the Keras layer of a first layer of one set."""
        first = cls(layer.indicators, layer.numbers, layer.split_of[0].ravel(), name="standardise", **kwargs)
        first.build((None, layer.centre.shape[1]))
        bins = [layer.edge[0], layer.slope[0]] if first.numbers else []
        trees = [layer.threshold[0], layer.side[0], layer.value[0]] if first.splits else []
        first.set_weights([layer.centre[0], layer.scale[0], layer.announced[0], *bins, *trees])
        return first

    @property
    def learned(self) -> FirstLayer:
        """The first layer of one column that it was built of."""
        kept = {weight.name: np.asarray(weight)[None] for weight in self.weights}
        splits = np.array(self.splits, np.int64).reshape(1, -1, LEAVES - 1)
        none = {name: np.zeros((1, 0, *shape), np.float32) for name, shape in {**OF_BINS, **OF_TREE}.items()}
        places = {name: np.array(getattr(self, name), np.int64) for name in ("indicators", "numbers")}
        return FirstLayer(**{**none, **kept, **places, "split_of": splits, "set_of": np.zeros(1, np.int64)})

    def build(self, input_shape: tuple[int | None, int]) -> None:
        """Create the weights that hold the learned state."""
        features = (input_shape[-1],)
        self.centre = self.add_weight(shape=features, dtype=self.precision, name="centre", trainable=False)
        self.scale = self.add_weight(shape=features, dtype=self.precision, name="scale", trainable=False)
        self.announced = self.add_weight(shape=(len(self.indicators),), name="announced", trainable=False)
        if self.numbers:
            bins = (len(self.numbers), BINS)
            self.edge = self.add_weight(shape=bins, name="edge", trainable=False)
            self.slope = self.add_weight(shape=bins, name="slope", trainable=False)
        if self.splits:
            trees = len(self.splits) // (LEAVES - 1)
            for name in ("threshold", "side", "value"):
                setattr(self, name, self.add_weight(shape=(trees, *OF_TREE[name]), name=name, trainable=False))
        self.built = True

    def call(self, x: Any) -> Any:
        """Apply `centre_and_scale`, `squash`, `encode_bins` and `sum_trees`, and announce missing values."""
        x = tf.cast(x, self.precision)
        at = tf.constant(self.indicators, tf.int32)
        missing = tf.cast(tf.math.is_nan(tf.gather(x, at, axis=1)), tf.float32) * self.announced
        z = centre_and_scale(x, self.centre, self.scale)
        inputs = [squash(z), missing]
        if self.numbers:
            bins = encode_bins(tf.gather(z, tf.constant(self.numbers, tf.int32), axis=1), self.edge, self.slope)
            inputs.append(tf.reshape(bins, [-1, BINS * len(self.numbers)]))
        if self.splits:
            split_of = tf.constant(np.reshape(self.splits, (1, -1, LEAVES - 1)), tf.int32)
            trees = self.threshold[None], self.side[None], self.value[None]
            inputs.append(sum_trees(tf.concat([z, missing], axis=1)[None], split_of, *trees)[0])
        return tf.concat(inputs, axis=1)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that `from_config` needs."""
        places = {"indicators": self.indicators, "numbers": self.numbers, "splits": self.splits}
        return {**super().get_config(), **places, "precision": self.precision}
