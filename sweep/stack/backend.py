"""TensorFlow and Keras, imported without their start-up log lines. The only home of the import.

The lines that survive the log level are written to file descriptor 2 by native code, so that descriptor points to
the null device while the import runs, and only then.
"""

import os
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")

sys.stderr.flush()
_stderr = os.dup(2)
_null = os.open(os.devnull, os.O_WRONLY)
os.dup2(_null, 2)
try:
    import keras
    import tensorflow as tf
finally:
    os.dup2(_stderr, 2)
    os.close(_stderr)
    os.close(_null)

__all__ = ["keras", "limit_threads", "tf"]


def limit_threads(threads: int) -> None:
    """Let TensorFlow use so many threads in this process; no effect once it has computed anything."""
    try:
        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(threads)
    except RuntimeError:  # it has started: the limit of the first call holds
        return
