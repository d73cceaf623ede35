"""Loads a strategy class from its file, as freqtrade's resolver does, without changing it."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any


class StrategyNotFoundError(Exception):
    """The file cannot be loaded or has no such class; the message says which and why."""


def load_class(file: str, class_name: str) -> type[Any]:
    """Return the class from the file; its folder is importable while the file is executed."""
    module = _load_module(Path(file))
    found = getattr(module, class_name, None)
    if isinstance(found, type):
        return found
    classes = sorted(
        name
        for name, value in vars(module).items()
        if isinstance(value, type) and value.__module__ == module.__name__
    )
    has = f"it has {', '.join(classes)}" if classes else "it has no classes"
    raise StrategyNotFoundError(f"{file} has no class {class_name}: {has}")


def _load_module(path: Path) -> ModuleType:
    name = f"talebridge_demo_user_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise StrategyNotFoundError(f"{path} is not a Python file: a strategy's name ends in .py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    sys.path.insert(0, str(path.parent))
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise StrategyNotFoundError(
            f"{path} cannot be loaded: {type(error).__name__}: {error}"
        ) from error
    finally:
        sys.path.remove(str(path.parent))
    return module
