"""From an exact table to an audited print.

This module and those it imports need the solver, which takes a third of a second to load.
"""

from __future__ import annotations

from itertools import islice

from app.disclosure.audit import audit
from app.disclosure.candidates import Candidate, candidates
from app.disclosure.doubt import leaves_doubt
from app.disclosure.draft import Draft
from app.disclosure.grid import people, split_columns
from app.disclosure.policy import Policy
from app.disclosure.released import Content
from app.disclosure.tables import CountTable


def choose(table: CountTable, policy: Policy) -> Draft:
    """The most useful print that gives nobody away, audited. If there is none, it shows only what everybody knows.

    Raises:
        AuditRefused: a bug of ours; there is no print.
    """
    draft = _totals(table, policy)
    for candidate in islice(candidates(table, policy), policy.limits.prints):
        if leaves_doubt(table, candidate, policy):
            draft = _draft(table, candidate)
            break
    audit(table, draft, policy)
    return draft


def _totals(table: CountTable, policy: Policy) -> Draft:
    places = split_columns(table, policy)
    totals = people(table)
    content = Content(
        columns=tuple(table.columns[place] for place in places),
        column_totals=tuple(totals[place] for place in places),
        grand_total=sum(totals),
    )
    return Draft(content, (), places)


def _draft(table: CountTable, candidate: Candidate) -> Draft:
    grid = candidate.grid
    shown = grid.shown(candidate.hidden)
    lines = [shown[at : at + grid.width] for at in range(0, len(shown), grid.width)]
    places = grid.columns if grid.split else ()
    content = Content(
        rows=grid.rows,
        columns=tuple(table.columns[place] for place in places),
        cells=tuple(line[: len(places)] for line in lines),
        row_totals=tuple(line[-1] for line in lines),
        column_totals=grid.public[: len(places)],
        grand_total=grid.public[-1],
    )
    return Draft(content, grid.members, places)
