"""Whatever is answered, in whatever order: what a form gives can be scored, and a draft loses nothing."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from app.instruments.answers import Reader
from app.instruments.definition import parse_definition
from app.instruments.filling import BLANK, Filling, Unread
from app.instruments.items import Quantity
from app.instruments.scoring import Scorer
from app.instruments.wording import Wording
from app.texts import Texts
from tests.gui.forms import VISIT, raw
from ui.desktop.models.typed import read_number

FORM = parse_definition(raw(VISIT))
READER, SCORER = Reader(FORM), Scorer(FORM)
WEIGHT = FORM.item("weight")
ENTRIES: dict[str, st.SearchStrategy[Any]] = {
    "way": st.integers(1, 3),
    "address": st.text("ab", min_size=1),
    "who": st.lists(st.integers(1, 3), unique=True).map(sorted),
    "day": st.dates().map(lambda day: day.isoformat()),
    "height": st.integers(40, 230),
    "weight": st.none() | st.integers(20, 3000).map(lambda tenths: tenths / 10),
    "sleep": st.none() | st.integers(1, 3),
    "drugs": st.lists(
        st.fixed_dictionaries({}, optional={"name": st.just("A"), "dose": st.integers(0, 9)}), max_size=3
    ),
}
STEPS = st.lists(
    st.sampled_from(sorted(ENTRIES)).flatmap(
        lambda name: st.tuples(st.just(name), ENTRIES[name] | st.just(BLANK) | st.text("3x/", min_size=1).map(Unread))
    ),
    max_size=20,
)


@given(steps=STEPS)
def test_what_is_given_can_always_be_scored_and_only_holds_what_is_asked(steps: list[tuple[str, Any]]) -> None:
    form = Filling(FORM)
    for name, entry in steps:
        form.put(name, entry)
    assert READER.fault(form.given) is None
    assert set(form.given) <= set(form.walk.asked)
    assert SCORER.score(form.given).missing == form.walk.missing


@given(steps=STEPS)
def test_a_draft_that_was_written_down_is_taken_back_whole(steps: list[tuple[str, Any]]) -> None:
    form, again = Filling(FORM), Filling(FORM)
    for name, entry in steps:
        form.put(name, entry)
    again.begin(json.loads(json.dumps(form.draft)))
    assert (again.draft, again.given, again.unread) == (form.draft, form.given, form.unread)


@given(typed=st.text(st.sampled_from("0123456789.-+eE_ ０。x/١"), max_size=8))
def test_whatever_is_typed_for_a_number_is_an_answer_or_has_a_fault(typed: str) -> None:
    assert isinstance(WEIGHT, Quantity)
    texts = Texts.load()
    reading = read_number(typed, WEIGHT, Wording(FORM, texts), texts)
    if isinstance(reading.entry, Unread):
        assert reading.fault
    elif reading.entry is not BLANK:
        assert READER.fault({"weight": reading.entry}) is None
