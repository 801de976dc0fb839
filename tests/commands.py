"""What the README takes from the code, commands and the NumPy reader: `python tests/commands.py` writes it there."""

from pathlib import Path

import click

import sweep.model.numpy_reader
from sweep.cli import cli

README = Path(__file__).parents[1] / "README.md"


def commands() -> str:
    """Every command with its help and its options."""
    parts = []
    for name, command in sorted(cli.commands.items()):
        context = click.Context(command, info_name=f"sweep {name}")
        usage = " ".join(command.collect_usage_pieces(context))
        options = (p.get_help_record(context) for p in command.params if isinstance(p, click.Option))
        lines = ["| `{}` | {} |".format(*(text.replace("|", "\\|") for text in record)) for record in options if record]
        table = ["| option | |", "|---|---|", *lines] if lines else []
        parts.append("\n".join([f"### `sweep {name} {usage}`", "", command.get_short_help_str(200), "", *table, ""]))
    return "\n".join(parts)


def reader() -> str:
    """The NumPy reader, all but the line that says what it is."""
    source = Path(sweep.model.numpy_reader.__file__).read_text(encoding="utf-8")
    return f"```python\n{source[source.index('import json') :]}```\n"


def written(text: str) -> str:
    """A README with these parts."""
    for name, part in (("commands", commands()), ("reader", reader())):
        before, rest = text.split(f"<!-- {name} -->\n")
        text = f"{before}<!-- {name} -->\n\n{part}\n<!-- /{name} -->{rest.split(f'<!-- /{name} -->')[1]}"
    return text


if __name__ == "__main__":
    README.write_text(written(README.read_text(encoding="utf-8")), encoding="utf-8")
