"""`python -m sweep`: the command; a file of the current folder, which Python would look into first, is no module."""

import sys

if not sys.flags.safe_path:
    sys.path.append(sys.path.pop(0))  # behind all others, for a clone is run from its own folder

from sweep.cli import main

main()
