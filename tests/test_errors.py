"""What the package raises, read from its source: own errors, which the command line turns into one message."""

import ast
from pathlib import Path

import pytest

from sweep import errors

PACKAGE = Path(__file__).parents[1] / "sweep"
SOURCES = {str(path.relative_to(PACKAGE)): path.read_text(encoding="utf-8") for path in PACKAGE.rglob("*.py")}
OWN = {name for name in vars(errors) if isinstance(getattr(errors, name), type)}
MAY = {
    "__init__.py": {"AttributeError"},  # of a module's __getattr__, as Python asks for it
    "cli.py": {"KeyboardInterrupt"},  # of a signal
    "data/frames.py": {"TypeError"},  # as scikit-learn's own checks demand
    "data/parquet.py": {"IndexError"},  # that it catches itself: the schema has no such entry
    "document.py": {"TypeError"},  # that its reader turns into a StudyError
    "sklearn/frames.py": {"TypeError"},
}
MAKERS = {
    function.name: ast.unparse(function.returns)
    for source in SOURCES.values()
    for function in ast.walk(ast.parse(source))
    if isinstance(function, ast.FunctionDef) and function.returns is not None
}


def raised(module: str) -> set[str]:
    """Collect the classes that a file raises, itself or by a function that makes them; private ones left out."""
    found = set()
    for node in ast.walk(ast.parse(SOURCES[module])):
        if isinstance(node, ast.Raise) and node.exc is not None:  # else it raises again what it caught
            what = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
            name = what.attr if isinstance(what, ast.Attribute) else ast.unparse(what)
            found.add(MAKERS.get(name, name))
    return {name for name in found if not name.startswith("_")}


@pytest.mark.parametrize("module", sorted(SOURCES))
def test_only_own_errors_are_raised(module: str) -> None:
    """If it failed, the command line would let an error through as a traceback, without what to do."""
    assert raised(module) <= OWN | MAY.get(module, set())


def test_wrong_input_is_a_value_error_for_users_of_the_library() -> None:
    """If it failed, code that catches ValueError, as scikit-learn's does, would miss it."""
    assert issubclass(errors.InputError, ValueError)
    for name in ("TableError", "SpecError", "StudyError", "ModelError"):
        assert issubclass(getattr(errors, name), errors.InputError)
