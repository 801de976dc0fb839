"""Text of others, such as labels, within Rich's markup."""

import rich.markup

from sweep.streams import on_one_line


def escape(text: str) -> str:
    r"""Return a text that Rich prints as it is, on its line, and in which nothing steers the terminal.

    Examples
    --------
    >>> print(escape("[red]\x1b[31m\n"))
    \[red]\x1b[31m\n
    """
    return rich.markup.escape(on_one_line(text))
