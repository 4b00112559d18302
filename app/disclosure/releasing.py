"""The door: the one way from a confidential table to a print."""

from __future__ import annotations

from app.disclosure.explain import steps, too_few
from app.disclosure.grid import people
from app.disclosure.policy import Policy
from app.disclosure.released import SEAL, Content, PolicyName, ReleasedTable
from app.disclosure.tables import CountTable


def release(table: CountTable, policy: Policy) -> ReleasedTable:
    """What may be printed of `table`.

    Counts of 1 to k-1 people are neither shown nor can they be worked out from what is shown, from the number of people
    in each column, and from knowing this program. Where no useful print is safe, only the numbers of people are shown;
    where there are too few of them, nothing. The same table under the same policy always gets the same print.

    Raises:
        AuditRefused: the print did not pass the last check. A bug of ours; nothing leaves.
    """
    name = PolicyName(policy.id, policy.version, policy.audience)
    totals = people(table)
    if sum(totals) < policy.minimum_persons:
        return ReleasedTable(SEAL, name, Content(), too_few(policy))
    from app.disclosure.choose import choose  # noqa: PLC0415  loads the solver; no window should wait for that

    draft = choose(table, policy)
    return ReleasedTable(SEAL, name, draft.content, steps(draft, table.rows, table.columns, totals, policy))
