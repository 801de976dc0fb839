"""Which backend Keras shall use: TensorFlow, looked at before anything slow is loaded."""

import os
import sys

from sweep.errors import InputError


def choose_tensorflow() -> None:
    """Have Keras use TensorFlow, in which the networks are written.

    Raises
    ------
    InputError
        If KERAS_BACKEND asks for another one, or Keras is loaded with another one.
    """
    asked = os.environ.get("KERAS_BACKEND") or "tensorflow"
    loaded = sys.modules["keras"].config.backend() if "keras" in sys.modules else asked
    if not asked == loaded == "tensorflow":
        raise InputError(
            f"Keras must use TensorFlow here; KERAS_BACKEND asks for {asked!r}"
            f"{'' if loaded == asked else f' and Keras is loaded with {loaded!r}'}. Unset KERAS_BACKEND, or set it to "
            "tensorflow."
        )
    os.environ["KERAS_BACKEND"] = asked
