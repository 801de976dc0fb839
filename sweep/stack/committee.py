"""Several networks as one: a block-diagonal network whose logit is the weighted mean of theirs, column by column.

So an average of different networks, one without a hidden layer among them, is an ordinary stack: its curve, its final
ensemble and every export format are those of a single network.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from sweep.errors import InputError
from sweep.stack.network import Stack
from sweep.stack.preprocessing import OF_TREE, FirstLayer

PASS = np.array([[1, -1]], np.float32)  # a logit z passes a hidden layer as z and -z: silu(z) - silu(-z) = z


def merge(stacks: Sequence[Stack], weights: Sequence[float]) -> Stack:
    """Merge stacks of the same columns into one, whose logits are the weighted mean of theirs.

    Parameters
    ----------
    stacks : sequence of Stack
        Trained on the same X and W; they may differ in depth, width and bins, and one may be boosted trees.
    weights : sequence of float
        One per stack, above 0; what they sum to does not matter.

    Returns
    -------
    Stack
        Of the greatest depth; as wide as all together, where one that is less deep takes 2 units in each layer more.

    Raises
    ------
    InputError
        If there is no stack, two have trees, or a weight is missing or not above 0.
    """
    if not stacks or len(stacks) != len(weights) or not all(w > 0 for w in weights):
        raise InputError(f"merge must get a weight above 0 for each of its {len(stacks)} stacks; got {list(weights)}.")
    if len(stacks) == 1:
        return stacks[0]
    shares = np.asarray(weights, np.float64) / np.sum(weights)
    layer = _shared([stack.layer for stack in stacks])
    layers = max(len(stack.parameters) for stack in stacks) // 2
    deep = [_deepen(_widen(stack, layer), layers) for stack in stacks]
    parameters = [np.concatenate([p[0] for p in deep], axis=2), np.concatenate([p[1] for p in deep], axis=2)]
    for i in range(2, 2 * layers - 2, 2):
        parameters.append(_block_diagonal([p[i] for p in deep]))
        parameters.append(np.concatenate([p[i + 1] for p in deep], axis=2))
    if layers == 1:
        return Stack(layer, tuple(_mean([p[i] for p in deep], shares) for i in range(2)))
    scaled = [p[-2] * np.float32(share) for p, share in zip(deep, shares, strict=True)]
    return Stack(layer, (*parameters, np.concatenate(scaled, axis=1), _mean([p[-1] for p in deep], shares)))


def _shared(layers: Sequence[FirstLayer]) -> FirstLayer:
    """Take the first layer that has all inputs of some of the same columns: bins are alike, trees one of them has."""
    layer = max(layers, key=lambda layer: layer.numbers.size)
    boosted = [layer.apart() for layer in layers if layer.boosted]
    if not boosted:
        return layer
    if len(boosted) > 1:
        raise InputError(f"merge must get at most one stack of boosted trees; got {len(boosted)}.")
    return replace(layer.apart(), **{name: getattr(boosted[0], name) for name in OF_TREE})


def _widen(stack: Stack, layer: FirstLayer) -> list[np.ndarray]:
    """Give a network inputs that it does not look at: bins, which come before what trees sum up to, and that."""
    first, *rest = stack.parameters
    plain = first.shape[1] - stack.layer.boosted
    bins = layer.live.shape[1] - layer.boosted - plain
    kernel = np.insert(first, [plain] * bins, 0, axis=1)
    return [np.pad(kernel, ((0, 0), (0, layer.boosted - stack.layer.boosted), (0, 0))), *rest]


def _deepen(parameters: list[np.ndarray], layers: int) -> list[np.ndarray]:
    """Give the same network more layers."""
    deep = [*parameters]
    for _ in range(layers - len(parameters) // 2):
        kernel, bias = deep[-2:]
        deep[-2:] = [kernel @ PASS, bias @ PASS]
        deep += [np.repeat(PASS.T[None], len(kernel), axis=0), np.zeros((len(kernel), 1, 1), np.float32)]
    return deep


def _block_diagonal(kernels: Sequence[np.ndarray]) -> np.ndarray:
    ins, outs = (np.cumsum([0, *(k.shape[axis] for k in kernels)]) for axis in (1, 2))
    whole = np.zeros((len(kernels[0]), ins[-1], outs[-1]), np.float32)
    for k, kernel in enumerate(kernels):
        whole[:, ins[k] : ins[k + 1], outs[k] : outs[k + 1]] = kernel
    return whole


def _mean(parts: Sequence[np.ndarray], shares: np.ndarray) -> np.ndarray:
    return np.asarray(sum(part * share for part, share in zip(parts, shares, strict=True)), np.float32)
