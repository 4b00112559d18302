"""Session notes: who can read them, who cannot, and what happens in an emergency."""

import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest

from app.access import enter
from app.errors import Problem
from app.records import CATALOGUE, NotebookKey, Person, plain
from app.rights.service import Rights
from app.sessions.form import SessionForm, SessionNote
from app.sessions.service import Sessions
from app.texts import LANGUAGES
from app.users import Users, register_user
from storage.accounts import recover
from storage.archive import Archive, Owner
from storage.device import Names
from storage.keys import Cost
from storage.notebook import hand_on, holder_id
from storage.records import Draft
from storage.recovery_code import new_code

TODAY = dt.date(2026, 10, 20)
SECRET = "他说父亲喝酒以后打他"
NOTE = SessionNote(TODAY, "face", {"problem": SECRET, "plan": "下周三再谈"}, 50)
AUTHOR, COLLEAGUE, SUPERVISOR, ADMINISTRATOR = "王老师", "李老师", "赵督导", "管理员"
PASSWORD = "correct horse battery"
REASON = "该生今晚留下遗书后离校"


@pytest.fixture(autouse=True)
def cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    """Passwords that take no time."""
    monkeypatch.setattr("storage.keys.COST", Cost(memory=128, passes=1, lanes=1))


class Station:
    """An archive with four users, a person and a recovery code, none of whom has written anything yet."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "a.xinyi"
        self.code = new_code()
        with Archive.create(self.path, Owner(ADMINISTRATOR, PASSWORD, Names("x", "站")), CATALOGUE) as archive:
            register_user(archive, ADMINISTRATOR, ["administrator"])
            users = Users(archive)
            users.set_recovery(self.code)
            users.add(AUTHOR, PASSWORD, ["counsellor"])
            users.add(COLLEAGUE, PASSWORD, ["counsellor"])
            self.supervisor = users.add(SUPERVISOR, PASSWORD, ["supervisor"])
            self.person = archive.new_id()
            archive.save([Draft.new("person", self.person, plain(Person("张三")), person=self.person)])

    @contextmanager
    def opened(self, user: str, password: str = PASSWORD) -> Iterator[tuple[Archive, Sessions]]:
        with Archive.open(self.path, user, password, CATALOGUE) as archive:
            seen = enter(archive)
            yield seen, Sessions(seen)

    def write(self, note: SessionNote = NOTE, user: str = AUTHOR) -> bytes:
        with self.opened(user) as (_, sessions):
            return sessions.write(self.person, note, TODAY)


@pytest.fixture
def station(tmp_path: Path) -> Station:
    return Station(tmp_path)


def refusal(act: Callable[[], object]) -> str:
    with pytest.raises(Problem) as caught:
        act()
    return caught.value.key


# ---- the author ----


def test_the_author_reads_what_was_written(station: Station) -> None:
    session = station.write()
    with station.opened(AUTHOR) as (archive, sessions):
        assert sessions.read(session) == NOTE
        (line,) = sessions.of(station.person)
        assert (line.author, line.readable, line.amended) == (AUTHOR, True, False)
        assert archive.whole.find("access", {"kind": "read", "about": station.person})


def test_a_correction_leaves_the_note_as_it_was(station: Station) -> None:
    session = station.write()
    corrected = msgspec.structs.replace(NOTE, sections={"problem": "更正"})
    with station.opened(AUTHOR) as (_, sessions):
        later = sessions.write(station.person, corrected, TODAY, amends=session)
        assert sessions.read(session) == NOTE
        assert [(line.session.id, line.amended) for line in sessions.of(station.person)] == [
            (later, False),
            (session, True),
        ]


@pytest.mark.parametrize(
    ("note", "problem"),
    [
        (msgspec.structs.replace(NOTE, date=TODAY + dt.timedelta(days=1)), "session.future_day"),
        (msgspec.structs.replace(NOTE, minutes=0), "session.minutes"),
        (msgspec.structs.replace(NOTE, minutes=1441), "session.minutes"),
        (msgspec.structs.replace(NOTE, manner="telepathy"), "session.no_manner"),
        (msgspec.structs.replace(NOTE, sections={"diagnosis": "x"}), "session.no_section"),
        (msgspec.structs.replace(NOTE, sections={"problem": " \n"}), "session.empty"),
    ],
)
def test_what_is_not_a_note_is_refused(station: Station, note: SessionNote, problem: str) -> None:
    with station.opened(AUTHOR) as (archive, sessions):
        assert refusal(lambda: sessions.write(station.person, note, TODAY)) == problem
        assert not archive.whole.find("session")


def test_about_somebody_restricted_nothing_is_written(station: Station) -> None:
    with station.opened(AUTHOR) as (archive, sessions):
        Rights(archive).restrict(station.person, "本人要求", TODAY)
        assert refusal(lambda: sessions.write(station.person, NOTE, TODAY)) == "rights.restricted"


def test_a_note_cannot_correct_one_about_somebody_else(station: Station) -> None:
    session = station.write()
    with station.opened(AUTHOR) as (archive, sessions):
        other = archive.new_id()
        archive.save([Draft.new("person", other, plain(Person("李四")), person=other)])
        assert refusal(lambda: sessions.write(other, NOTE, TODAY, amends=session)) == "session.unknown"


# ---- others ----


def test_a_colleague_sees_that_a_session_was_and_not_what_was_said(station: Station) -> None:
    session = station.write()
    with station.opened(COLLEAGUE) as (_, sessions):
        (line,) = sessions.of(station.person)
        assert (line.author, line.readable) == (AUTHOR, False)
        assert refusal(lambda: sessions.read(session)) == "session.sealed"


def test_a_colleague_with_the_key_of_the_database_finds_no_word_of_it(station: Station) -> None:
    session = station.write()
    with station.opened(COLLEAGUE) as (archive, _):
        dump = b"".join(
            value if isinstance(value, bytes) else str(value).encode()
            for (table,) in archive._connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            for row in archive._connection.execute(f"SELECT * FROM {table}")  # noqa: S608 -- a table of ours
            for value in row
        )
        assert "张三".encode() in dump
        assert not any(text.encode() in dump for text in NOTE.sections.values())
        record = archive.whole.get("session", session)
        assert record is not None
        grants = [NotebookKey(**one.fields) for one in archive.whole.find("notebook_key")]
        assert holder_id(archive.public_key) not in {grant.holder for grant in grants}


def test_an_administrator_who_resets_the_password_reads_nothing(station: Station) -> None:
    session = station.write()
    with station.opened(ADMINISTRATOR) as (archive, sessions):
        Users(archive).reset(AUTHOR, "another horse")
        Users(archive).set_roles(ADMINISTRATOR, ["administrator", "counsellor", "supervisor"])
    with station.opened(ADMINISTRATOR) as (_, sessions):
        assert refusal(lambda: sessions.read(session)) == "session.sealed"
    with station.opened(AUTHOR, "another horse") as (_, sessions):
        assert refusal(lambda: sessions.read(session)) == "session.sealed"
        later = sessions.write(station.person, NOTE, TODAY)
        assert sessions.read(later) == NOTE


def test_an_administrator_who_makes_a_new_code_reads_nothing_before_the_author_agrees(station: Station) -> None:
    session = station.write()
    code = new_code()
    with station.opened(ADMINISTRATOR) as (archive, _):
        Users(archive).set_recovery(code)
        Users(archive).set_roles(ADMINISTRATOR, ["administrator", "counsellor"])
    with station.opened(AUTHOR) as (archive, sessions):
        assert Users(archive).doubts_recovery()
        sessions.write(station.person, NOTE, TODAY)
    with station.opened(ADMINISTRATOR) as (_, sessions):
        for line in sessions.of(station.person):
            reading = line.session.id
            assert refusal(lambda s=reading: sessions.read_in_emergency(s, code, REASON)) == "session.wrong_code"  # type: ignore[misc]
    assert refusal(lambda: recover(station.path, code, AUTHOR, "x" * 8)) == "recovery.not_kept"
    with station.opened(AUTHOR) as (archive, _):
        Users(archive).trust_recovery()
        assert not Users(archive).doubts_recovery()
    with station.opened(ADMINISTRATOR) as (_, sessions):
        assert sessions.read_in_emergency(session, code, REASON) == NOTE


def test_a_class_teacher_and_an_administrator_learn_nothing(station: Station) -> None:
    session = station.write()
    with station.opened(ADMINISTRATOR) as (archive, sessions):
        Users(archive).add("班主任", PASSWORD, ["class_teacher"], [archive.new_id()])
    for user in (ADMINISTRATOR, "班主任"):
        with station.opened(user) as (_, sessions):
            for act in (
                lambda sessions=sessions: sessions.read(session),
                lambda sessions=sessions: sessions.read_in_emergency(session, station.code, REASON),
                lambda sessions=sessions: sessions.of(station.person),
                lambda sessions=sessions: sessions.write(station.person, NOTE, TODAY),
            ):
                assert refusal(act) in {"access.notes", "access.read"}


# ---- readers ----


def test_a_supervisor_reads_from_when_the_author_allows_it(station: Station) -> None:
    session = station.write()
    with station.opened(SUPERVISOR) as (_, sessions):
        assert refusal(lambda: sessions.read(session)) == "session.sealed"
    with station.opened(AUTHOR) as (_, sessions):
        code, supervisor, colleague = sessions.notebooks.readers()
        assert (code.user, code.allowed) == (None, True)
        assert (supervisor.name, supervisor.supervises, supervisor.allowed) == (SUPERVISOR, True, False)
        assert (colleague.name, colleague.supervises) == (COLLEAGUE, False)
        sessions.notebooks.allow(station.supervisor)
        assert sessions.notebooks.readers()[1].allowed
    later = station.write()
    with station.opened(SUPERVISOR) as (_, sessions):
        assert sessions.read(session) == sessions.read(later) == NOTE
        assert [line.readable for line in sessions.of(station.person)] == [True, True]
    with station.opened(COLLEAGUE) as (_, sessions):
        assert refusal(lambda: sessions.read(session)) == "session.sealed"


def test_who_is_withdrawn_reads_nothing_that_is_written_later(station: Station) -> None:
    with station.opened(AUTHOR) as (_, sessions):
        sessions.notebooks.allow(station.supervisor)
    earlier = station.write()
    with station.opened(AUTHOR) as (_, sessions):
        sessions.notebooks.withdraw(station.supervisor)
    later = station.write()
    with station.opened(SUPERVISOR) as (_, sessions):
        assert sessions.read(earlier) == NOTE
        assert refusal(lambda: sessions.read(later)) == "session.sealed"
        assert sessions.read_in_emergency(later, station.code, REASON) == NOTE
    with station.opened(AUTHOR) as (_, sessions):
        assert sessions.read(earlier) == sessions.read(later) == NOTE


def test_only_those_whose_role_works_with_notes_can_be_allowed(station: Station) -> None:
    with station.opened(ADMINISTRATOR) as (archive, _):
        administrator = archive.user
    with station.opened(AUTHOR) as (_, sessions):
        assert refusal(lambda: sessions.notebooks.allow(administrator)) == "session.no_reader"


# ---- emergencies ----


def test_an_emergency_is_written_down_and_the_author_told(station: Station) -> None:
    session = station.write()
    with station.opened(COLLEAGUE) as (archive, sessions):
        assert sessions.read_in_emergency(session, station.code, REASON) == NOTE
        assert archive.whole.find("access", {"kind": "emergency", "about": station.person})
        assert not sessions.notices()
        (record,) = archive.whole.find("emergency_reading")
        assert refusal(lambda: sessions.notice(record.id)) == "session.not_yours"
    with station.opened(AUTHOR) as (_, sessions):
        (told,) = sessions.notices()
        assert (told.person, told.reader, told.session_date) == ("张三", COLLEAGUE, TODAY.isoformat())
        assert told.reading.fields.reason == REASON
        sessions.notice(told.reading.id)
        assert not sessions.notices()


@pytest.mark.parametrize("reason", ["", "       急 ", "好奇"])
def test_without_a_reason_nothing_is_opened(station: Station, reason: str) -> None:
    session = station.write()
    with station.opened(COLLEAGUE) as (archive, sessions):
        assert refusal(lambda: sessions.read_in_emergency(session, station.code, reason)) == "session.no_reason"
        assert not archive.whole.find("emergency_reading")


def test_a_wrong_code_opens_nothing(station: Station) -> None:
    session = station.write()
    with station.opened(COLLEAGUE) as (archive, sessions):
        assert refusal(lambda: sessions.read_in_emergency(session, new_code(), REASON)) == "session.wrong_code"
        assert not archive.whole.find("emergency_reading")


def test_where_the_author_agreed_to_no_code_there_is_no_emergency_reading(tmp_path: Path) -> None:
    with Archive.create(tmp_path / "b.xinyi", Owner("u", PASSWORD, Names("x", "站")), CATALOGUE) as archive:
        register_user(archive, "u")
        person = archive.new_id()
        archive.save([Draft.new("person", person, plain(Person("张三")), person=person)])
        sessions = Sessions(archive)
        session = sessions.write(person, NOTE, TODAY)
        assert refusal(lambda: sessions.read_in_emergency(session, new_code(), REASON)) == "session.no_code"
        code = new_code()
        Users(archive).set_recovery(code)
        assert sessions.read_in_emergency(session, code, REASON) == NOTE


def test_a_forgotten_password_costs_no_note(station: Station) -> None:
    session = station.write()
    recover(station.path, station.code, AUTHOR, "remembered again")
    with station.opened(AUTHOR, "remembered again") as (_, sessions):
        assert sessions.read(session) == NOTE


# ---- forgery ----


def test_forged_keys_and_notebooks_change_nothing(station: Station) -> None:
    session = station.write()
    with station.opened(AUTHOR) as (archive, sessions):
        sessions.notebooks.allow(station.supervisor)
        author = archive.public_key
    with station.opened(SUPERVISOR) as (archive, _):
        supervisor = archive.public_key
    with station.opened(COLLEAGUE) as (archive, _):
        whole = archive.whole
        (notebook,) = whole.find("notebook")
        slipped, key = whole.new_id(), bytes(32)
        grants = [
            NotebookKey(notebook.id, holder_id(supervisor), hand_on(key, notebook.id, supervisor)),
            NotebookKey(notebook.id, holder_id(supervisor), b"no key at all"),
            NotebookKey(slipped, holder_id(author), hand_on(key, slipped, author)),
            NotebookKey(slipped, holder_id(archive.public_key), hand_on(key, slipped, archive.public_key)),
        ]
        drafts = [Draft.new("notebook_key", whole.new_id(), plain(grant)) for grant in grants]
        whole.save([Draft.new("notebook", slipped, {"holder": holder_id(author)}), *drafts])
    with station.opened(SUPERVISOR) as (_, sessions):
        assert sessions.read(session) == NOTE
    later = station.write()
    with station.opened(COLLEAGUE) as (_, sessions):
        assert refusal(lambda: sessions.read(later)) in {"session.sealed", "session.damaged"}
    with station.opened(AUTHOR) as (_, sessions):
        assert sessions.read(later) == NOTE


def test_what_a_newer_version_wrote_hides_nothing_else(station: Station) -> None:
    session = station.write()
    with station.opened(AUTHOR) as (archive, sessions):
        whole = archive.whole
        newer = [
            Draft.new("session", whole.new_id(), {"date": ["2027"]}, person=station.person),
            Draft.new("notebook", whole.new_id(), {"holder": [1]}),
            Draft.new("notebook_key", whole.new_id(), {"notebook": 7}),
            Draft.new("emergency_reading", whole.new_id(), {"author": archive.user}, person=station.person),
        ]
        whole.save(newer)
        assert [line.session.id for line in sessions.of(station.person)] == [session]
        assert refusal(lambda: sessions.read(newer[0].record)) == "session.newer"
        assert sessions.read(session) == NOTE
        assert sessions.notices() == []
        assert sessions.notebooks.readers()


def test_a_note_that_was_moved_to_another_person_does_not_open(station: Station) -> None:
    session = station.write()
    with station.opened(AUTHOR) as (archive, sessions):
        record = archive.whole.get("session", session)
        assert record is not None
        other, moved = archive.new_id(), archive.new_id()
        archive.save([Draft.new("person", other, plain(Person("李四")), person=other)])
        archive.save([Draft.new("session", moved, record.fields, person=other)])
        assert refusal(lambda: sessions.read(moved)) == "session.damaged"


def test_an_erased_persons_notes_are_gone(station: Station) -> None:
    session = station.write()
    with station.opened(COLLEAGUE) as (archive, sessions):
        sessions.read_in_emergency(session, station.code, REASON)
        Rights(archive).erase(station.person, "request", TODAY)
        assert not archive.whole.find("session")
        assert not archive.whole.find("emergency_reading")
    with station.opened(AUTHOR) as (_, sessions):
        assert not sessions.notices()
        assert refusal(lambda: sessions.read(session)) == "session.unknown"


# ---- the form ----


def test_the_form_has_words_in_every_language() -> None:
    form = SessionForm.load()
    titles = [one.title for one in form.manners] + [one.title for one in form.sections]
    assert all(set(title) == set(LANGUAGES) for title in titles)
    assert all(set(section.hint) == set(LANGUAGES) for section in form.sections)
    assert form.manner("smoke signals", "en") == form.section("smoke signals", "en") == "smoke signals"
