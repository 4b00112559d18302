"""Whatever is handed in as a definition is read, or refused with a sentence; nothing else happens."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from app import resources
from app.errors import Problem
from app.instruments.definition import Definition, content_hash, parse_definition
from app.texts import Texts

RAW = resources.path("instruments", "phq-9.json").read_bytes()
DATA = json.loads(RAW)
TEXTS = Texts.load()

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def places(data: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path to every part of a JSON value."""
    steps = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    return [at, *(place for step, part in steps for place in places(part, (*at, step)))]


def with_part(data: Any, place: tuple[Any, ...], part: Any) -> Any:
    if not place:
        return part
    changed = data.copy()
    changed[place[0]] = with_part(data[place[0]], place[1:], part)
    return changed


def reads_or_refuses(raw: bytes) -> Definition | None:
    try:
        return parse_definition(raw)
    except Problem as problem:
        TEXTS.problem(problem)  # a key without sentence or a gap without value raises KeyError
        return None


@given(st.binary(max_size=200))
def test_any_bytes_are_refused_in_words(raw: bytes) -> None:
    assert reads_or_refuses(raw) is None


@given(st.integers(min_value=0, max_value=len(RAW) - 1))
def test_a_file_cut_off_anywhere_is_refused(length: int) -> None:
    # The last two bytes are the closing brace and the line end, which is not needed.
    assert reads_or_refuses(RAW[: min(length, len(RAW) - 2)]) is None


@given(st.sampled_from(places(DATA)), values)
def test_a_file_with_anything_in_any_place_is_read_or_refused_in_words(place: tuple[Any, ...], part: Any) -> None:
    definition = reads_or_refuses(json.dumps(with_part(DATA, place, part)).encode())
    # What is accepted is a whole definition: its bands cover its ranges.
    for score in definition.scores if definition else ():
        covered = [value for band in score.bands for value in range(int(band.low), int(band.high) + 1)]
        assert covered in ([], list(range(int(score.range[0]), int(score.range[1]) + 1)))


@given(st.randoms(use_true_random=False), st.integers(min_value=0, max_value=8), st.booleans())
def test_the_hash_depends_on_the_content_alone(chance: Any, indent: int, ascii_only: bool) -> None:
    def shuffled(value: Any) -> Any:
        if isinstance(value, dict):
            names = list(value)
            chance.shuffle(names)
            return {name: shuffled(value[name]) for name in names}
        return [shuffled(part) for part in value] if isinstance(value, list) else value

    assert content_hash(json.dumps(shuffled(DATA), indent=indent, ensure_ascii=ascii_only).encode()) == content_hash(
        RAW
    )
