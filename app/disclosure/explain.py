"""What a print says about itself.

Everything here follows from the print and from what is public. That is not a matter of taste: how many of the hidden
numbers are small, or which rule hid one, would be one more number given away.
"""

from __future__ import annotations

from app.disclosure.draft import Draft
from app.disclosure.policy import Policy
from app.disclosure.released import Content, Reason
from app.disclosure.tables import Category


def too_few(policy: Policy) -> tuple[Reason, ...]:
    """Why there is no table."""
    return (Reason("disclosure.too_few", {"minimum": policy.minimum_persons}),)


def steps(
    draft: Draft, rows: tuple[Category, ...], columns: tuple[Category, ...], people: tuple[int, ...], policy: Policy
) -> tuple[Reason, ...]:
    """What was merged and hidden, and why.

    Args:
        draft: the print.
        rows: of the table.
        columns: of the table.
        people: in each of the columns, which everybody knows.
        policy: the rules.
    """
    if not draft.content.rows:
        return (Reason("disclosure.only_totals", {"most": policy.k - 1}),)
    return (*_merged(draft, rows, policy), *_unsplit(draft, columns, people, policy), *_holes(draft.content, policy))


def _merged(draft: Draft, rows: tuple[Category, ...], policy: Policy) -> list[Reason]:
    return [
        Reason(
            "disclosure.rows_merged",
            {"most": policy.k - 1},
            {"row": (row.title,), "parts": tuple(rows[member].title for member in members)},
        )
        for row, members in zip(draft.content.rows, draft.members, strict=True)
        if len(members) > 1
    ]


def _unsplit(draft: Draft, columns: tuple[Category, ...], people: tuple[int, ...], policy: Policy) -> list[Reason]:
    filled = [persons for persons in people if persons]
    if draft.content.columns or len(filled) < 2:
        return []
    titles = {"columns": tuple(column.title for column, persons in zip(columns, people, strict=True) if persons)}
    if min(filled) < policy.k:
        return [Reason("disclosure.column_too_small", {"k": policy.k}, titles)]
    return [Reason("disclosure.columns_merged", {"most": policy.k - 1}, titles)]


def _holes(content: Content, policy: Policy) -> list[Reason]:
    lines = [(total, *cells) for total, cells in zip(content.row_totals, content.cells, strict=True)]
    holes = sum(line.count(None) for line in lines)
    reasons = [Reason("disclosure.numbers_hidden", {"count": holes, "most": policy.k - 1})] if holes else []
    if policy.protect_empty_mildest:
        reasons += [
            Reason("disclosure.mildest_hidden", {}, {"row": (row.title,)})
            for row, line in zip(content.rows, lines, strict=True)
            if row.role == "mildest" and None in line
        ]
    return reasons
