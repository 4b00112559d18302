"""The access log: who opened, read, printed, exported. Kept as changes like everything else, so it syncs and is chained.

What somebody *changed* needs no entry of its own: the log of changes says who, what and when.
"""

from __future__ import annotations

import msgspec

from app.access import require
from app.records import Access, AccessKind, plain, typed
from app.texts import Texts
from app.words import moment
from storage.archive import Archive
from storage.projection import Between
from storage.records import Draft

QUIET_MS = 10 * 60 * 1000
"""Whoever looks at the same person again within this time is not written down again."""


class Entry(msgspec.Struct, frozen=True):
    """One line of the log, in the words of the archive. `person` is empty where nobody, or somebody erased, is meant."""

    at: int
    kind: str
    user: str
    person: str
    detail: str


class Audit:
    """Writes and reads the access log of one archive. Everybody's doings are written, whatever their role."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self._seen: dict[bytes, int] = {}

    def note(self, kind: AccessKind, *, about: bytes | None = None, detail: str = "") -> None:
        """Write down what the user who opened the archive does."""
        access = Access(kind, self._archive.now(), about, detail)
        self._archive.whole.save([Draft.new("access", self._archive.new_id(), plain(access))])

    def opened(self) -> None:
        """Write down that the archive was opened, and how many wrong passwords came before."""
        self.failed()
        self.note("opened")

    def failed(self) -> None:
        """Write down how many wrong passwords came before the right one, if any."""
        if self._archive.failed_tries:
            self.note("failed", detail=str(self._archive.failed_tries))

    def read(self, person: bytes, detail: str = "") -> None:
        """Write down that somebody looks at a person, once in a while."""
        now = self._archive.now()
        if now - self._seen.get(person, -QUIET_MS) >= QUIET_MS:
            self._seen[person] = now
            self.note("read", about=person, detail=detail)

    def listed(self, start: int | None = None, end: int | None = None) -> list[Entry]:
        """The log from one moment to another, in milliseconds since 1970, the newest first.

        Raises:
            Problem: the user has no right to it.
        """
        require(self._archive, "audit")
        whole = self._archive.whole
        users = {record.id: str(record.fields["name"]) for record in whole.find("user")}
        found = whole.find("access", {"at": Between(start, end)}, order="at", descending=True)
        accesses = [(record.id, typed(record, Access).fields) for record in found]
        about = {one.about for _, one in accesses if one.about}
        people = whole.get_all("person", about)
        # Of somebody whom another station referred to us, the slip alone says who it is.
        people |= {
            one.person: one for one in whole.find("referral") if one.person in about and one.person not in people
        }
        return [
            Entry(
                one.at,
                one.kind,
                users.get(whole.history(record)[0].actor, ""),
                str(people[one.about].fields.get("name", "")) if one.about in people else "",
                one.detail,
            )
            for record, one in accesses
        ]


def entry_words(entry: Entry, texts: Texts) -> tuple[str, str, str, str, str]:
    """When, who, what, about whom, and more about it. What only a newer version knows to name stands as it is."""
    key = f"audit.{entry.kind}"
    done = texts(key) if key in texts else entry.kind
    return moment(entry.at), entry.user, done, entry.person, detail_words(entry, texts)


def detail_words(entry: Entry, texts: Texts) -> str:
    """What more there is to say about an entry. A word that has no sentence here stands as it is."""
    name = entry.detail.replace("-", "_")
    if entry.kind == "failed":
        return texts("audit.times", count=int(entry.detail)) if entry.detail.isdecimal() else entry.detail
    keys = (f"audit.detail_{entry.kind}_{name}", f"report.{name}" if entry.kind == "printed" else "")
    return next((texts(key) for key in keys if key in texts), entry.detail)
