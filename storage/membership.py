"""Who takes part in a scope, and who is given its keys. Rule: docs/sync-protocol.md, Papers and Scopes."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import NamedTuple

from storage.database import Connection
from storage.device import Device
from storage.errors import Problem
from storage.scopes import FIRST_EPOCH
from sync.crypto import KEY_SIZE, Unsealed
from sync.ids import ID_SIZE
from sync.papers import (
    Certificate,
    Erasure,
    Founding,
    Grant,
    Publication,
    Revocation,
    UnreadablePaper,
    ends_since,
    open_certificate,
    open_founding,
    open_grant,
    open_paper,
    open_publication,
    open_revocation,
    paper_id,
    paper_kind,
    read_paper,
    takes_part,
    write_grant,
    write_paper,
)
from sync.scopes import WITHOUT_HISTORY, founded_id
from sync.segments import Point, ScopeKey

_EPOCH_BITS = 20
"""Two members who do not know of each other may begin an epoch each; the low bits are random, so that both can stay."""

_LAST_EPOCH = 2**31 - 1
_FAR_AHEAD = 200 << _EPOCH_BITS
"""An epoch so far beyond all that is here is no member's: it would leave no room for those to come."""

_ORDER = (Certificate.KIND, Founding.KIND, Revocation.KIND, Publication.KIND, Grant.KIND, Erasure.KIND)
"""A founding and a grant are believed by the certificates of who signed them."""


class Standing(NamedTuple):
    """A device of a scope, as the county's newest paper has it. `ends`: where its streams end, if it is revoked."""

    certificate: Certificate
    ends: dict[bytes, Point] | None


class Sharing(NamedTuple):
    """Who shares a scope, by the county's certificates and not by what somebody says in it.

    Attributes:
        kind: one of `sync.scopes.KINDS`.
        founder: name of the station that began it.
        others: names of the stations that it is shared with, the founder's left out.
        by_us: whether the founder's station is ours.
    """

    kind: str
    founder: str
    others: list[str]
    by_us: bool


class Membership:
    """The papers of the scopes that an archive takes part in.

    Args:
        connection: the archive's.
        device: who we are.
    """

    def __init__(self, connection: Connection, device: Device) -> None:
        self._connection = connection
        self._device = device

    # ---- who takes part ----

    def standings(self, scope: bytes) -> dict[bytes, Standing]:
        """Every device that ever was a member, by id, this one too once it is admitted."""
        newest: dict[bytes, Certificate] = {}
        for body in sorted(self._device.papers(Certificate, scope), key=lambda one: one.serial):
            newest[body.device] = body
        revocations = self._device.papers(Revocation, scope)
        founding = self.founding(scope)
        standings = {}
        for device, certificate in newest.items():
            if founding and not takes_part(certificate, founding):
                continue
            about = [one for one in revocations if one.device == device]
            standings[device] = Standing(certificate, ends_since(certificate.serial, about))
        return standings

    def founding(self, scope: bytes) -> Founding | None:
        """What a shared scope is; None for the station's own, which the county's certificates name."""
        return next(iter(self._device.papers(Founding, scope)), None)

    def sharing(self, scope: bytes) -> Sharing | None:
        """Who shares a scope; None for the station's own."""
        founding, own = self.founding(scope), self._device.certificate
        if founding is None or own is None:
            return None
        by = self.standings(scope)[founding.founder].certificate
        others = [name for station, name in founding.stations if station != by.station]
        return Sharing(founding.kind, by.station_name, others, by.station == own.station)

    def keys(self, scope: bytes) -> dict[bytes, bytes]:
        """The signing keys of all who are or were members, by device."""
        if scope not in self._device.scopes.all():
            return {}
        keys = {device: standing.certificate.signing_key for device, standing in self.standings(scope).items()}
        return {**keys, self._device.id: self._device.signer.public_key}

    def ends(self, scope: bytes) -> dict[bytes, dict[bytes, Point]]:
        """Where the streams of revoked devices end, by device. Our own never do: what we wrote stays readable here."""
        return {
            device: standing.ends
            for device, standing in self.standings(scope).items()
            if standing.ends is not None and device != self._device.id
        }

    def is_revoked(self) -> bool:
        """Whether the county has revoked this very device."""
        own = self.standings(self._device.scope).get(self._device.id)
        return own is not None and own.ends is not None

    def is_before_us(self, scope: bytes, epoch: int) -> bool:
        """Whether an epoch ended before we came, and our role is one that is not given its key."""
        own, keys = self._device.certificate, self._device.scopes.keys(scope)
        return own is not None and own.role in WITHOUT_HISTORY and bool(keys) and epoch < min(keys)

    # ---- sharing ----

    def found(self, kind: str, others: Sequence[tuple[bytes, str]]) -> bytes:
        """Share something with other stations, within the caller's transaction.

        Args:
            kind: one of `sync.scopes.KINDS`.
            others: ids and names of the other stations. Only devices that the county certified for both take part.

        Returns:
            The new scope.

        Raises:
            Problem: this device has not joined a county, is revoked, or its role does not go with the kind.
        """
        own = self._device.certificate
        if own is None:
            raise Problem("sync.not_enrolled")
        nonce = secrets.token_bytes(ID_SIZE)
        scope = founded_id(self._device.id, nonce)
        stations = sorted({(own.station, own.station_name), *others})
        founding = Founding(scope, kind, self._device.id, nonce, stations)
        if self.is_revoked() or not takes_part(own, founding):
            raise Problem("sync.may_not_share")
        self._device.scopes.join(scope, kind)
        self._device.keep_paper(scope, self._device.certificate_paper)
        self._device.keep_paper(scope, write_paper(founding, self._device.signer))
        self._make_key(scope, FIRST_EPOCH, own)
        return scope

    def _make_key(self, scope: bytes, epoch: int, own: Certificate) -> None:
        """Begin an epoch. The grant to ourselves is for the day on which an older copy of this archive is put back."""
        scope_key = ScopeKey(scope, epoch, secrets.token_bytes(KEY_SIZE))
        self._device.scopes.add_key(scope_key)
        self._device.keep_paper(scope, write_grant(scope_key, own, self._device.signer))

    # ---- papers from elsewhere ----

    def paper_ids(self, scope: bytes) -> list[bytes]:
        """The papers to compare with others': those that are here, but where the county differs, as it has them."""
        return sorted(self._ids("paper", scope) ^ self._ids("paper_aside", scope))

    def _ids(self, table: str, scope: bytes) -> set[bytes]:
        rows = self._connection.execute(f"SELECT id FROM {table} WHERE scope = ?", (scope,))  # noqa: S608 -- our names
        return {row[0] for row in rows}

    def add(self, scope: bytes, papers: list[bytes]) -> list[bytes]:
        """Keep those papers that prove themselves; returns the ids of the others."""
        server = self._device.server
        county_key = server.county_key if server else b""
        for kind in _ORDER:
            for data in papers:
                try:
                    if paper_kind(data) == kind and self._is_ours(scope, data, county_key):
                        self._keep(scope, data, kind)
                except UnreadablePaper:
                    continue
        here = self._ids("paper", scope)
        return [name for name in map(paper_id, papers) if name not in here]

    def _keep(self, scope: bytes, data: bytes, kind: int) -> None:
        if self._device.keep_paper(scope, data) and kind == Certificate.KIND:
            # Somebody has come, or come back: what they signed may count from now on, here and at the county.
            self._connection.execute("DELETE FROM paper_aside WHERE scope = ?", (scope,))

    def set_aside(self, scope: bytes, ids: Sequence[bytes]) -> None:
        """Note papers that the county has and this archive does not take, or the other way round.

        A device that was revoked meanwhile has signed them. Without this they would be offered at every meeting, and
        nobody could ever agree that there is nothing new.
        """
        foundings = {paper_id(data) for _, data in self._device.papers_with_data(Founding, scope)}
        rows = [(scope, one) for one in ids if one not in foundings]
        self._connection.executemany("INSERT OR IGNORE INTO paper_aside (scope, id) VALUES (?, ?)", rows)

    def _is_ours(self, scope: bytes, data: bytes, county_key: bytes) -> bool:
        kind = paper_kind(data)
        if kind == Certificate.KIND:
            # The station's own scope stands in the certificate; in a shared one members of several stations meet.
            return open_certificate(data, county_key).scope == scope or scope != self._device.scope
        if kind == Revocation.KIND:
            open_revocation(data, county_key)
            return True
        if kind == Publication.KIND:
            open_publication(data, county_key)
            return scope == self._device.scope
        if kind == Grant.KIND:
            return open_paper(data, Grant, self._active_key(scope, read_paper(data, Grant).sender)).scope == scope
        if kind == Erasure.KIND:
            return open_paper(data, Erasure, self._active_key(scope, read_paper(data, Erasure).device)).scope == scope
        return self._join(scope, data)

    def _join(self, scope: bytes, data: bytes) -> bool:
        """Take part in a scope that a founding names our station in."""
        own, said = self._device.certificate, read_paper(data, Founding)
        founder = next((one for one in self._device.papers(Certificate, scope) if one.device == said.founder), None)
        if own is None or founder is None or self.founding(scope) is not None:
            return False
        founding = open_founding(data, founder)
        if founding.scope != scope or not takes_part(own, founding):
            return False
        self._device.scopes.join(scope, founding.kind)
        return True

    def _active_key(self, scope: bytes, device: bytes) -> bytes:
        """The signing key of a member who is not revoked. Raises UnreadablePaper."""
        if device == self._device.id:
            return self._device.signer.public_key
        member = self.standings(scope).get(device)
        if member is None or member.ends is not None:
            raise UnreadablePaper
        return member.certificate.signing_key

    def tell_erased(self, scope: bytes, person: bytes) -> None:
        """Tell those who keep what they cannot read that a person is erased. Nobody has anything before we have joined."""
        if self._device.certificate:
            self._device.keep_paper(scope, write_paper(Erasure(scope, person, self._device.id), self._device.signer))

    # ---- keys ----

    def take_keys(self, scope: bytes) -> bool:
        """Take the scope's keys out of grants to us; whether there was a new one."""
        scopes, new = self._device.scopes, False
        newest = max(scopes.keys(scope), default=_FAR_AHEAD)
        for grant, data in self._device.papers_with_data(Grant, scope):
            if (
                grant.recipient != self._device.id
                or scopes.key(scope, grant.epoch)
                or grant.epoch > newest + _FAR_AHEAD
            ):
                continue
            try:
                # Whoever sent it was a member when the paper was kept.
                sender = self.keys(scope).get(grant.sender, b"")
                scopes.add_key(open_grant(data, sender, self._device.recipient))
            except UnreadablePaper:
                continue
            new = True
        return new

    def grant(self, scope: bytes) -> bool:
        """Hand the scope's keys to every member who should have them, after a new epoch where that is due.

        Returns:
            Whether an epoch has begun.
        """
        scopes = self._device.scopes
        if not scopes.key(scope) or self.is_revoked():
            return False
        standings = self.standings(scope)
        # One that the county declined has not reached its recipient.
        aside = self._ids("paper_aside", scope)
        grants = [one for one, data in self._device.papers_with_data(Grant, scope) if paper_id(data) not in aside]
        members = [one.certificate for one in standings.values() if one.ends is None]
        begun = self._must_begin(scope, standings, grants)
        if begun:
            self._begin_epoch(scope)
        for member in members:
            if member.device != self._device.id:
                self._grant_to(scope, member, grants)
        return begun

    def _must_begin(self, scope: bytes, standings: dict[bytes, Standing], grants: list[Grant]) -> bool:
        """Where somebody holds the newest key who must not read on, or somebody has come who must not read back."""
        newest = max(self._device.scopes.keys(scope))
        holders = {party for one in grants if one.epoch == newest for party in (one.recipient, one.sender)}
        revoked = {device for device, standing in standings.items() if standing.ends is not None}
        if revoked & (holders if newest != FIRST_EPOCH else revoked):
            return True
        served = {one.recipient for one in grants}
        newcomers = {device for device, one in standings.items() if device not in served and one.ends is None}
        newcomers.discard(self._device.id)
        return any(standings[device].certificate.role in WITHOUT_HISTORY for device in newcomers)

    def _begin_epoch(self, scope: bytes) -> None:
        generation = (max(self._device.scopes.keys(scope)) >> _EPOCH_BITS) + 1
        epoch = min((generation << _EPOCH_BITS) | secrets.randbits(_EPOCH_BITS), _LAST_EPOCH)
        own = self._device.certificate
        if own:
            self._make_key(scope, epoch, own)

    def _grant_to(self, scope: bytes, member: Certificate, grants: list[Grant]) -> None:
        keys = self._device.scopes.keys(scope)
        held = {one.epoch for one in grants if member.device in {one.recipient, one.sender}}
        since = 0
        if member.role in WITHOUT_HISTORY:
            since = min(held, default=max(keys))
        for epoch, scope_key in keys.items():
            if epoch in held or epoch < since:
                continue
            try:
                self._device.keep_paper(scope, write_grant(scope_key, member, self._device.signer))
            except Unsealed:
                # The county certified something that is no key. Nobody else need wait for that.
                return
