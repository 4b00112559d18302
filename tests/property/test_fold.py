"""Folding: what everybody gets out of the same changes, whoever they came from and whatever the clocks said."""

import hashlib
from collections.abc import Sequence
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from storage.fold import Folded, Stored, fold, replaces
from storage.records import RecordType
from sync.changes import Change, ChangeId
from tests.effort import examples

RECORD, PERSON, ACTOR = b"r" * 16, b"p" * 16, b"a" * 16
LEVELS = ("blue", "yellow", "orange", "red")
RANKED = RecordType(name="alert", ranked={"level": LEVELS})
PLAIN = RecordType(name="alert")

values = st.one_of(st.sampled_from(LEVELS), st.integers(-3, 3), st.text(max_size=3), st.none(), st.lists(st.booleans()))
contents = st.dictionaries(st.sampled_from(["level", "note", "due"]), values, min_size=1)
times = st.integers(0, 5)
"""Few, so that stamps are equal now and then; they say nothing about who saw what."""


def stored(place: int, fields: dict[str, Any], base: Any, time: int, kind: str = "alert") -> Stored:
    """A change at a place; every third belongs to the same stream."""
    change = Change(record=RECORD, type=kind, schema=1, person=PERSON, actor=ACTOR, time=time, fields=fields, base=base)
    return Stored(ChangeId(bytes([place % 3]) * 24, place // 3 + 1), change)


@st.composite
def histories(draw: st.DrawFn) -> list[Stored]:
    """Changes of one record, each by somebody who had seen some of the earlier ones."""
    history: list[Stored] = []
    for place in range(draw(st.integers(1, 7))):
        seen = [one for one in history if draw(st.booleans())]
        fields = draw(contents)
        history.append(stored(place, fields, replaces(fields, seen), draw(times)))
    return history


def fold_here(changes: Sequence[Stored], kind: RecordType | None = RANKED) -> Folded:
    return fold(changes, lambda name: kind if kind and name == kind.name else None)


def visible(folded: Folded, field: str) -> list[Any]:
    return [folded.fields[field], *folded.conflicts.get(field, [])]


def distinct(found: Sequence[Any]) -> list[bytes]:
    return sorted({msgspec.msgpack.encode(one) for one in found})


@examples(60)
@given(histories(), st.data())
def test_the_order_of_arrival_does_not_matter(history: list[Stored], data: st.DataObject) -> None:
    assert fold_here(data.draw(st.permutations(history))) == fold_here(history)


@examples(60)
@given(histories(), st.data())
def test_what_nobody_replaced_is_visible_and_nothing_else(history: list[Stored], data: st.DataObject) -> None:
    folded = fold_here(history)
    for field in {name for one in history for name in one.change.fields}:
        setters = [one for one in history if field in one.change.fields]
        replaced = {old for one in setters for old in one.change.base.get(field, ())}
        expected = [one.change.fields[field] for one in setters if one.id not in replaced]
        assert distinct(visible(folded, field)) == distinct(expected)


@examples(60)
@given(histories(), contents, times)
def test_an_edit_by_somebody_who_saw_everything_settles_its_fields(
    history: list[Stored], fields: dict[str, Any], time: int
) -> None:
    edit = stored(len(history), fields, replaces(fields, history), time)
    folded = fold_here([*history, edit])
    assert {name: folded.fields[name] for name in fields} == fields
    assert not folded.conflicts.keys() & fields.keys()


@examples(60)
@given(histories(), values, values, times, times)
def test_two_who_did_not_know_of_each_other_both_stay_visible(
    history: list[Stored], one: Any, other: Any, earlier: int, later: int
) -> None:
    base = replaces(["note"], history)
    pair = [
        stored(len(history) + number, {"note": value}, base, time)
        for number, (value, time) in enumerate([(one, earlier), (other, later)])
    ]
    assert distinct(visible(fold_here([*history, *pair]), "note")) == distinct([one, other])


@examples(60)
@given(histories(), st.data())
def test_what_is_shown_is_never_lower_in_rank_than_what_it_stands_beside(
    history: list[Stored], data: st.DataObject
) -> None:
    level = st.sampled_from(LEVELS)
    base = replaces(["level"], history)
    rivals = [
        stored(len(history) + number, {"level": data.draw(level)}, base, data.draw(times))
        for number in range(data.draw(st.integers(1, 4)))
    ]
    shown = fold_here([*history, *rivals]).fields["level"]
    assert shown == max((one.change.fields["level"] for one in rivals), key=LEVELS.index)


@examples(60)
@given(histories(), times)
def test_a_risk_that_a_newer_clock_lowers_stays_raised_until_somebody_saw_it(history: list[Stored], time: int) -> None:
    seen_before = replaces(["level"], history)
    raised = stored(len(history), {"level": "red"}, seen_before, 0)
    lowered = stored(len(history) + 1, {"level": "blue"}, seen_before, time + 10)
    assert fold_here([*history, raised, lowered]).fields["level"] == "red"
    aware = stored(len(history) + 2, {"level": "blue"}, replaces(["level"], [*history, raised, lowered]), 0)
    assert fold_here([*history, raised, lowered, aware]).fields["level"] == "blue"


@examples(60)
@given(histories())
def test_the_digest_does_not_depend_on_what_a_version_knows_of_the_type(history: list[Stored]) -> None:
    assert len({fold_here(history, kind).digest for kind in (RANKED, PLAIN, None)}) == 1


@examples(60)
@given(histories(), st.data())
def test_the_digest_tells_any_two_sets_of_standing_values_apart(history: list[Stored], data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(history) - 1))
    one = history[place]
    field = data.draw(st.sampled_from(sorted(one.change.fields)))
    changed = msgspec.structs.replace(one.change, fields={**one.change.fields, field: ["another value"]})
    other = [*history[:place], Stored(one.id, changed), *history[place + 1 :]]
    stands = ["another value"] in visible(fold_here(other), field)
    assert (fold_here(other).digest != fold_here(history).digest) == stands


@examples(60)
@given(histories(), st.integers(2, 4), times)
def test_changes_that_replace_each_other_in_a_circle_all_stay_visible(
    history: list[Stored], size: int, time: int
) -> None:
    first = len(history)
    ids = [stored(first + number, {}, {}, 0).id for number in range(size)]
    circle = [
        stored(first + number, {"note": f"circle {number}"}, {"note": (ids[number - 1],)}, time)
        for number in range(size)
    ]
    before = visible(fold_here(history), "note") if any("note" in one.change.fields for one in history) else []
    after = visible(fold_here([*history, *circle]), "note")
    assert distinct(after) == distinct([*before, *(f"circle {number}" for number in range(size))])


def test_somebody_who_saw_one_of_a_circle_settles_all_of_it() -> None:
    ids = [stored(number, {}, {}, 0).id for number in range(2)]
    circle = [stored(number, {"note": number}, {"note": (ids[1 - number],)}, number) for number in range(2)]
    settled = stored(2, {"note": "settled"}, {"note": (ids[0],)}, 0)
    assert visible(fold_here([*circle, settled]), "note") == ["settled"]


@examples(60)
@given(histories(), st.sampled_from(["level", "note", "due"]))
def test_a_change_that_does_not_set_a_field_cannot_take_its_value_away(history: list[Stored], field: str) -> None:
    without = stored(len(history), {"other": 1}, {field: tuple(one.id for one in history)}, 9)
    folded, before = fold_here([*history, without]), fold_here(history)
    assert {name: value for name, value in folded.fields.items() if name != "other"} == before.fields
    assert folded.conflicts == before.conflicts


def test_a_change_cannot_replace_itself() -> None:
    itself = stored(0, {"note": "here"}, {"note": (stored(0, {}, {}, 0).id,)}, 1)
    rival = stored(1, {"note": "there"}, {}, 0)
    assert distinct(visible(fold_here([itself, rival]), "note")) == distinct(["here", "there"])


@examples(60)
@given(histories())
def test_a_record_begins_with_its_first_change_and_ends_with_its_last(history: list[Stored]) -> None:
    folded = fold_here(history)
    stamps = [one.change.time for one in history]
    assert (folded.created, folded.changed) == (min(stamps), max(stamps))


def test_the_digest_is_the_one_that_the_protocol_describes() -> None:
    one = stored(0, {"b": 1, "a": "x"}, {}, 7)
    other = stored(1, {"a": "y"}, {"a": (one.id,)}, 8)
    content = [RECORD, "alert", PERSON, [["a", [[*other.id, "y"]]], ["b", [[*one.id, 1]]]]]
    expected = hashlib.sha256(msgspec.msgpack.encode(content)).digest()
    assert fold_here([one, other]).digest == int.from_bytes(expected, "big")
