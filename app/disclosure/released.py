"""The public side: what may be printed. Only `app.disclosure` can make one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Never, final

import msgspec

from app.disclosure.tables import Category
from app.texts import Texts

Numbers = tuple[int | None, ...]


class Seal:
    """Held by this package alone; whoever shows it may make a `ReleasedTable`."""


SEAL = Seal()


class Reason(msgspec.Struct, frozen=True):
    """One step of the explanation that goes on the print. It follows from the print and the policy alone.

    Args:
        key: names the sentence in the texts.
        values: numbers for its gaps.
        titles: titles of rows or columns for its gaps.
    """

    key: str
    values: dict[str, int] = {}
    titles: dict[str, tuple[str, ...]] = {}

    def sentence(self, texts: Texts, title: Callable[[str], str]) -> str:
        """The sentence in the language of `texts`; `title` gives the words for a title of a row or column."""
        mark = texts("disclosure.and")
        words = {gap: mark.join(title(name) for name in names) for gap, names in self.titles.items()}
        return texts(self.key, **self.values, **words)


class Content(msgspec.Struct, frozen=True):
    """What is read on a print. None stands for a number that is hidden.

    Args:
        rows: the rows that are printed; none when only totals are.
        columns: the columns that are printed; none when the table is not split.
        cells: persons, for each row one for each printed column.
        row_totals: persons in each row.
        column_totals: persons in each printed column.
        grand_total: persons in the table; None when the whole table is withheld.
    """

    rows: tuple[Category, ...] = ()
    columns: tuple[Category, ...] = ()
    cells: tuple[Numbers, ...] = ()
    row_totals: Numbers = ()
    column_totals: Numbers = ()
    grand_total: int | None = None


class PolicyName(msgspec.Struct, frozen=True):
    """Under which rules a table was released."""

    id: str
    version: str
    audience: str


@final
class ReleasedTable:
    """A table that may be printed: a hidden number is None and cannot be worked out.

    The only way to get one is `release`. It cannot be constructed, extended, changed, decoded or unpickled elsewhere;
    copies are the table itself. That guards against slips. Python offers no guard against a program that means to lie.

    Attributes:
        policy: under which rules it was released.
        content: what is read.
        steps: what was merged and hidden, and why.
    """

    __slots__ = ("content", "policy", "steps")

    policy: PolicyName
    content: Content
    steps: tuple[Reason, ...]

    def __init__(self, seal: Seal, policy: PolicyName, content: Content, steps: tuple[Reason, ...]) -> None:
        if seal is not SEAL:
            raise TypeError("a ReleasedTable is made by app.disclosure.release")
        object.__setattr__(self, "policy", policy)
        object.__setattr__(self, "content", content)
        object.__setattr__(self, "steps", steps)

    def share(self, row: str, column: str | None = None) -> float | None:
        """The part of the people who are in `row`, from 0 to 1; of one column's people if one is named.

        None if the number or its base is hidden. An unknown row or column is a bug and raises KeyError.
        """
        content = self.content
        at = _position(content.rows, row)
        if column is None:
            part, whole = content.row_totals[at], content.grand_total
        else:
            place = _position(content.columns, column)
            part, whole = content.cells[at][place], content.column_totals[place]
        return None if part is None or not whole else part / whole

    def to_data(self) -> dict[str, Any]:
        """The print as data for JSON: the same numbers, the same holes, the same explanation."""
        data: dict[str, Any] = msgspec.to_builtins(
            {"policy": self.policy, "content": self.content, "steps": self.steps}
        )
        return {"policy": data["policy"], **data["content"], "steps": data["steps"]}

    def __init_subclass__(cls) -> Never:
        raise TypeError("a ReleasedTable cannot be extended")

    def __setattr__(self, name: str, value: object) -> Never:
        raise AttributeError("a ReleasedTable cannot be changed")

    def __delattr__(self, name: str) -> Never:
        raise AttributeError("a ReleasedTable cannot be changed")

    def __copy__(self) -> ReleasedTable:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> ReleasedTable:
        return self

    def __reduce_ex__(self, protocol: object) -> Never:
        raise TypeError("a ReleasedTable is not pickled: what is read back has not been audited")


def _position(categories: tuple[Category, ...], name: str) -> int:
    for at, category in enumerate(categories):
        if category.id == name:
            return at
    raise KeyError(name)
