"""What a store lets in, and what it says of the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sync.crypto import SIGNATURE_SIZE, Signer
from sync.segments import NO_ENVELOPES, Point, Segment, Tail
from sync.store import KNOWN, Gate

if TYPE_CHECKING:
    from tests.conftest import Chain


class Store:
    """Segments in a dictionary, and a gate in front of it."""

    def __init__(self, chain: Chain, *others: Signer) -> None:
        self.segments: dict[tuple[bytes, int], bytes] = {}
        self.tails: dict[bytes, Tail] = {}
        self.ends: dict[bytes, Point] = {}
        keys = {member.id: member.public_key for member in (chain.device, *others)}
        self.gate = Gate(
            chain.scope_key.scope,
            tail_of=lambda stream: self.tails.get(stream, Tail.of_new(stream)),
            key_of=keys.get,
            stored=lambda stream, seq: self.segments.get((stream, seq)),
            end_of=self.ends.get,
        )

    def offer(self, segment: Segment) -> str:
        verdict = self.gate.examine(segment)
        if isinstance(verdict, str):
            return verdict
        header, tail = verdict
        self.tails[header.stream] = tail.after(header, segment.data)
        self.segments[header.stream, header.seq] = segment.data
        return "taken"


def test_a_stream_is_taken_in_order_and_its_segments_are_known_from_then_on(chain: Chain) -> None:
    store, segments = Store(chain), chain(3)
    assert [store.offer(one) for one in segments] == ["taken"] * 3
    assert [store.offer(one) for one in segments] == [KNOWN] * 3


def test_a_segment_whose_predecessor_is_missing_waits(chain: Chain) -> None:
    store, segments = Store(chain), chain(3)
    assert store.offer(segments[1]) == "sync.refused_gap"
    assert [store.offer(one) for one in segments] == ["taken"] * 3


def test_a_segment_of_somebody_who_is_no_member_is_refused(chain: Chain) -> None:
    assert Store(chain).offer(chain(1, signer=chain.stranger)[0]) == "sync.refused_device"


def test_neither_a_stranger_nor_another_member_can_write_into_a_members_stream(chain: Chain) -> None:
    (forged,) = chain(1, signer=chain.stranger, stream=chain.stream())
    assert Store(chain).offer(forged) == "sync.refused_signature"
    assert Store(chain, chain.stranger).offer(forged) == "sync.refused_signature"


def test_a_segment_of_another_scope_is_refused(chain: Chain) -> None:
    assert Store(chain).offer(chain(1, scope=b"t" * 16)[0]) == "sync.refused_scope"


def test_another_segment_in_the_same_place_is_a_fork_and_the_first_one_stays(chain: Chain) -> None:
    stream = chain.stream()
    store, ours, theirs = Store(chain), chain(2, stream=stream), chain(3, stream=stream)
    assert [store.offer(one) for one in ours] == ["taken"] * 2
    assert [store.offer(one) for one in theirs] == ["sync.refused_fork"] * 3
    assert [store.offer(one) for one in ours] == [KNOWN] * 2


@pytest.mark.parametrize("place", [10, 40, -SIGNATURE_SIZE - 1, -1])
def test_a_segment_that_was_changed_on_the_way_is_refused(chain: Chain, place: int) -> None:
    whole, envelopes = chain(1)[0]
    at = place % len(whole)
    broken = Segment(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :], envelopes)
    store = Store(chain)
    assert store.offer(broken) not in {"taken", KNOWN}
    assert store.offer(Segment(whole, envelopes)) == "taken"


def test_what_is_no_segment_at_all_is_refused(chain: Chain) -> None:
    for data in (b"", b"XYS1", b"XYS1\xff\xff" + bytes(100)):
        assert Store(chain).offer(Segment(data, NO_ENVELOPES)) == "sync.refused_unreadable"


def test_a_segment_with_something_else_in_the_place_of_its_envelopes_is_refused(chain: Chain) -> None:
    store, (whole,) = Store(chain), chain(1)
    assert store.offer(Segment(whole.data, b"not envelopes")) == "sync.refused_unreadable"
    assert store.offer(whole) == "taken"
