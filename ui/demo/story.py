"""The whole job, step by step, in a folder of its own: two schools, a township health centre and their county."""

from __future__ import annotations

import datetime as dt
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import msgspec

from app.errors import Problem
from app.instruments.library import Library
from app.people.service import People
from app.records import CATALOGUE, Campaign, Kept, Person
from app.reports.service import Reports
from app.risk.alerts import Alerts
from app.risk.rules import AlertRules
from app.screening.service import Screenings, Sheet
from app.texts import Texts
from app.users import register_user
from storage.archive import Archive, Owner, system_clock
from storage.device import Names
from storage.records import Draft
from sync.county.office import County
from sync.files import replace_file
from sync.papers import Admission, Request, armour, unarmour
from ui.demo.files import answer_file, school_roster, village_roster
from ui.demo.people import Invented, Inventor, answers
from ui.demo.server import ServerProcess
from ui.meetings import Place, meet_folder, meet_server, note_met, pass_of

PASSWORD = "xinyi-demo"  # noqa: S105 -- of invented people, and printed for whoever tries the demonstration
MARKER = "xinyi-demo.json"
DAY_MS = 24 * 60 * 60 * 1000
ROUNDS_APART = 180
"""Days between the two rounds of answers."""

INSTRUMENTS = {"phq-9": 9, "gad-7": 7}
UNFINISHED = 0.02


class Station(NamedTuple):
    """One station of the county."""

    key: str
    name: str
    user: str
    grades: tuple[tuple[str, int, int], ...]  # name of the grade, age, classes
    size: int


STATIONS = (
    Station("school-1", "青溪县第一中学", "陈老师", (("七年级", 12, 4), ("八年级", 13, 4), ("九年级", 14, 4)), 48),
    Station("school-2", "青溪县实验小学", "林老师", (("四年级", 9, 3), ("五年级", 10, 3), ("六年级", 11, 3)), 40),
    Station("township", "云岭镇卫生院", "周医生", (), 260),
)


class Step(msgspec.Struct, frozen=True):
    """A line of the table: what was done, what came of it, and how long it took in seconds."""

    what: str
    result: str
    seconds: float


class Story:
    """Runs the demonstration.

    Args:
        folder: an empty or new folder, or that of an earlier demonstration, which is made anew.
        seed: decides who is invented and how they answer.
        texts: the language of the table and the prints.
        tell: called with each step when it is done.
    """

    def __init__(self, folder: Path, seed: int, texts: Texts, tell: Callable[[Step], None]) -> None:
        self.folder = folder
        self.steps: list[Step] = []
        self._random = Random(seed)  # noqa: S311 -- invented people, not keys
        self._inventor = Inventor(self._random)
        self._texts = texts
        self._tell = tell
        self._library = Library.load()
        self._rules = AlertRules.load()
        self._today = dt.datetime.now().astimezone().date()
        self._people: dict[str, list[Invented]] = {}

    @property
    def archive(self) -> Path:
        """The archive that the window opens afterwards."""
        return self._path("school-1")

    def prepare(self) -> None:
        """Make the folder ready. Raises Problem where it holds something that is not ours."""
        if self.folder.exists() and any(self.folder.iterdir()):
            if not (self.folder / MARKER).is_file():
                raise Problem("demo.folder_in_use", folder=self.folder)
            shutil.rmtree(self.folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / MARKER).write_text("{}\n", "utf-8")
        for name in ("files", "prints", "stick"):
            (self.folder / name).mkdir()

    def run(self, server: ServerProcess) -> None:
        """All steps after the server is up."""
        for station in STATIONS:
            self._set_up(station)
        self._join()
        for station in STATIONS:
            self._screen_all(station, "spring", ROUNDS_APART)
        self._close_old_alerts()
        for station in STATIONS:
            self._screen_all(station, "autumn", 5)
        self._second_laptop(server)
        self._sync_all(server)
        self._print_all()
        self._check()

    # ---- county and stations ----

    def make_county(self) -> Path:
        """Set the county centre up; returns its folder."""
        with self._step("county") as said:
            place = self.folder / "county"
            County.init(place, "青溪县").close()
            said(county="青溪县")
        return place

    def _path(self, key: str) -> Path:
        return self.folder / f"{key}.xinyi"

    @contextmanager
    def _opened(self, key: str, user: str, days_ago: int = 0) -> Iterator[Archive]:
        """An archive, opened as if it were some days ago."""
        wall = lambda: system_clock() - days_ago * DAY_MS  # noqa: E731 -- a clock is a function
        with Archive.open(self._path(key), user, PASSWORD, CATALOGUE, wall=wall) as archive:
            yield archive

    def _set_up(self, station: Station) -> None:
        """Make the archive, write the roster as the station has it, and import it."""
        people = list(self._invent(station))
        self._people[station.key] = people
        file = self.folder / "files" / (f"{station.key}-roster.xlsx" if station.grades else f"{station.key}-roster.csv")
        if station.grades:
            school_roster(file, station.name, people)
        else:
            village_roster(file, people)
        with self._step("roster", station=station.name) as said:
            owner = Owner(station.user, PASSWORD, Names(station.key, station.name))
            wall = lambda: system_clock() - (ROUNDS_APART + 5) * DAY_MS  # noqa: E731 -- a clock is a function
            with Archive.create(self._path(station.key), owner, CATALOGUE, wall=wall) as archive:
                register_user(archive, station.user)
                service = People(archive)
                applied = service.apply(service.plan(file, group=None, today=self._today))
                flagged = self._flag(archive)
            said(added=applied.added, left=applied.left_out, groups=len(applied.groups), flagged=flagged)

    def _invent(self, station: Station) -> Iterator[Invented]:
        for grade, age, classes in station.grades:
            for number in range(1, classes + 1):
                for _ in range(station.size + self._random.randrange(-3, 4)):
                    yield self._inventor.pupil(grade, f"{grade}{number}班", age, self._today)
        count = household = 0
        while not station.grades and count < station.size:
            village = self._random.choice(self._inventor.villages)
            household += 1
            for age in self._inventor.household():
                count += 1
                yield self._inventor.villager(village, f"{household:04}", age, self._today)

    def _flag(self, archive: Archive) -> int:
        """Note a key group for about one person in eight."""
        groups = ("left_behind", "single_parent", "migrant", "hardship", "bereaved", "elderly_alone")
        drafts = [
            Draft.edit(record, {"flags": [self._random.choice(groups)]})
            for record in archive.find("person")
            if self._random.random() < 0.12
        ]
        archive.save(drafts)
        return len(drafts)

    def _join(self) -> None:
        for station in STATIONS:
            with self._step("join", station=station.name) as said:
                self._admit(station.key, station.user, station.name)
                said()

    def _admit(self, key: str, user: str, station_name: str) -> None:
        """Request, admission and acceptance, with the files that go back and forth."""
        request, admission = (self.folder / "files" / f"{key}-{name}.txt" for name in ("request", "admission"))
        with self._opened(key, user) as archive:
            replace_file(request, armour(archive.device.request(), Request).encode())
        county = County(self.folder / "county")
        try:
            replace_file(admission, county.admit(request.read_text(), station_name, "station", request.name).encode())
        finally:
            county.close()
        with self._opened(key, user) as archive:
            archive.accept(unarmour(admission.read_text(), Admission))

    # ---- screening ----

    def _screenings(self, archive: Archive) -> Screenings:
        return Screenings(archive, self._library, self._rules)

    def _screen_all(self, station: Station, season: str, days_ago: int) -> None:
        """A round with answers from files. In the present round one class of each school is left for typing in."""
        day = self._today - dt.timedelta(days=days_ago)
        with (
            self._step("answers", station=station.name, season=self._texts(f"demo.{season}")) as said,
            self._opened(station.key, station.user, days_ago) as archive,
        ):
            people, screenings = People(archive), self._screenings(archive)
            groups = tuple(group.id for group in people.groups())
            screenings.start_campaign(
                Campaign(
                    self._texts(f"demo.round_{season}", year=day.year),
                    tuple(INSTRUMENTS),
                    groups,
                    (day - dt.timedelta(days=7)).isoformat(),
                    (day + dt.timedelta(days=40)).isoformat(),
                )
            )
            saved = alerts = left = 0
            for instrument, items in INSTRUMENTS.items():
                file = self.folder / "files" / f"{station.key}-{season}-{instrument}.xlsx"
                answerers = [one for one in self._people[station.key] if season == "spring" or self._present(one)]
                answer_file(file, answerers, [self._answers(one, items) for one in answerers])
                plan = screenings.plan(file, instrument=instrument, people=people.known(), date=day, today=self._today)
                recorded = screenings.apply(plan)
                saved += len(recorded)
                left += len(plan.rows) - len(recorded)
                alerts += sum(one.alert is not None for one in recorded)
            said(saved=saved, left=left, alerts=alerts)

    def _present(self, person: Invented) -> bool:
        """Whether somebody has answered in the present round already."""
        return not person.group.endswith(("七年级4班", "四年级3班", "云岭村")) and self._random.random() < 0.97

    def _answers(self, person: Invented, items: int) -> list[int | None]:
        given: list[int | None] = list(answers(person, items, self._random))
        if self._random.random() < UNFINISHED:
            given[self._random.randrange(items)] = None
        return given

    def _close_old_alerts(self) -> None:
        """What was done about the alerts of the earlier round."""
        with self._step("care") as said:
            closed = 0
            for station in STATIONS:
                with self._opened(station.key, station.user, ROUNDS_APART - 3) as archive:
                    alerts = Alerts(archive)
                    for line in alerts.standing():
                        alerts.confirm(line.alert.id, self._texts("demo.confirmed"))
                        alerts.close(line.alert.id, self._texts("demo.closed"))
                        closed += 1
            said(closed=closed)

    # ---- meetings ----

    def _second_laptop(self, server: ServerProcess) -> None:
        """A second laptop of the first school: types answers in before it has joined, then joins, syncs, uses a stick."""
        school, key, user = STATIONS[0], "school-1b", "吴老师"
        with self._step("second", station=school.name) as said:
            owner = Owner(user, PASSWORD, Names(key, school.name))
            with Archive.create(self._path(key), owner, CATALOGUE) as archive:
                register_user(archive, user)
            self._admit(key, user, school.name)
            self._sync("school-1", school.user, server)
            self._sync(key, user, server)
            typed = self._type_in(key, user)
            self._meet_by_stick(key, user)
            self._meet_by_stick("school-1", school.user)
            states = {self._state("school-1", school.user), self._state(key, user)}
            if len(states) > 1:
                raise AssertionError
            said(typed=typed)

    def _type_in(self, key: str, user: str) -> int:
        """Type the answers of a third of the class that has not answered."""
        with self._opened(key, user) as archive:
            people, screenings = People(archive), self._screenings(archive)
            known = {one.student_number: one for one in self._people["school-1"]}
            members = people.of_group(people.group_named("七年级4班").id)
            sheets = [
                self._sheet(person, instrument, items, known)
                for person in members[: len(members) // 3]
                for instrument, items in INSTRUMENTS.items()
            ]
            for sheet in sheets:
                screenings.record(sheet)
            return len(sheets)

    def _sheet(self, person: Kept[Person], instrument: str, items: int, known: dict[str, Invented]) -> Sheet:
        given = answers(known[person.fields.student_number or ""], items, self._random)
        numbered = {str(number): value for number, value in enumerate(given, 1)}
        return Sheet(person, instrument, self._today, numbered, "typed")

    def _sync(self, key: str, user: str, server: ServerProcess) -> tuple[int, int]:
        with self._opened(key, user) as archive:
            transfer = meet_server(archive.meeting, server.url, pass_of(archive))
            note_met(archive, Place("server", server.url), transfer)
            return transfer.sent, transfer.received

    def _meet_by_stick(self, key: str, user: str) -> None:
        with self._opened(key, user) as archive:
            meet_folder(archive.meeting, self.folder / "stick")

    def _state(self, key: str, user: str) -> bytes:
        with self._opened(key, user) as archive:
            return archive.state_hash()

    def _sync_all(self, server: ServerProcess) -> None:
        for station in STATIONS:
            with self._step("sync", station=station.name) as said:
                sent, received = self._sync(station.key, station.user, server)
                said(sent=sent, received=received)

    # ---- prints and checks ----

    def _print_all(self) -> None:
        """A summary of every class."""
        with self._step("print") as said:
            count = hidden = 0
            for station in (one for one in STATIONS if one.grades):
                with self._opened(station.key, station.user) as archive:
                    reports = Reports(archive, self._library, self._texts)
                    for group in People(archive).groups():
                        report = reports.make("class-summary", group.fields.name, None, dt.datetime.now().astimezone())
                        place = self.folder / "prints" / f"{station.key}-{group.fields.name}"
                        replace_file(place.with_name(place.name + ".pdf"), report.pdf)
                        data = msgspec.json.format(msgspec.json.encode(report.data))
                        replace_file(place.with_name(place.name + ".json"), data)
                        count += 1
                        hidden += data.count(b"null")
            said(count=count, hidden=hidden)

    def _check(self) -> None:
        """The server must hold nobody's name or number, in no encoding; every archive must be sound."""
        with self._step("check") as said:
            known = {text for people in self._people.values() for one in people for text in (one.name, one.id_number)}
            needles = {
                text.encode(encoding)
                for text in known
                if len(text) > 2
                for encoding in ("utf-8", "utf-16-le", "gb18030")
            }
            stored = b"".join(file.read_bytes() for file in sorted((self.folder / "county").glob("county.db*")))
            found = sum(needle in stored for needle in needles)
            unsound = 0
            for station in STATIONS:
                with self._opened(station.key, station.user) as archive:
                    unsound += len(archive.verify())
            if found or unsound:
                raise AssertionError
            said(names=len(known))

    # ---- telling ----

    @contextmanager
    def _step(self, name: str, **about: Any) -> Iterator[Callable[..., None]]:
        """Times a step; the block calls what it is given with the numbers of the result."""
        begin = time.perf_counter()
        result: dict[str, Any] = {}
        yield lambda **numbers: result.update(numbers)
        step = Step(
            self._texts(f"demo.step_{name}", **about),
            self._texts(f"demo.result_{name}", **result),
            time.perf_counter() - begin,
        )
        self.steps.append(step)
        self._tell(step)


def total(steps: Sequence[Step]) -> float:
    """Seconds of all steps."""
    return sum(step.seconds for step in steps)
