"""The rules of a release, read from `resources/rules/disclosure.json`."""

from __future__ import annotations

from typing import Annotated

import msgspec

from app import resources
from app.disclosure.tables import Role
from app.errors import Problem

_Positive = Annotated[int, msgspec.Meta(ge=1)]


class Weights(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How useful a number is to its reader. Only what is public goes in, never a count.

    Args:
        rows: the weight of a row, by its role.
        total: the weight of a row's total.
        cell: the weight of one column's share of it.
        hole: what a hidden number costs, as a multiple of what it would have been worth.
    """

    rows: dict[Role, _Positive]
    total: _Positive
    cell: _Positive
    hole: _Positive

    def __post_init__(self) -> None:
        if self.rows.keys() != {"mildest", "band", "separate"}:
            raise ValueError("every role of a row needs a weight")


class Limits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When the search for the best print gives way to a good one.

    Args:
        seconds: for one run of the solver. The last resort, because it depends on the machine.
        nodes: branch-and-bound nodes of one run of the solver.
        rounds: runs of the solver for one coarsening.
        prints: coarsenings of which it is tried whether they leave doubt, before only totals are printed.
        tables: other tables that are tried as witnesses for one print.
    """

    seconds: float
    nodes: int
    rounds: int
    prints: int
    tables: int


class Policy(msgspec.Struct, frozen=True):
    """What may be released to one audience.

    Args:
        id: names the policy.
        version: of the policy; printed with every table.
        source: where its numbers come from.
        audience: who reads the print.
        k: the smallest number of people that may be shown, except 0. At least 3: with 2, a hidden small count could
            only be 1.
        minimum_persons: below this many people no table is made. At least k.
        protect_empty_mildest: whether a zero in the mildest row is hidden like a small count.
        weights: what counts as useful.
        limits: how long to look for the best print.
    """

    id: str
    version: str
    source: str
    audience: str
    k: int
    minimum_persons: int
    protect_empty_mildest: bool
    weights: Weights
    limits: Limits

    def __post_init__(self) -> None:
        if not 3 <= self.k <= self.minimum_persons:
            raise ValueError("k must be at least 3, and minimum_persons at least k")

    def protects(self, persons: int, role: Role, everybody: int) -> bool:
        """Whether a count may not be found out: `persons` of `everybody` are in a row of this role.

        That is a few people, and nobody in the mildest row, which says of everybody else that something was found. It is
        not all people of a small column in the mildest row: that says only that nothing was found.
        """
        if role == "mildest" and persons in {0, everybody}:
            return persons == 0 and self.protect_empty_mildest
        return 0 < persons < self.k

    @classmethod
    def load(cls, audience: str = "station") -> Policy:
        """The policy for `audience`.

        Raises:
            Problem: there is no policy for this audience, so nothing can be released to it.
        """
        file = msgspec.json.decode(resources.path("rules", "disclosure.json").read_bytes(), type=_File)
        if audience not in file.audiences:
            raise Problem("disclosure.no_policy", audience=audience)
        rule = file.audiences[audience]
        return cls(
            id=file.id,
            version=file.version,
            source=file.source,
            audience=audience,
            k=rule.k,
            minimum_persons=rule.minimum_persons,
            protect_empty_mildest=rule.protect_empty_mildest,
            weights=file.weights,
            limits=file.limits,
        )


class _Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    k: int
    minimum_persons: int
    protect_empty_mildest: bool


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    id: str
    version: str
    source: str
    audiences: dict[str, _Rule]
    weights: Weights
    limits: Limits
