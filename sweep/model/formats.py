"""The formats of an export, and the packages that each needs: looked at before anything is loaded. No TensorFlow."""

from importlib.util import find_spec

from sweep.errors import InputError

FORMATS = {
    "keras": "model.keras",
    "tf_saved_model": "saved_model",
    "litert": "model.tflite",
    "onnx": "model.onnx",
    "npz": "model.npz",
}
NEEDS = {"onnx": ("onnx", "tf2onnx", "onnxruntime")}


def check_format(format: str) -> None:
    """Check that there is such a format, and that what it needs is installed.

    Raises
    ------
    InputError
        If not; the message says what to install.

    Examples
    --------
    >>> check_format("npz")
    """
    if format not in FORMATS:
        raise InputError(f"format must be one of {', '.join(FORMATS)}; got {format!r}.")
    lacking = [name for name in NEEDS.get(format, ()) if find_spec(name) is None]
    if lacking:
        raise InputError(f'{format} needs the package {lacking[0]}: pip install "balance-sweep[{format}]".')
