"""An invented county in the middle of its work: stations that are well, silent, new, and one that lost a laptop."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import msgspec
from sqlalchemy import Table, update

from sync.county import tables
from sync.county.condition import LAST_BACKUP
from sync.county.office import ROOT_KEY, County
from sync.crypto import Recipient, Signer
from sync.ids import new_stream_id
from sync.papers import Certificate, Request, armour, read_paper, write_paper
from sync.scopes import STATION

MINUTE, HOUR, DAY = 60, 3600, 86400
COUNTY = "青禾县"


class Lively:
    """Fills the database of a county that is there already.

    Args:
        county: the county, empty.
        now: the moment it is looked at, seconds since 1970.
    """

    def __init__(self, county: County, now: int) -> None:
        self._county = county
        self._now = now
        self._root = Signer((county.folder / ROOT_KEY).read_bytes())

    @classmethod
    def make(cls, folder: Path, now: int) -> None:
        """Make the whole county in a new folder."""
        county = County.init(folder, COUNTY)
        try:
            cls(county, now).fill()
        finally:
            county.close()

    def fill(self) -> None:
        """The stations, and what went wrong with some of them."""
        school, clinic = "青禾镇中心学校", "石桥乡卫生院"
        first = self.admit(school, "心理室台式机", 400 * DAY)
        self.came(first, seen=26 * MINUTE, newest=26 * MINUTE, changes=18_412)
        second = self.admit(school, "咨询室笔记本", 390 * DAY)
        self.came(second, seen=3 * HOUR, newest=2 * DAY, changes=2_977)
        nurse = self.admit(clinic, "公卫科电脑", 380 * DAY)
        self.came(nurse, seen=51 * MINUTE, newest=20 * HOUR, changes=7_250)
        self.uploads(nurse, 700 * 1024)
        far = self.admit("云岭乡九年一贯制学校", "心理老师笔记本", 370 * DAY)
        self.came(far, seen=23 * DAY, newest=23 * DAY, changes=903)
        self.admit("柳溪小学", "德育处电脑", 6 * DAY)
        lost = self.admit("河口镇卫生院", "下乡筛查笔记本", 300 * DAY)
        self.came(lost, seen=12 * DAY, newest=12 * DAY, changes=1_346)
        self.revoke(lost, 9 * DAY)
        new = self.admit("河口镇卫生院", "下乡筛查笔记本（新）", 8 * DAY)
        self.came(new, seen=5 * HOUR, newest=5 * HOUR, changes=214)
        team = self.admit("县妇幼保健院", "外展小组平板", 1_060 * DAY)
        self.came(team, seen=1 * DAY, newest=1 * DAY, changes=5_031)
        self.ends(team, dt.datetime.fromtimestamp(self._now + 31 * DAY, dt.UTC).date().isoformat())
        self.refused(second, "sync.refused_fork", 1, 2 * DAY)
        self.refused(far, "sync.refused_unreadable", 3, 23 * DAY)
        self.quarantined(lost, "sync.refused_revoked", 2, 5 * DAY)
        self.backed_up(9 * HOUR)

    def admit(self, station: str, device: str, ago: int) -> Signer:
        """Admit a new device, so many seconds ago."""
        signer, scope = Signer.generate(), new_stream_id(b"")[:8] * 2
        request = Request(signer.id, signer.public_key, Recipient.generate().public_key, device, station, scope)
        self._county.admit(armour(write_paper(request, signer), Request), station, STATION, "request.txt")
        self._set(signer, admitted=self._now - ago)
        return signer

    def came(self, device: Signer, *, seen: int, newest: int, changes: int) -> None:
        """A device was here, and has a segment here, so many seconds ago."""
        self._set(device, seen=self._now - seen)
        stream = new_stream_id(device.id)
        row = {"scope": b"s" * 16, "seq": 1, "hash": b"h" * 32, "next_ordinal": changes + 1}
        segment = {"seq": 1, "count": changes, "received": self._now - newest, "data": b"", "envelopes": b""}
        with tables.writing(self._county.engine) as connection:
            connection.execute(tables.stream.insert().values(id=stream, **row))
            connection.execute(tables.segment.insert().values(stream=stream, **segment))

    def uploads(self, device: Signer, size: int) -> None:
        """An upload of a device broke off."""
        row = {"digest": b"d" * 32, "start": 0, "data": bytes(size), "received": self._now}
        self._insert(tables.piece, device=device.id, **row)

    def revoke(self, device: Signer, ago: int) -> None:
        """A device was revoked."""
        self._set(device, revoked=self._now - ago)

    def ends(self, device: Signer, expires: str) -> None:
        """The certificate of a device ends on a day."""
        columns = tables.device.c
        with tables.writing(self._county.engine) as connection:
            row = connection.execute(tables.device.select().where(columns.id == device.id)).one()
            body = msgspec.structs.replace(read_paper(row.certificate, Certificate), expires=expires)
            connection.execute(
                update(tables.device).where(columns.id == device.id).values(certificate=write_paper(body, self._root))
            )

    def refused(self, device: Signer, reason: str, count: int, ago: int) -> None:
        """Segments of a device were refused."""
        for seq in range(1, count + 1):
            row = {"at": self._now - ago, "scope": b"s" * 16, "stream": None, "seq": seq, "reason": reason}
            self._insert(tables.refusal, device=device.id, **row)

    def quarantined(self, device: Signer, reason: str, count: int, ago: int) -> None:
        """Segments of a device were put aside."""
        for seq in range(1, count + 1):
            self._insert(
                tables.quarantine,
                hash=seq.to_bytes(32, "big"),
                scope=b"s" * 16,
                stream=new_stream_id(device.id),
                seq=seq,
                reason=reason,
                bearer=device.id,
                received=self._now - ago,
                data=b"",
                envelopes=b"",
            )

    def backed_up(self, ago: int) -> None:
        """The last backup was made."""
        self._insert(tables.setting, name=LAST_BACKUP, value=(self._now - ago).to_bytes(8, "big"))

    def _set(self, device: Signer, **values: object) -> None:
        with tables.writing(self._county.engine) as connection:
            connection.execute(update(tables.device).where(tables.device.c.id == device.id).values(**values))

    def _insert(self, table: Table, **values: object) -> None:
        with tables.writing(self._county.engine) as connection:
            connection.execute(table.insert().values(**values))
