"""Whatever is saved in whatever order: the state hash that grows with every save is the one of the whole log."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import given
from hypothesis import strategies as st

from storage.archive import Archive
from storage.records import Draft, Record
from tests.effort import examples

if TYPE_CHECKING:
    from tests.conftest import Workshop

values = st.one_of(
    st.sampled_from(["blue", "red", "2026-03-01", "李雷"]),
    st.none(),
    st.integers(-(2**63), 2**64 - 1),
    st.text(max_size=5),
    st.booleans(),
)
contents = st.dictionaries(st.sampled_from(["name", "level", "date", "score", "note"]), values, max_size=3)
kinds = st.sampled_from(["person", "screening", "alert"])

new = st.tuples(st.just("new"), kinds, contents)
edit = st.tuples(st.just("edit"), st.integers(0, 9), contents)
stale = st.tuples(st.just("stale"), st.integers(0, 9), contents)
saves = st.lists(st.lists(new | edit | stale, min_size=1, max_size=4), min_size=1, max_size=6)


def records(archive: Archive) -> list[Record]:
    return [record for kind in ("person", "screening", "alert") for record in archive.find(kind)]


def draft(archive: Archive, step: tuple[Any, ...], now: list[Record], before: list[Record]) -> Draft | None:
    action, which, fields = step
    if action == "new":
        people = [record.id for record in now if record.type == "person"]
        person = people[0] if people and which != "person" else None
        return Draft.new(which, archive.new_id(), fields, person=person)
    known = now if action == "edit" else before
    return Draft.edit(known[which % len(known)], fields) if known else None


@examples(40)
@given(saves)
def test_the_state_hash_of_every_step_is_that_of_a_rebuild(workshop: Workshop, steps: list[list[Any]]) -> None:
    with workshop.archive() as archive:
        before: list[Record] = []
        for save in steps:
            now = records(archive)
            drafts = [draft(archive, step, now, before) for step in save]
            archive.save([one for one in drafts if one])
            before = now
        shown, state = records(archive), archive.state_hash()
        assert archive.verify() == []
        archive.rebuild()
        assert (records(archive), archive.state_hash()) == (shown, state)


@examples(30)
@given(contents, st.lists(contents, min_size=1, max_size=4))
def test_no_value_that_anybody_set_without_knowing_of_another_is_lost(
    workshop: Workshop, first: dict[str, Any], edits: list[dict[str, Any]]
) -> None:
    with workshop.archive() as archive:
        archive.save([Draft.new("alert", archive.new_id(), first)])
        (seen,) = archive.find("alert")
        for fields in edits:
            archive.save([Draft.edit(seen, fields)])
        (record,) = archive.find("alert")
        for name in {name for fields in edits for name in fields}:
            visible = [record.fields[name], *record.conflicts.get(name, [])]
            for fields in edits:
                if name in fields:
                    assert any(fields[name] == value and type(fields[name]) is type(value) for value in visible)
