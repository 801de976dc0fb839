"""The colours of the drawings, and what each becomes on a dark screen. Loads no matplotlib."""

# Okabe and Ito (2008): told apart with any of the common colour-vision deficiencies, and in grey print
BLACK, INK, GREY, PALE, WHITE = "#000000", "#333333", "#6e6e6e", "#c8c8c8", "#ffffff"
BLUE, SKY, GREEN, ORANGE, VERMILLION, PURPLE = "#0072B2", "#56B4E9", "#009E73", "#E69F00", "#D55E00", "#CC79A7"
PAPER = "#16181a"  # of a dark page
DARK = {
    BLACK: "#ececec",
    INK: "#c9c9c9",
    GREY: "#a3a3a3",
    PALE: "#50565b",
    WHITE: PAPER,
    BLUE: "#4fb0ee",
    SKY: "#8accf2",
    GREEN: "#2fc79b",
    ORANGE: "#f2b233",
    VERMILLION: "#ff8a4c",
    PURPLE: "#e8a0c8",
}


def dark_style(selector: str) -> str:
    """Write the style sheet that turns drawings dark on a screen that asks for it; print stays light.

    Each colour is found in the style that a drawing gives its parts, so that a viewer without style sheets shows the
    light one.

    Parameters
    ----------
    selector : str
        Of the drawings, such as ``"svg.drawing"``.
    """
    rules = [f"{selector}{{fill:{DARK[BLACK]}}}"]  # black is what a part has that names no colour
    for light, dark in DARK.items():
        rules += [
            f'{selector} [style*="{part}: {light.lower()}"]{{{part}:{dark}!important}}' for part in ("fill", "stroke")
        ]
    return f"@media screen and (prefers-color-scheme: dark){{{''.join(rules)}}}"
