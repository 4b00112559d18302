"""Three stations of a county, each with an archive; a pupil of the school has answered questionnaires."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from app.access import Rights as Access
from app.access import Roles
from app.instruments.library import Library
from app.people.fields import PersonFields
from app.people.service import People
from app.records import CATALOGUE, Consent, Kept, Person
from app.referrals.service import Referrals
from app.referrals.stations import remember_stations
from app.referrals.writing import Order
from app.rights.service import Rights
from app.risk.rules import AlertRules
from app.screening.service import Screenings, Sheet
from app.users import register_user
from storage.archive import Archive, Owner
from storage.device import Names
from storage.keys import Cost
from sync.county.office import County
from sync.engine import meet
from sync.store import NOTHING, Overview

if TYPE_CHECKING:
    from tests.conftest import Workshop

HOSPITAL, SCHOOL, OTHER = "县人民医院", "青禾镇中学", "白石乡卫生院"
USERS = {HOSPITAL: "李医生", SCHOOL: "王老师", OTHER: "赵护士"}
TODAY = dt.datetime.now().astimezone().date()


class Seen:
    """The server as a device may see it."""

    def __init__(self, county: County, archive: Archive) -> None:
        self._store = county.store
        self._device = archive.device.id

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def overviews(self, known: object) -> dict[bytes, Overview]:
        del known
        member = self._store.member(self._device)
        assert member is not None
        return self._store.overviews(dict.fromkeys(self._store.scopes_of(member), NOTHING))


class Stations:
    """The county, and what people do in it."""

    today = TODAY
    names = (HOSPITAL, SCHOOL, OTHER)

    def __init__(self, county: County, archives: dict[str, Archive]) -> None:
        self.county = county
        self.archives = archives
        self.school, self.hospital, self.other = (archives[name] for name in (SCHOOL, HOSPITAL, OTHER))
        self.screenings = Screenings(self.school, Library.load(), AlertRules.load())
        people = People(self.school)
        fields = PersonFields(
            "李雷", sex="male", birth_date="2008-03-01", phone="13900000001", guardian_name="李父", id_number=None
        )
        self.pupil: Kept[Person] = people.get(people.add(fields))

    def visit(self, *archives: Archive) -> None:
        """Meet the server, one after the other."""
        for archive in archives:
            assert meet(archive.meeting, Seen(self.county, archive)).refused == []
            remember_stations(archive, self.county.store.stations())

    def everybody_meets(self) -> None:
        """Until all have everything: keys are handed over when somebody has seen who is there."""
        for _ in range(3):
            self.visit(self.school, self.hospital, self.other)

    def screen(self, answers: dict[str, int], *, days_ago: int = 0, instrument: str = "phq-9") -> bytes:
        day = TODAY - dt.timedelta(days=days_ago)
        return self.screenings.record(Sheet(self.pupil, instrument, day, answers, "typed")).screening

    def agree(self, *givers: str) -> None:
        for giver in givers:
            said = Consent("transfer", giver, "given", TODAY.isoformat(), "paper")  # type: ignore[arg-type]
            Rights(self.school).say(self.pupil.id, said, TODAY)

    def order(self, **more: Any) -> Order:
        """A referral to the hospital with nothing missing, once the pupil has agreed."""
        (to,) = [one for one in Referrals(self.school).stations() if one.name == HOSPITAL]
        given: dict[str, Any] = {
            "to": to,
            "urgency": "week",
            "reason": "PHQ-9 18 分，情绪低落两周",
            "ground": "consent",
        }
        return Order(**{**given, **more})

    def send(self, **more: Any) -> bytes:
        return Referrals(self.school).send(self.pupil.id, self.order(**more), TODAY)

    def seen_as(self, role: str, archive: Archive | None = None) -> Archive:
        """An archive as somebody with a role sees it; the school's unless named."""
        archive = archive or self.school
        groups = [group.id for group in archive.whole.find("group")]
        return archive.as_seen_by(Access([Roles.load().get(role)], groups))


@pytest.fixture(scope="module", autouse=True)
def cheap_passwords() -> Iterator[None]:
    """Passwords that take no time; those of the archive's own tests, which may come next, do."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("storage.keys.COST", Cost(memory=128, passes=1, lanes=1))
        yield


@pytest.fixture
def stations(workshop: Workshop, tmp_path: Path) -> Iterator[Stations]:
    county = County.init(tmp_path / "county", "青禾县")
    with ExitStack() as stack:
        archives = {}
        for number, (name, user) in enumerate(USERS.items()):
            owner = Owner(user, "correct horse", Names("电脑", name))
            made = stack.enter_context(Archive.create(tmp_path / f"{number}.xinyi", owner, CATALOGUE))
            register_user(made, user)
            workshop.join(made, county, name)
            archives[name] = made
        stations = Stations(county, archives)
        stations.visit(*archives.values())
        yield stations
    county.close()
