"""Whatever stands in a list, every line gets one fate, nothing doubtful is taken, and nothing known is erased."""

from collections.abc import Sequence
from datetime import date, datetime

from hypothesis import example, given
from hypothesis import strategies as st

from app.errors import Problem
from app.people.fields import PersonFields
from app.people.identity import resident_id_checksum
from app.people.roster import KnownPerson, RosterPlan, plan_roster
from app.people.values import read_group
from app.spreadsheets import Cell, Sheet
from app.texts import Texts
from tests.effort import examples

TODAY = date(2025, 9, 1)
HEADING = ["序号", "姓名", "性别", "身份证号", "学籍号", "年级", "班级", "民族", "出生日期", "家长电话", "证件类型"]
TEXTS = Texts.load()


def number(birth: date, order: int) -> str:
    first = f"990000{birth:%Y%m%d}{order:03}"
    return first + resident_id_checksum(first)


cells: st.SearchStrategy[Cell] = st.one_of(
    st.just(""),
    st.text(max_size=12),
    st.sampled_from(
        ["张三", "李 四", "男", "女", "汉", "七年级", "1班", "合计：3人", "2012-03-04", "9.9E+17", "护照", "无"]
    ),
    st.builds(number, st.dates(date(2010, 1, 1), date(2015, 1, 1)), st.integers(0, 20)),
    st.floats(allow_nan=False, allow_infinity=False),
    st.integers(-(10**20), 10**20),
    st.booleans(),
    st.dates(),
    st.datetimes(min_value=datetime(1900, 1, 1)),  # noqa: DTZ001 a cell knows no time zone
)
people = st.builds(
    PersonFields,
    name=st.sampled_from(["张三", "李四"]),
    sex=st.sampled_from(["male", "female", "unknown", None]),
    id_number=st.none() | st.builds(number, st.dates(date(2010, 1, 1), date(2010, 2, 1)), st.integers(0, 5)),
    student_number=st.sampled_from([None, "12", "G2021", "G2022"]),
    group_name=st.sampled_from([None, "七年级1班", "七年级2班"]),
    phone=st.sampled_from([None, "13800000000"]),
)


class Known:
    """The people of a small archive."""

    def __init__(self, known: Sequence[PersonFields]) -> None:
        self._people = [KnownPerson(bytes([place]), fields) for place, fields in enumerate(known)]

    def by_id_number(self, number: str) -> KnownPerson | None:
        return next((one for one in self._people if one.fields.id_number == number), None)

    def by_student_number(self, number: str) -> KnownPerson | None:
        return next((one for one in self._people if one.fields.student_number == number), None)

    def by_name(self, name: str) -> Sequence[KnownPerson]:
        return [one for one in self._people if one.fields.name == name]


def planned(rows: Sequence[Sequence[Cell]], known: Sequence[PersonFields] = ()) -> RosterPlan | None:
    sheet = Sheet("名册", [list(HEADING), *map(list, rows)], 1)
    try:
        return plan_roster([sheet], known=Known(known), group=None, today=TODAY)
    except Problem as problem:
        TEXTS.problem(problem)
        return None


@examples(150)
@given(st.lists(st.lists(cells, max_size=len(HEADING) + 1), max_size=6), st.lists(people, max_size=3))
def test_every_line_gets_one_fate_with_reasons_that_have_sentences(
    rows: list[list[Cell]], known: list[PersonFields]
) -> None:
    plan = planned(rows, known)
    if plan is None:
        return
    lines = [row.line for row in plan.rows]
    assert lines == sorted(set(lines))
    for row in plan.rows:
        weights = {reason.weight for reason in row.reasons}
        assert row.fate == ("refused" if "refusal" in weights else "doubtful" if "doubt" in weights else "taken")
        assert all(TEXTS(reason.key, **reason.values) for reason in row.reasons)
        if row.fate == "taken":
            assert row.person is not None
            assert row.person.name
            assert row.person.group_name or row.person.id_number or row.person.student_number


@examples(150)
@given(st.lists(st.lists(cells, min_size=4, max_size=len(HEADING)), max_size=6), st.lists(people, max_size=3))
def test_no_two_lines_that_are_taken_claim_one_identity_number(
    rows: list[list[Cell]], known: list[PersonFields]
) -> None:
    plan = planned(rows, known)
    taken = [row.person.id_number for row in plan.rows if row.fate == "taken" and row.person] if plan else []
    numbers = [one for one in taken if one]
    assert len(numbers) == len(set(numbers))


@examples(150)
@given(st.lists(people, min_size=1, max_size=4), people)
def test_a_difference_is_always_something_that_the_line_says(known: list[PersonFields], listed: PersonFields) -> None:
    sexes = {"male": "男", "female": "女", "unknown": "未知", None: ""}
    row = [
        "1",
        listed.name,
        sexes[listed.sex],
        listed.id_number or "",
        listed.student_number or "",
        "",
        listed.group_name or "",
    ]
    plan = planned([row], known)
    assert plan is not None
    (found,) = plan.rows
    assert (found.known is None) == (found.action == "new")
    assert bool(found.differences) == (found.action == "update")
    for field, difference in found.differences.items():
        assert found.person is not None
        assert difference.after == getattr(found.person, field) != difference.before
        assert difference.after not in {"", None}


@examples(500)
@example(".0.0", None)
@example("1.0.0", "七年级")
@given(
    st.text(st.sampled_from("七一二十班级年届初高大实验村(1)（２）09A .无"), max_size=9),
    st.sampled_from([None, "七年级", "一年级", "初一", "大班", "2021级"]),
)
def test_a_class_that_has_been_read_is_read_the_same_again(text: str, grade: str | None) -> None:
    group = read_group(text, grade)
    assert group is None or read_group(group, grade) == group
