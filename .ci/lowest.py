"""Print the lowest version of each dependency that pyproject.toml allows, as a constraints file for pip."""

import re
import tomllib
from pathlib import Path

project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text(encoding="utf-8"))["project"]
extras = [line for name, lines in project["optional-dependencies"].items() if name != "dev" for line in lines]
for line in (*project["dependencies"], *extras):
    name, version = re.fullmatch(r"([\w-]+)(?:\[\w+\])?>=([\w.]+).*", line).groups()
    print(f"{name}~={version}" if version.count(".") > 1 else f"{name}=={version}.*")
