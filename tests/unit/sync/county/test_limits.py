"""Counting: tokens, requests under way, bytes in memory."""

from __future__ import annotations

import pytest

from sync.county.limits import Buckets, Busy, Limits, Load, neighbourhood


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_who_calls_too_often_is_told_how_long_to_wait() -> None:
    clock = Clock()
    buckets = Buckets(burst=3, rate=0.5, clock=clock)
    assert [buckets.take("a") for _ in range(5)] == [0, 0, 0, 2, 2]
    assert buckets.take("b") == 0, "others are not concerned"
    clock.now += 1
    assert buckets.take("a") == 1
    clock.now += 1
    assert [buckets.take("a") for _ in range(2)] == [0, 2]


def test_a_bucket_never_holds_more_than_its_burst() -> None:
    clock = Clock()
    buckets = Buckets(burst=2, rate=1, clock=clock)
    buckets.take("a")
    clock.now += 1000
    assert [buckets.take("a") for _ in range(3)] == [0, 0, 1]


def test_who_called_longest_ago_is_forgotten_first() -> None:
    buckets = Buckets(burst=1, rate=0.001, size=2, clock=Clock())
    for key in ("a", "b", "a"):
        buckets.take(key)
    buckets.take("c")
    assert buckets.take("a") > 0, "called a moment ago"
    assert buckets.take("b") == 0, "was forgotten"


def test_requests_of_one_and_of_all_are_limited() -> None:
    load = Load(Limits(requests=3, requests_of_device=2))
    with load.request("a"), load.request("a"):
        with pytest.raises(Busy), load.request("a"):
            pass
        with load.request("b"), pytest.raises(Busy), load.request("c"):
            pass
        assert load.requests == 2
    assert load.requests == 0
    with load.request("a"):
        pass


def test_bytes_are_given_back_whatever_happens() -> None:
    load = Load(Limits(held=100))
    with load.request("a") as first:
        first.add(60)
        with load.request("b") as second:
            second.add(30)
            with pytest.raises(Busy):
                second.add(11)
        assert load.bytes == 60
        first.add(40)
    assert load.bytes == 0


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        ("10.1.2.3", "10.1.2.3"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::1", "2001:db8:1:2::/64"),
        ("::ffff:10.1.2.3", "10.1.2.3"),
        ("testclient", "testclient"),
        ("", ""),
    ],
)
def test_whoever_has_many_addresses_is_counted_once(address: str, counted: str) -> None:
    assert neighbourhood(address) == counted
