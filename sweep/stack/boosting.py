"""Boosted trees of each column as a network: their splits and leaves are its first layer, their sum its logit.

Small trees suit tables that follow rules of thresholds, where a network of dense layers needs more rows to learn them.
scikit-learn grows them, of the inputs that the column's first layer gives and weighted by W; everything after that, the
mean with other networks and every export format, has one network more.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from sweep.stack.backend import in_threads
from sweep.stack.network import Stack
from sweep.stack.preprocessing import OF_TREE, FirstLayer, learn_first_layer, scale_inputs
from sweep.stack.recipe import FEWEST, LEAVES, PENALTY, SHARE, SHRINKAGE

CODES = 255  # that scikit-learn tells apart of an input
FEW_CODES, ROWS_A_CODE = 32, 4  # of few rows each code has about so many: as good, and trees grow 2.4 times as fast


def boost(
    X: np.ndarray,
    Y: np.ndarray,
    W: np.ndarray,
    trees: int,
    *,
    init_seed: np.ndarray,
    on_step: Callable[[], None] | None = None,
) -> Stack:
    """Grow boosted trees for each column, by the log loss weighted with W, on the rows where it is above 0.

    Parameters
    ----------
    X : array, shape (rows, features)
    Y, W : arrays, shape (rows, columns)
    trees : int
        Of each column.
    init_seed : array of int, shape (columns,)
        Which inputs a split may look at goes by it.
    on_step : callable, optional
        Called before each column, from any thread; it ends the growing by raising.

    Returns
    -------
    Stack
        Without a hidden layer: its logit is the trees' sum.
    """
    from threadpoolctl import ThreadpoolController

    layer, threads = learn_first_layer(X, W), ThreadpoolController()
    _, first = np.unique(layer.set_of, return_index=True)  # columns of one set have the same rows

    def of_set(k: int, s: int) -> tuple[list[np.ndarray], np.ndarray]:
        return _encode(scale_inputs(X[W[:, s] > 0], layer, k))

    encoded = in_threads(of_set, range(len(first)), first.tolist())

    def of_column(s: int) -> tuple[dict[str, np.ndarray], float]:
        if on_step is not None:
            on_step()
        live = W[:, s] > 0
        weights = W[live, s].astype(np.float64)
        edges, codes = encoded[layer.set_of[s]]
        with threads.limit(limits=1, user_api="openmp"):
            return grow(edges, codes, Y[live, s], weights / weights.mean(), trees, seed=int(init_seed[s]))

    grown, start = zip(*in_threads(of_column, range(W.shape[1])), strict=True)
    of_trees = {name: np.stack([of[name] for of in grown]) for name in OF_TREE}
    whole: FirstLayer = replace(layer.apart(), **of_trees)
    kernel = np.zeros((W.shape[1], whole.live.shape[1], 1), np.float32)
    kernel[:, -1] = 1
    return Stack(whole, (kernel, np.array(start, np.float32)[:, None, None]))


def grow(
    edges: list[np.ndarray], codes: np.ndarray, y: np.ndarray, weights: np.ndarray, trees: int, *, seed: int
) -> tuple[dict[str, np.ndarray], float]:
    """Grow the trees of one column.

    Parameters
    ----------
    edges : list of array of float32, rising
        Between the codes of each input.
    codes : array of uint8, shape (rows, inputs)
    y : array of 0 and 1, shape (rows,)
    weights : array, above 0, shape (rows,)
    trees, seed : int

    Returns
    -------
    The arrays of `OF_TREE`, without the axis of sets, and the logit to which they are added
    """
    from sklearn.ensemble import HistGradientBoostingClassifier

    model = HistGradientBoostingClassifier(
        learning_rate=SHRINKAGE, max_iter=trees, max_leaf_nodes=LEAVES, min_samples_leaf=FEWEST,
        l2_regularization=PENALTY, max_features=SHARE, early_stopping=False, random_state=seed,
        max_bins=max(2, int(codes.max()) + 1),  # as many as there are: none is filled for nothing
    ).fit(codes, y, weights)  # fmt: skip
    arrays = {name: np.zeros((trees, *shape), np.float32) for name, shape in OF_TREE.items()}
    for t, (tree,) in enumerate(model._predictors):  # what `predict` reads; nothing public has it
        for name, array in _unfold(tree.nodes, edges).items():
            arrays[name][t] = array
    return arrays, float(model._baseline_prediction[0, 0])


def _encode(inputs: np.ndarray) -> tuple[list[np.ndarray], np.ndarray]:
    """Rank each input among some values or quantiles: the edges between them, and codes, (rows, inputs).

    So scikit-learn takes the same thresholds whatever the weights.
    """
    most = min(CODES, max(FEW_CODES, len(inputs) // ROWS_A_CODE))
    edges = [_edges(values, most) for values in inputs.T]
    codes = [np.searchsorted(between, values) for between, values in zip(edges, inputs.T, strict=True)]
    return edges, np.stack(codes, axis=1).astype(np.uint8)


def _edges(values: np.ndarray, most: int) -> np.ndarray:
    """Choose what lies between the values of an input, or between at most so many quantiles, of float32, rising."""
    known = np.unique(values)
    if len(known) > most:
        known = np.unique(np.quantile(values, np.linspace(0, 1, most), method="nearest"))
    between = (known[:-1] + known[1:]) / np.float32(2)
    return np.where(between < known[1:], between, known[:-1]).astype(np.float32)


def _unfold(nodes: Any, edges: list[np.ndarray]) -> dict[str, np.ndarray]:
    """Lay a tree's splits and leaves out flat: a leaf asks for some splits to be passed, for others not to be."""
    flat = {name: np.zeros(shape, np.float32) for name, shape in OF_TREE.items()}
    splits, leaves = 0, 0
    waiting: list[tuple[int, dict[int, int]]] = [(0, {})]
    while waiting:
        at, asked = waiting.pop()
        node = nodes[at]
        if node["is_leaf"]:
            flat["value"][leaves] = node["value"]
            flat["side"][[*asked], leaves] = [*asked.values()]
            leaves += 1
            continue
        feature = int(node["feature_idx"])
        flat["split_of"][splits], flat["threshold"][splits] = feature, edges[feature][int(node["num_threshold"])]
        waiting += [(int(node[side]), {**asked, splits: sign}) for side, sign in (("left", -1), ("right", 1))]
        splits += 1
    return flat
