"""Ids for what had names of other kinds."""

from __future__ import annotations

import re

_LONGEST = 60
_SPOILED = re.compile(r"[^a-z0-9._-]+")
_REPEATED = re.compile(r"[._-]{2,}")


def slug(name: str) -> str:
    """A foreign name as an id of ours; empty where nothing of it can be one."""
    text = _SPOILED.sub("-", name.strip().lower())
    return _REPEATED.sub(lambda found: found[0][0], text).strip("._-")[:_LONGEST].rstrip("._-")


class Names:
    """Gives out ids, each once.

    Args:
        fallback: what something without a usable name is called.
    """

    def __init__(self, fallback: str) -> None:
        self._fallback = fallback
        self._taken: set[str] = set()
        self._counted: dict[str, int] = {}

    def new(self, name: str) -> str:
        """An id like a name, with a number where it is taken."""
        stem = slug(name) or self._fallback
        found = stem
        while found in self._taken:
            self._counted[stem] = self._counted.get(stem, 1) + 1
            found = f"{stem}-{self._counted[stem]}"
        self._taken.add(found)
        return found
