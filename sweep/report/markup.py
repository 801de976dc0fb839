"""Text of others, such as labels, within Rich's markup."""

import rich.markup

from sweep.streams import printable


def escape(text: str) -> str:
    r"""Return a text that Rich prints as it is, and in which nothing steers the terminal.

    Examples
    --------
    >>> escape("[red]\x1b[31m")
    '\\[red]\\x1b[31m'
    """
    return rich.markup.escape(printable(text))
