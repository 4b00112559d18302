"""Makes the archive of the present format: ``.venv/bin/python -m tests.archives.make [mark]``. See README.md here.

Who and what is in it is always the same, and invented; keys and ids are new each time and written down beside it.
"""

from __future__ import annotations

import datetime as dt
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

import msgspec

from app.access import enter
from app.instruments.library import Library
from app.people.identity import resident_id_checksum
from app.people.service import People
from app.records import CATALOGUE, Campaign, Consent, Group, Person, plain
from app.rights.service import Rights
from app.risk.alerts import Alerts
from app.risk.rules import AlertRules
from app.screening.service import Screenings, Sheet
from app.sessions.form import SessionNote
from app.sessions.service import Sessions
from app.users import Users, register_user
from storage import recovery_code
from storage.archive import Archive, Owner
from storage.database import FORMAT
from storage.device import Names
from storage.keys import slots_path
from storage.records import Draft, Record
from sync.county.office import County
from sync.engine import meet
from sync.papers import Admission, Request, armour, unarmour

HERE = Path(__file__).resolve().parent
FILE, SAID = "station.xinyi", "contents.json"
OWNER, COUNSELLOR = ("王老师", "春眠不觉晓 1996"), ("李老师", "处处闻啼鸟 1997")
STATION = "青禾中学"
TODAY = dt.date(2026, 9, 21)
UNFINISHED = "还没有写完的一句话"


def pupil(number: int, name: str, group: bytes) -> Person:
    """An invented pupil; the division 990000 does not exist."""
    first17 = f"990000201303{number:02}{number:03}"
    return Person(
        name,
        sex="male" if number % 2 else "female",
        birth_date=f"2013-03-{number:02}",
        id_type="resident_id",
        id_number=first17 + resident_id_checksum(first17),
        student_number=f"G9900{number:04}",
        group=group,
        guardian_name="家长某",
        flags=("left_behind",) if number == 1 else (),
    )


class Clock:
    """From a morning on, a second with every look."""

    def __init__(self) -> None:
        self._now = int(dt.datetime.combine(TODAY, dt.time(8), dt.UTC).timestamp() * 1000)

    def __call__(self) -> int:
        self._now += 1000
        return self._now


class Maker:
    """Fills the archive: what a station does in its first days."""

    def __init__(self, folder: Path, said: dict[str, Any]) -> None:
        self.path = folder / FILE
        self._folder, self._said, self._clock = folder, said, Clock()

    @contextmanager
    def _opened(self, user: tuple[str, str] = OWNER) -> Iterator[Archive]:
        with Archive.open(self.path, *user, CATALOGUE, wall=self._clock) as archive:
            yield enter(archive)

    def make(self) -> None:
        """All of it."""
        with Archive.create(self.path, Owner(*OWNER, Names("办公室", STATION)), CATALOGUE, wall=self._clock) as archive:
            register_user(archive, OWNER[0])
        with self._opened() as archive:
            code = recovery_code.new_code()
            self._said["recovery_code"] = recovery_code.written(code)
            users = Users(archive)
            users.set_recovery(code)
            users.add(*COUNSELLOR, ["counsellor"])
            self._people(archive)
            self._screen(archive)
            self._agree(archive)
        self._meet_another()
        with self._opened(COUNSELLOR) as archive:
            person = People(archive).numbered("G99000001")
            assert person is not None
            note = SessionNote(TODAY, "face", {"problem": "说不想上学", "plan": "下周再谈"}, 40)
            Sessions(archive).write(person.id, note, TODAY)
            archive.keep_draft(UNFINISHED.encode())

    def _people(self, archive: Archive) -> None:
        group = archive.new_id()
        archive.save([Draft.new("group", group, plain(Group("七年级1班", "七年级")))])
        for number, name in enumerate(("张三丰", "李芳", "王𬱖", "阿依古丽·买买提", "错登的人"), 1):
            record = archive.new_id()
            archive.save([Draft.new("person", record, plain(pupil(number, name, group)), person=record)])
        people = People(archive)
        wrong = people.numbered("G99000005")
        assert wrong is not None
        Rights(archive).erase(wrong.id, "mistake", TODAY)
        changed = people.numbered("G99000002")
        assert changed is not None
        for name in ("李 芳", "李芳芳"):
            archive.save([Draft.edit(people.get(changed.id).record, {"name": name})])

    def _screen(self, archive: Archive) -> None:
        """Answers of two, one of whom touches the item about self-harm; the alert is looked after."""
        screenings, people = Screenings(archive, Library.load(), AlertRules.load()), People(archive)
        groups = tuple(group.id for group in people.groups())
        days = (TODAY.isoformat(), (TODAY + dt.timedelta(days=30)).isoformat())
        screenings.start_campaign(Campaign("秋季筛查", ("phq-9",), groups, *days))
        for number, last in (("G99000001", 2), ("G99000002", 0)):
            person = people.numbered(number)
            assert person is not None
            answers = {str(item): item % 2 for item in range(1, 9)} | {"9": last}
            screenings.record(Sheet(person, "phq-9", TODAY, answers, "typed"))
        alerts = Alerts(archive)
        for line in alerts.standing():
            alerts.confirm(line.alert.id, "当天面谈，已通知家长")
            alerts.note(line.alert.id, "情绪平稳")

    def _agree(self, archive: Archive) -> None:
        person = People(archive).numbered("G99000001")
        assert person is not None
        for giver in ("self", "guardian"):
            Rights(archive).say(person.id, Consent("screening", giver, "given", TODAY.isoformat(), "paper"), TODAY)

    def _meet_another(self) -> None:
        """A second laptop joins; both change one person without knowing of each other, and then they meet."""
        county = County.init(self._folder / "county", "青禾县")
        with ExitStack() as stack:
            stack.callback(county.close)
            one = stack.enter_context(self._opened())
            owner = Owner(*COUNSELLOR, Names("第二台", STATION))
            second = Archive.create(self._folder / "second.xinyi", owner, CATALOGUE, wall=self._clock)
            other = stack.enter_context(second)
            for archive in (one, other):
                answer = county.admit(armour(archive.device.request(), Request), STATION, "station", "request.txt")
                archive.accept(unarmour(answer, Admission))
            for archive in (one, other, one, other):
                meet(archive.meeting, county.store)
            for archive, phone in ((one, "10000000001"), (other, "10000000002")):
                person = next(record for record in archive.find("person") if record.fields["name"] == "王𬱖")
                archive.save([Draft.edit(person, {"phone": phone})])
            for archive in (other, one):
                meet(archive.meeting, county.store)


# ---- what is in an archive, in words that a later version can compare ----


def contents(archive: Archive) -> Any:
    """All records of all types that this version knows, and the history of people, as plain JSON."""
    whole = archive.whole
    records = {kind.name: [_plain(record) for record in _ordered(whole.find(kind.name))] for kind in CATALOGUE}
    people = _ordered(whole.find("person"))
    return in_json(
        {
            "archive": archive.id,
            "state": archive.state_hash(),
            "changes": archive.info().changes,
            "records": {kind: found for kind, found in records.items() if found},
            "history": {
                record.id.hex(): [[change.time, change.fields] for change in whole.history(record.id)]
                for record in people
            },
        }
    )


def notes_of(archive: Archive) -> Any:
    """The session notes that whoever opened the archive can read, by session."""
    sessions, people = Sessions(archive), archive.whole.find("person")
    lines = [line for person in people for line in sessions.of(person.id) if line.readable]
    return in_json({line.session.id.hex(): sessions.read(line.session.id) for line in lines})


def in_json(content: Any) -> Any:
    """The same as JSON gives it back: bytes in base64, tuples as lists."""
    return msgspec.json.decode(msgspec.json.encode(content))


def _ordered(records: list[Record]) -> list[Record]:
    return sorted(records, key=lambda record: record.id)


def _plain(record: Record) -> dict[str, Any]:
    return {
        "id": record.id,
        "person": record.person,
        "fields": record.fields,
        "conflicts": record.conflicts,
    }


def main(mark: str = "") -> str | None:
    """Make it in the folder of the format, with a mark behind the number; says why not where it is there."""
    if mark and not (mark.isalpha() and mark.islower()):
        return "A mark is made of small letters."
    place = HERE / f"{FORMAT}{mark}"
    if place.exists():
        return f"{place} is there already: the archive of a released format is never made again."
    said: dict[str, Any] = {"format": FORMAT, "program": version("xinyi")}
    with tempfile.TemporaryDirectory() as name:
        maker = Maker(Path(name), said)
        maker.make()
        users = []
        for user, password in (OWNER, COUNSELLOR):
            with Archive.open(maker.path, user, password, CATALOGUE) as archive:
                notes, unfinished = notes_of(enter(archive)), archive.draft().decode()
                users.append({"name": user, "password": password, "notes": notes, "unfinished": unfinished})
                said |= contents(archive)
        said["users"] = users
        files = [maker.path, slots_path(maker.path)]
        place.mkdir()
        for file in files:
            (place / file.name).write_bytes(file.read_bytes())
    (place / SAID).write_bytes(msgspec.json.format(msgspec.json.encode(said)) + b"\n")
    return None


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:2]))
