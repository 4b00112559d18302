"""Where one is on the way through the items of a foreign form."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from app.exchange.about import Heading
from app.exchange.draft import Draft
from app.exchange.known import Known
from app.exchange.names import Names
from app.exchange.report import Refusal
from app.exchange.tree import Node, joined
from app.instruments.conditions import FACTS, type_of
from app.instruments.items import Cell, Item
from app.instruments.parts import Text


class Place(NamedTuple):
    """Where an item stands.

    Attributes:
        chain: the groups that it is in.
        conditions: on which those are shown.
        known: items by their names in the file; those of a group that repeats are by themselves.
        cells: collects the items of such a group.
        group: what it is called.
    """

    chain: tuple[Heading, ...]
    conditions: tuple[Node, ...]
    known: dict[str, Known]
    cells: list[Cell] | None = None
    group: str = ""

    def asking(self, condition: Node | None) -> Place:
        """The same place where a further condition holds."""
        return self._replace(conditions=(*self.conditions, condition)) if condition else self

    def inside(self, heading: Heading) -> Place:
        """The place in a group."""
        return self._replace(chain=(*self.chain, heading))


def visible(draft: Draft, place: Place) -> str | None:
    """The conditions of a place as an expression; None where there are none. Raises Refusal."""
    if not place.conditions:
        return None
    return condition(draft, place, joined("and", list(place.conditions)))


def condition(draft: Draft, place: Place, tree: Node) -> str:
    """A condition at a place as an expression. Raises Refusal."""
    types = None if place.cells is None else {**FACTS, **{cell.id: type_of(cell) for cell in place.cells}}
    return draft.condition(tree, types)


def take(draft: Draft, made: Item, place: Place) -> None:
    """Take up an item at a place."""
    if place.cells is None:
        draft.add(made, place.chain)
    else:
        place.cells.append(made)  # type: ignore[arg-type] # groups and computed values are refused before


@contextmanager
def rows(draft: Draft, place: Place, group: str = "") -> Iterator[Place]:
    """The place in a group that repeats: its items have names of their own and see nothing else. Raises Refusal."""
    if place.cells is not None:
        raise Refusal("exchange.rows_in_rows")
    names, draft.names = draft.names, Names("item")
    inner = Place((), (), {}, [], group)
    try:
        yield inner
    finally:
        draft.names = names
    if not inner.cells:
        raise Refusal("exchange.no_questions")


@contextmanager
def refusing(draft: Draft, place: str, name: str = "") -> Iterator[None]:
    """Write down that an item has no counterpart, and go on with the next. See `Draft.refuse`."""
    try:
        yield
    except Refusal as refusal:
        draft.refuse(place, refusal, name)


def together(texts: list[Text]) -> Text | None:
    """Several texts as one, below each other."""
    return {language: "\n".join(text[language] for text in texts) for language in texts[0]} if texts else None
