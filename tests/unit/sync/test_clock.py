"""Stamps: they never repeat, never go back, and no other clock can carry ours away."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.clock import APART_MS, COUNTER_BITS, MAX_LEAD_MS, HybridClock, doubt, to_milliseconds
from sync.ids import new_id

NOW = 1_790_000_000_000
moments = st.integers(0, 2 * NOW)


@given(st.lists(moments | st.none(), min_size=1, max_size=20), st.lists(st.integers(0, 2**63 - 1), max_size=20))
def test_stamps_only_grow_whatever_the_wall_and_others_say(walls: list[int | None], heard: list[int]) -> None:
    now = NOW

    def wall() -> int:
        return now

    clock = HybridClock(wall)
    last = -1
    for place, moment in enumerate(walls):
        now = now if moment is None else moment
        if place < len(heard):
            clock.witness(heard[place])
        stamp = clock.tick()
        assert stamp > last
        last = stamp


@given(st.integers(0, 2**63 - 1))
def test_a_stamp_from_elsewhere_pulls_the_clock_at_most_a_day_ahead(heard: int) -> None:
    clock = HybridClock(lambda: NOW)
    clock.witness(heard)
    assert to_milliseconds(clock.tick()) <= NOW + MAX_LEAD_MS
    if to_milliseconds(heard) <= NOW + MAX_LEAD_MS - 1:
        assert clock.last > heard


def test_a_stamp_holds_the_wall_time() -> None:
    assert to_milliseconds(HybridClock(lambda: NOW).tick()) == NOW


def test_a_clock_goes_on_where_it_was_before_the_program_ended() -> None:
    before = (NOW + 5000) << COUNTER_BITS
    assert HybridClock(lambda: NOW, before).tick() == before + 1


def test_new_ids_sort_by_their_time_and_never_repeat() -> None:
    ids = [new_id(NOW + place // 50) for place in range(1000)]
    assert len(set(ids)) == 1000
    assert sorted(ids)[::50] == [min(ids[place : place + 50]) for place in range(0, 1000, 50)]


def test_ids_can_be_made_before_1970() -> None:
    assert new_id(-5)[:6] == bytes(6)


def test_a_clock_that_was_in_2099_is_itself_again_once_the_county_says_what_time_it_is() -> None:
    ahead = (NOW + 70 * 365 * 86_400_000) << COUNTER_BITS
    clock = HybridClock(lambda: NOW, ahead)
    assert clock.tick() > ahead
    clock.confirmed()
    assert to_milliseconds(clock.tick()) == NOW


def test_a_clock_that_is_a_little_ahead_does_not_go_back() -> None:
    ahead = (NOW + MAX_LEAD_MS - 1) << COUNTER_BITS
    clock = HybridClock(lambda: NOW, ahead)
    clock.confirmed()
    assert clock.tick() == ahead + 1


@pytest.mark.parametrize(
    ("wall", "last", "beside", "expected"),
    [
        (NOW, NOW, None, ""),
        (NOW, NOW, 0, ""),
        (5_000, NOW, None, "early"),  # the battery is dead: 1970
        (NOW + 73 * 365 * 86_400_000, NOW, 0, "late"),  # 2099
        (NOW, NOW + MAX_LEAD_MS + 1, None, "behind"),
        (NOW, NOW + MAX_LEAD_MS, None, ""),
        (NOW, NOW + 2 * MAX_LEAD_MS, 1000, ""),  # the county agrees with the wall
        (NOW, NOW, APART_MS + 1, "county"),
        (NOW, NOW, -APART_MS - 1, "county"),
        (NOW, NOW, APART_MS, ""),
    ],
)
def test_what_speaks_against_a_clock_is_said(wall: int, last: int, beside: int | None, expected: str) -> None:
    assert doubt(wall, last << COUNTER_BITS, beside) == expected
