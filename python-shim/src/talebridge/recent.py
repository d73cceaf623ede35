"""A small map that forgets what was set longest ago."""

from __future__ import annotations

from collections import OrderedDict
from typing import Generic, TypeVar

V = TypeVar("V")

MAX_PAIRS = 1024


class Recent(Generic[V]):
    """A map of bounded size."""

    def __init__(self, size: int = MAX_PAIRS) -> None:
        self._size = size
        self._items: OrderedDict[object, V] = OrderedDict()

    def get(self, key: object) -> V | None:
        """The value, or None."""
        return self._items.get(key)

    def set(self, key: object, value: V) -> None:
        """Sets a value and forgets the oldest beyond the size."""
        self._items[key] = value
        self._items.move_to_end(key)
        while len(self._items) > self._size:
            self._items.popitem(last=False)

    def pop(self, key: object) -> V | None:
        """Removes and returns a value, or None."""
        return self._items.pop(key, None)

    def __len__(self) -> int:
        return len(self._items)
