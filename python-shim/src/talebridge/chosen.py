"""Which `risk_` columns a strategy's frames get: the setting `columns`."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator

from talebridge._generated import COLUMNS

ALL = tuple(spec.name for spec in COLUMNS)
VERDICT = tuple(spec.name for spec in COLUMNS if spec.gate)
"""The columns the gate itself reads, which every frame has."""

_BY_WORD = {"all": ALL, "verdict": VERDICT}
_SIMILAR = 3


def chosen(setting: object) -> tuple[str, ...]:
    """The columns a setting without `problems` names, in the manifest's order."""
    if isinstance(setting, str):
        return _BY_WORD[setting]
    return with_more(VERDICT, setting) if isinstance(setting, list | tuple) else ALL


def with_more(names: Collection[str], more: Collection[str]) -> tuple[str, ...]:
    """All of these columns, in the manifest's order."""
    return tuple(name for name in ALL if name in names or name in more)


def problems(setting: object) -> Iterator[tuple[str, str]]:
    """Everything that is wrong with a setting: where, and what."""
    if isinstance(setting, list | tuple) and setting:
        for at, name in enumerate(setting):
            if name not in ALL:
                yield f"columns[{at}]", _unknown(name)
    elif not isinstance(setting, str) or setting not in _BY_WORD:
        hint = ""
        if isinstance(setting, str):
            hint = f'; one column by itself is a list, too: ["{_near(setting)[0]}"]'
        yield (
            "columns",
            'has to be one of "all", "verdict", or a list of names of docs/columns.md such as '
            f'["risk_jump", "risk_sigma"], not {setting!r}{hint}',
        )


def _unknown(name: object) -> str:
    if not isinstance(name, str):
        return f'has to be the name of a column, such as "risk_jump", not {name!r}'
    return f"there is no column {name!r}; did you mean {', '.join(_near(name))}?"


def _near(name: str) -> list[str]:
    """The known names most like this one, the best first."""
    wanted = name if name.startswith("risk_") else f"risk_{name}"
    return difflib.get_close_matches(wanted, ALL, n=_SIMILAR, cutoff=0.0)
