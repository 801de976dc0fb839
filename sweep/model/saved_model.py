"""Look into a SavedModel before it is loaded: it is a program, which could read and write files."""

from collections.abc import Iterator
from math import prod
from pathlib import Path
from typing import Any

from sweep.errors import ModelError
from sweep.stack.backend import tf

OPERATIONS = frozenset(
    {
        # of numbers and texts alone
        *("Abs", "Add", "AddN", "AddV2", "All", "Any", "BiasAdd", "BroadcastTo", "Cast", "ClipByValue", "Concat"),
        *("ConcatV2", "Const", "DivNoNan", "Equal", "Exp", "ExpandDims", "Gather", "GatherNd", "GatherV2", "Greater"),
        *("GreaterEqual", "Identity", "IdentityN", "IsFinite", "IsInf", "IsNan", "Less", "LessEqual", "Log", "Log1p"),
        *("LogicalAnd", "LogicalNot", "LogicalOr", "MatMul", "Max", "Maximum", "Mean", "Min", "Minimum", "Mul", "Neg"),
        *("NoOp", "NotEqual", "OneHot", "Pack", "Placeholder", "Pow", "RealDiv", "Relu", "Reshape", "Rsqrt", "Select"),
        *("SelectV2", "Shape", "Sigmoid", "Slice", "Softplus", "Split", "SplitV", "Sqrt", "Square", "Squeeze", "Sub"),
        *("StridedSlice", "Sum", "Tanh", "Transpose", "Unpack", "ZerosLike"),
        # of the model's own variables, tables of levels, and functions
        *("AssignVariableOp", "HashTableV2", "LookupTableFindV2", "LookupTableImportV2", "LookupTableSizeV2"),
        *("PartitionedCall", "ReadVariableOp", "StatefulPartitionedCall", "VarHandleOp", "VarIsInitializedOp"),
    }
)
SAVING = frozenset(  # in functions that nothing calls, for loading a model calls none of them
    {
        *("DisableCopyOnRead", "MergeV2Checkpoints", "RestoreV2", "SaveV2", "ShardedFilename", "StaticRegexFullMatch"),
        *("StringJoin",),
    }
)
KINDS = frozenset(
    ("bare_concrete_function", "captured_tensor", "constant", "function", "resource", "user_object", "variable")
)


def check_saved_model(folder: Path) -> None:
    """Hold a SavedModel's operations against those of this package's exports, without running any.

    Raises
    ------
    ModelError
        If it has another one, is not made as those are, or takes far more memory than its size.
    """
    try:
        from tensorflow.core.protobuf import saved_model_pb2

        content = (folder / "saved_model.pb").read_bytes()
        (graph,) = saved_model_pb2.SavedModel.FromString(content).meta_graphs
        found = _find_foreign(graph) or _find_large(graph, len(content)) or _find_large_variables(folder)
    except Exception:  # a damaged model can fail anywhere in its reader
        raise ModelError(f"{folder}: not a SavedModel, or a damaged one; export the model again.") from None
    if found:
        raise ModelError(
            f"{folder}: a SavedModel is a program, and must be one that `sweep export` wrote; {found}. Ask for it as "
            "model.keras, or run it yourself if you trust where it comes from."
        )


def _find_foreign(graph: Any) -> str | None:
    """Say what is in a graph that our exports have not, or return None."""
    functions = {function.signature.name: function for function in graph.graph_def.library.function}
    objects = graph.object_graph_def
    if not objects.nodes:
        return "it is of an older kind"
    named = {*objects.concrete_functions}
    for node in objects.nodes:
        if node.WhichOneof("kind") not in KINDS or node.registered_saver or node.saveable_objects:
            return "it has objects of another kind"
        named |= {*node.function.concrete_functions, node.bare_concrete_function.concrete_function_name}
    for function in functions.values():
        named |= {called for node in function.node_def for called in _called(node)}
    for name, function in functions.items():
        allowed = OPERATIONS if name in named else OPERATIONS | SAVING
        if other := sorted({node.op for node in function.node_def} - allowed):
            return f"this one has the operation {other[0][:60]}"
    if other := sorted({node.op for node in graph.graph_def.node} - OPERATIONS):
        return f"this one has the operation {other[0][:60]}"
    return None


def _called(node: Any) -> Iterator[str]:
    """Name the functions that a node calls."""
    yield node.op
    for value in node.attr.values():
        yield from (function.name for function in (value.func, *value.list.func))


def _find_large(graph: Any, size: int) -> str | None:
    """Say that the constants of a graph are larger than it is, or ask for what is, or return None."""
    nodes = [*graph.graph_def.node, *(n for f in graph.graph_def.library.function for n in f.node_def)]
    constants = [v.tensor for n in nodes for v in n.attr.values() if v.WhichOneof("value") == "tensor"]
    if sum(prod(d.size for d in tensor.tensor_shape.dim) for tensor in constants) > size:
        return "its constants are larger than it is"
    numbers = [array for tensor in constants if (array := tf.make_ndarray(tensor)).dtype.kind in "iu" and array.size]
    if any(int(array.max()) > size for array in numbers):  # the levels of a category, the units of a layer
        return "it asks for more than it holds"
    return None


def _find_large_variables(folder: Path) -> str | None:
    """Say that the variables are larger than their files, or return None."""
    held = sum(path.stat().st_size for path in (folder / "variables").glob("variables.data-*"))
    reader = tf.train.load_checkpoint(str(folder / "variables" / "variables"))
    types = reader.get_variable_to_dtype_map()
    declared = sum(prod(shape) * types[name].size for name, shape in reader.get_variable_to_shape_map().items())
    return "its variables are larger than it is" if declared > held else None
