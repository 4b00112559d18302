"""Draws the status page. What needs the administrator comes first; everything else is for looking up."""

from __future__ import annotations

import datetime as dt
from xml.etree.ElementTree import Element

from sync.county.condition import Condition, DeviceCondition, Held, StationCondition
from sync.county.html import Part, name_of, tag
from sync.county.status_words import DAY, Words, day, moment, zone

SILENT_DAYS = 14
"""A station that has not been here for so long is named: a week's holiday and a week to come back are over then."""

STARTING_DAYS = 3
"""So long a station that was admitted may take until it comes for the first time."""

EXPIRY_DAYS = 60
"""Enough to send a request and an answer by stick, with the holidays between."""

BACKUP_DAYS = 2
"""The timer makes one every day; one may fail because the computer was off."""

REFUSED_DAYS = 7
DISK_PERCENT, DISK_BYTES = 10, 5 * 1024**3
CLOCK_SECONDS = 300
_ID_DIGITS = 12


class StatusView:
    """One look at the county, in one language.

    Args:
        condition: what the server knows.
        words: the language.
        sessions: in how many browsers somebody is signed in.
    """

    def __init__(self, condition: Condition, words: Words, sessions: int) -> None:
        self._condition = condition
        self._words = words
        self._sessions = sessions
        self._today = day(condition.now)
        self._names = {
            device.device: (station.name, device.name) for station in condition.stations for device in station.devices
        }

    def draw(self) -> list[Element]:
        """The parts of the page."""
        held = [
            self._held_table("refused", self._condition.refused),
            self._held_table("quarantine", self._condition.quarantine),
        ]
        return [self._attention(), self._numbers(), self._stations(), *held, self._foot()]

    # ---- what needs somebody ----

    def attention(self) -> list[str]:
        """Sentences about what needs the administrator, the gravest first; none where all is well."""
        condition, words = self._condition, self._words
        found = [*self._about_disk(), *self._about_backup(), *self._about_certificates()]
        if ahead := self._ahead():
            found.append(words("attention_future", count=ahead))
        if any(condition.now - one.last < REFUSED_DAYS * DAY for one in condition.refused):
            found.append(words("attention_refused", days=REFUSED_DAYS))
        if count := sum(one.count for one in condition.quarantine):
            found.append(words("attention_quarantine", count=count))
        for key, wanted in (("attention_silent", self._is_silent), ("attention_never", self._is_late)):
            if names := [one.name for one in condition.stations if wanted(one)]:
                found.append(words(key, count=len(names), names=words.names(names), days=SILENT_DAYS))
        return found

    def _about_disk(self) -> list[str]:
        free, total = self._condition.disk_free, self._condition.disk_total
        if free >= DISK_BYTES and free * 100 >= total * DISK_PERCENT:
            return []
        return [self._words("attention_disk", free=self._words.size(free), percent=free * 100 // total)]

    def _about_backup(self) -> list[str]:
        if self._condition.backup is None:
            return [self._words("attention_backup_none")]
        age = (self._condition.now - self._condition.backup) // DAY
        return [self._words("attention_backup_old", count=age)] if age >= BACKUP_DAYS else []

    def _about_certificates(self) -> list[str]:
        found = []
        if self._condition.tls_expires - self._condition.now < EXPIRY_DAYS * DAY:
            found.append(self._words("attention_tls", date=day(self._condition.tls_expires)))
        in_use = [(station.name, one) for station in self._condition.stations for one in _in_use(station)]
        for key, wanted in (("attention_expired", self._has_ended), ("attention_expiring", self._is_ending)):
            if names := [f"{station}\N{NO-BREAK SPACE}{one.name}" for station, one in in_use if wanted(one)]:
                found.append(self._words(key, count=len(names), names=self._words.names(names), days=EXPIRY_DAYS))
        return found

    def _ahead(self) -> int:
        """How many times lie in the future by the server's clock."""
        times = [
            time for station in self._condition.stations for one in station.devices for time in (one.seen, one.newest)
        ]
        return sum(time is not None and time > self._condition.now + CLOCK_SECONDS for time in times)

    def _is_silent(self, station: StationCondition) -> bool:
        return bool((last := _last(station)) and self._condition.now - last > SILENT_DAYS * DAY)

    def _is_late(self, station: StationCondition) -> bool:
        """Whether a station that was admitted some days ago never came."""
        admitted = [one.admitted for one in _in_use(station)]
        return bool(admitted) and not _last(station) and self._condition.now - min(admitted) > STARTING_DAYS * DAY

    def _has_ended(self, device: DeviceCondition) -> bool:
        return device.expires < self._today

    def _is_ending(self, device: DeviceCondition) -> bool:
        last = dt.date.fromisoformat(self._today) + dt.timedelta(days=EXPIRY_DAYS)
        return self._today <= device.expires <= last.isoformat()

    # ---- parts of the page ----

    def _attention(self) -> Element:
        found = self.attention()
        if not found:
            return tag("section", tag("p", self._words("all_well"), class_="well"))
        items = [tag("li", sentence) for sentence in found]
        return tag("section", tag("h2", self._words("attention")), tag("ul", *items), class_="attention")

    def _numbers(self) -> Element:
        condition, words = self._condition, self._words
        devices = [one for station in condition.stations for one in _in_use(station)]
        lately = sum(one.seen is not None and condition.now - one.seen < REFUSED_DAYS * DAY for one in devices)
        changes = sum(one.changes for station in condition.stations for one in station.devices)
        kind = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}.get(condition.database, condition.database)
        backup = self._time(condition.backup)
        shown: list[tuple[str, Part, str]] = [
            ("stations", f"{len(condition.stations):,}", ""),
            ("devices", f"{len(devices):,}", words("devices_seen", days=REFUSED_DAYS, count=lately)),
            ("changes", f"{changes:,}", ""),
            ("database", words.size(condition.database_bytes), kind),
            ("disk", words.size(condition.disk_free), words("disk_of", total=words.size(condition.disk_total))),
            ("backup", backup, ""),
            ("tls", day(condition.tls_expires), ""),
            ("version", condition.version, ""),
            ("incarnation", condition.incarnation[:_ID_DIGITS], words("incarnation_about")),
        ]
        facts = [
            tag("div", tag("dt", words(key)), tag("dd", value, tag("small", about) if about else None))
            for key, value, about in shown
        ]
        return tag("section", tag("dl", *facts, class_="numbers"))

    def _stations(self) -> Element:
        words = self._words
        if not self._condition.stations:
            return tag("section", tag("h2", words("stations_title")), tag("p", words("no_devices")))
        columns = ("station", "device", "state", "seen", "newest", "changes", "admitted", "expires")
        head = tag("tr", *(tag("th", words(f"column_{name}"), scope="col") for name in columns))
        needy = sorted(self._condition.stations, key=lambda one: not (self._is_silent(one) or self._is_late(one)))
        bodies = [self._station(one) for one in needy]
        return tag(
            "section",
            tag("h2", words("stations_title")),
            tag("table", tag("thead", head), *bodies, class_="stations"),
        )

    def _station(self, station: StationCondition) -> Element:
        devices = sorted(station.devices, key=lambda one: one.revoked is not None)
        title = tag("th", name_of(station.name), scope="rowgroup", rowspan=str(max(1, len(devices))))
        if not devices:
            return tag("tbody", tag("tr", title, tag("td", self._words("no_device"), colspan="7", class_="faint")))
        rows = [
            tag("tr", title if number == 0 else None, *self._device(one), class_="faint" if one.revoked else "in-use")
            for number, one in enumerate(devices)
        ]
        return tag("tbody", *rows)

    def _device(self, device: DeviceCondition) -> list[Element]:
        words = self._words
        role = words.or_else(f"role_{device.role}", device.role)
        about = tag("small", role, " · ", words("code", code=device.device[:_ID_DIGITS]))
        text, look = self._state(device)
        state = [tag("span", text, class_=f"badge {look}")]
        if device.uploading:
            state.append(tag("small", words("state_uploading", size=words.size(device.uploading))))
        cells: list[tuple[str, tuple[Part, ...]]] = [
            ("device", (name_of(device.name), about)),
            ("state", tuple(state)),
            ("seen", (self._time(device.seen),)),
            ("newest", (self._time(device.newest),)),
            ("changes", (f"{device.changes:,}",)),
            ("admitted", (day(device.admitted),)),
            ("expires", (device.expires,)),
        ]
        return [tag("td", *parts, class_=name, data_label=words(f"column_{name}")) for name, parts in cells]

    def _state(self, device: DeviceCondition) -> tuple[str, str]:
        """A device's state in words, and how it looks."""
        words, now = self._words, self._condition.now
        last = max(device.seen or 0, device.newest or 0)
        if device.revoked:
            return words("state_revoked", date=day(device.revoked)), "plain"
        if self._has_ended(device):
            return words("state_ended"), "bad"
        if self._is_ending(device):
            return words("state_ending"), "warn"
        if not last:
            return words("state_never"), "warn"
        if now - last > SILENT_DAYS * DAY:
            return words("silent_for", count=(now - last) // DAY), "warn"
        return words("state_ok"), "good"

    def _held_table(self, name: str, held: list[Held]) -> Element:
        words = self._words
        title = tag("h2", words(name))
        if not held:
            return tag("section", title, tag("p", words("nothing_held")))
        columns = ("column_device", "column_reason", "column_count", "column_last")
        head = tag("tr", *(tag("th", words(one), scope="col") for one in columns))
        rows = [self._held_row(one, columns) for one in held]
        lines = tag("table", tag("thead", head), tag("tbody", *rows), class_="held")
        return tag("section", title, tag("p", words(f"{name}_about")), lines)

    def _held_row(self, held: Held, columns: tuple[str, ...]) -> Element:
        words = self._words
        station, device = self._names.get(held.device, ("", ""))
        code = words("code", code=held.device[:_ID_DIGITS])
        who: tuple[Part, ...] = (name_of(station), " ", name_of(device), tag("small", code)) if station else (code,)
        reason = held.reason.rpartition(".")[2].removeprefix("refused_")
        why = words.or_else(f"reason_{reason}", words("reason_other", code=reason))
        cells: list[tuple[Part, ...]] = [who, (why,), (f"{held.count:,}",), (self._time(held.last),)]
        labelled = zip(cells, columns, strict=True)
        return tag("tr", *(tag("td", *parts, data_label=words(one)) for parts, one in labelled))

    def _foot(self) -> Element:
        about = tag("p", self._words("about"))
        signed_in = tag("p", self._words("signed_in", count=self._sessions))
        button = tag("button", self._words("sign_out_everywhere"), name="everywhere", value="1")
        leave = tag("form", button, method="post", action="/status/leave")
        return tag("footer", about, signed_in, leave)

    def _time(self, seconds: int | None) -> Part:
        if seconds is None:
            return self._words("never")
        ago = self._words.ago(self._condition.now - seconds)
        return tag("span", ago, tag("small", moment(seconds)), class_="time")


def taken_at(condition: Condition, words: Words) -> str:
    """When the look was taken."""
    return words("taken_at", time=moment(condition.now), zone=zone(condition.now))


def _in_use(station: StationCondition) -> list[DeviceCondition]:
    return [one for one in station.devices if not one.revoked]


def _last(station: StationCondition) -> int:
    """When a device of the station was here last, or records of one came by another way; 0 where none did."""
    return max((max(one.seen or 0, one.newest or 0) for one in _in_use(station)), default=0)
