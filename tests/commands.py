"""Pages made from the code, commands and the NumPy reader: `python tests/commands.py` writes them."""

from pathlib import Path

import click

import sweep.model.numpy_reader
from sweep.cli import cli

COMPLETION = """\
The Tab key completes commands, options and the names of studies, once the shell has read one of these (in its start-up
file, to keep it):

```sh
eval "$(_SWEEP_COMPLETE=bash_source sweep)"           # bash: ~/.bashrc
eval "$(_SWEEP_COMPLETE=zsh_source sweep)"            # zsh: ~/.zshrc
_SWEEP_COMPLETE=fish_source sweep | source            # fish: ~/.config/fish/completions/sweep.fish
```
"""
ROOT = Path(__file__).parents[1]
COMMANDS = ROOT / "sweep" / "COMMANDS.md"
READER = ROOT / "sweep" / "model" / "README.md"


def commands() -> str:
    """Write the page of all commands, with their help and their options."""
    parts = [f"# Commands\n\nGenerated from the command line itself by `python tests/commands.py`.\n\n{COMPLETION}"]
    for name in cli.list_commands(click.Context(cli)):
        command = cli.commands[name]
        context = click.Context(command, info_name=f"sweep {name}")
        usage = " ".join(command.collect_usage_pieces(context))
        options = (p.get_help_record(context) for p in command.params if isinstance(p, click.Option))
        lines = ["| `{}` | {} |".format(*(text.replace("|", "\\|") for text in record)) for record in options if record]
        table = ["| option | |", "|---|---|", *lines, ""] if lines else []
        example = [f"`{command.epilog.removeprefix('Example: ')}`", ""] if command.epilog else []
        parts.append(
            "\n".join([f"## `sweep {name} {usage}`", "", command.get_short_help_str(200), "", *example, *table])
        )
    return "\n".join(parts)


def reader() -> str:
    """The NumPy reader, all but the line that says what it is."""
    source = Path(sweep.model.numpy_reader.__file__).read_text(encoding="utf-8")
    return f"```python\n{source[source.index('import json') :]}```\n"


def with_reader(text: str) -> str:
    """Put the NumPy reader into the page about exported models."""
    before, rest = text.split("<!-- reader -->\n")
    return f"{before}<!-- reader -->\n\n{reader()}\n<!-- /reader -->{rest.split('<!-- /reader -->')[1]}"


if __name__ == "__main__":
    COMMANDS.write_text(commands(), encoding="utf-8")
    READER.write_text(with_reader(READER.read_text(encoding="utf-8")), encoding="utf-8")
