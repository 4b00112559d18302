"""From changes to a record: a pure function of the set of changes, whatever their order. Rule: docs/sync-protocol.md."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import msgspec

from storage.records import RecordType
from sync.changes import Base, Change, ChangeId

MODULUS = 1 << 256
_encode = msgspec.msgpack.Encoder(order="deterministic").encode


class Stored(NamedTuple):
    """A change where it stands."""

    id: ChangeId
    change: Change


class Folded(msgspec.Struct, frozen=True, kw_only=True):
    """What the changes of one record amount to. `digest` is the record's share of the state hash."""

    id: bytes
    type: str
    person: bytes | None
    schema: int
    created: int
    changed: int
    fields: dict[str, Any]
    conflicts: dict[str, list[Any]]
    digest: int


def heads(changes: Sequence[Stored]) -> dict[str, list[Stored]]:
    """For each field, the changes whose value nobody has replaced."""
    if len(changes) == 1:
        return {field: [changes[0]] for field in changes[0].change.fields}
    replaced = {(field, old) for stored in changes for field, olds in stored.change.base.items() for old in olds}
    setters: dict[str, list[Stored]] = {}
    for stored in changes:
        for field in stored.change.fields:
            setters.setdefault(field, []).append(stored)
    # Changes that replace each other in a circle can only be forged. All of them stay visible then.
    return {
        field: [one for one in candidates if (field, one.id) not in replaced] or candidates
        for field, candidates in setters.items()
    }


def replaces(fields: Iterable[str], seen: Sequence[Stored]) -> Base:
    """The base of a change to `fields` by somebody who saw the changes `seen`."""
    if not seen:
        return {}
    standing = heads(seen)
    return {field: tuple(sorted(one.id for one in standing[field])) for field in fields if field in standing}


def fold(changes: Sequence[Stored], kind: RecordType | None) -> Folded:
    """Fold the changes of one record, at least one.

    Args:
        changes: each change once, in any order.
        kind: the declaration of the type, None where this version does not know it. It decides what is shown first,
            never the digest.
    """
    ordered = sorted(changes, key=_age) if len(changes) > 1 else changes
    first = ordered[0].change
    fields: dict[str, Any] = {}
    conflicts: dict[str, list[Any]] = {}
    sums: list[Any] = []
    for field, standing in sorted(heads(ordered).items()):
        ranks = kind.ranked.get(field) if kind else None
        best = (
            standing[0] if len(standing) == 1 else max(standing, key=lambda one: (_rank(one, field, ranks), *_age(one)))
        )
        fields[field] = best.change.fields[field]
        sums.append([field, [[*one.id, one.change.fields[field]] for one in standing]])
        if len(standing) > 1:
            others = _others([one.change.fields[field] for one in standing], fields[field])
            if others:
                conflicts[field] = others
    content = _encode([first.record, first.type, first.person, sums])
    return Folded(
        id=first.record,
        type=first.type,
        person=first.person,
        schema=max(stored.change.schema for stored in ordered),
        created=first.time,
        changed=ordered[-1].change.time,
        fields=fields,
        conflicts=conflicts,
        digest=int.from_bytes(hashlib.sha256(content).digest(), "big"),
    )


def _age(stored: Stored) -> tuple[int, ChangeId]:
    return stored.change.time, stored.id


def _rank(stored: Stored, field: str, ranks: tuple[Any, ...] | None) -> int:
    value = stored.change.fields[field]
    return ranks.index(value) if ranks and value in ranks else -1


def _others(values: list[Any], shown: Any) -> list[Any]:
    """The values that differ from the one shown, each once."""
    distinct = {_encode(value): value for value in values}
    distinct.pop(_encode(shown))
    return [distinct[key] for key in sorted(distinct)]
