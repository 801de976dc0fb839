"""The README's section on commands, from the command line itself: `python tests/commands.py` writes it there."""

from pathlib import Path

import click

from sweep.cli import cli

README = Path(__file__).parents[1] / "README.md"
START, END = "<!-- commands -->\n", "<!-- /commands -->"


def section() -> str:
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


def written(text: str) -> str:
    """A README with that section."""
    before, rest = text.split(START)
    return f"{before}{START}\n{section()}\n{END}{rest.split(END)[1]}"


if __name__ == "__main__":
    README.write_text(written(README.read_text(encoding="utf-8")), encoding="utf-8")
