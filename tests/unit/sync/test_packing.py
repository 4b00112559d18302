"""What was sealed with a dictionary can be read only with its very bytes."""

from __future__ import annotations

from pathlib import Path

import pytest

from app import resources
from app.instruments.library import Library
from app.instruments.scoring import score
from app.records import ScoreResult, Screening, plain
from sync.changes import encode_payload
from sync.crypto import digest
from sync.packing import DICTIONARY, NotPackedError, Packer

SHIPPED = {
    1: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    2: "35f18595f67bffbb5663dba6792e6e9f9cb4bb4d7ab2c112d90634e8a76716b4",
    3: "bd0f2e91e5dccf89abebb399f59881c9d916c46ac210d4b2a164ff8b4114188c",
}
NOTE = {"answers": {"1": 1, "2": 0, "3": 2}, "date": "2026-10-20", "note": "与家长谈过，下周再来", "status": "complete"}
PACKED = {
    0: "0000c902009284a7616e737765727383a13101a13200a13302a464617465aa323032362d31302d3230a46e6f7465bee4b88ee5aeb6e995bfe8b088e8bf87efbc8ce4b88be591a8e5868de69da5a6737461747573a8636f6d706c65746590",
    1: "0000c902009284a7616e737765727383a13101a13200a13302a464617465aa323032362d31302d3230a46e6f7465bee4b88ee5aeb6e995bfe8b088e8bf87efbc8ce4b88be591a8e5868de69da5a6737461747573a8636f6d706c65746590",
    2: "0000d5010044029284830231302d3230bee4b88ee5aeb6e995bfe8b088e8bf878be591a8e5868de69da59006f05bc2d9aa6e3d9e66a0253e2bbfebbf926c02",
    3: "0000fd0100e4029284830231302d3230a46e6f7465bee4b88ee5aeb6e995bfe8b088e8bf87efbc8ce4b88be591a8e5868de69da59004fc39bf9a8045e47634e6a4aa7602",
}


def dictionaries() -> list[Path]:
    return sorted(resources.path("sync").glob("dictionary-*.bin"))


def test_no_dictionary_that_was_used_is_changed_or_gone() -> None:
    said = {int(file.stem.partition("-")[2]): digest(file.read_bytes()).hex() for file in dictionaries()}
    assert said == SHIPPED
    assert max(SHIPPED) == DICTIONARY, "the newest is used"


@pytest.mark.parametrize("number", PACKED)
def test_what_was_packed_once_is_read_with_the_dictionary_of_that_day(number: int) -> None:
    assert Packer(number).unpack(bytes.fromhex(PACKED[number])) == encode_payload(NOTE, {})


def test_another_dictionary_gives_other_content_or_none() -> None:
    """So the number in the header of a segment is no ornament."""
    try:
        content = Packer(1).unpack(bytes.fromhex(PACKED[2]))
    except NotPackedError:
        content = b""
    assert content != encode_payload(NOTE, {})


def test_a_dictionary_that_is_not_here_is_told() -> None:
    with pytest.raises(NotPackedError):
        Packer(DICTIONARY + 1)


def test_an_answer_sheet_is_a_third_with_the_dictionary_of_what_it_is_without() -> None:
    library = Library.load()
    definition = library.get("phq-9")
    outcome = score(definition, {item.id: place % 3 for place, item in enumerate(definition.items)})
    sheet = Screening(
        instrument="phq-9",
        version=definition.version,
        content=library.content_hash("phq-9"),
        date="2031-04-17",
        answers={item.id: place % 3 for place, item in enumerate(definition.items)},
        status=outcome.status,
        scores={name: ScoreResult(one.value, one.band, one.positive) for name, one in outcome.scores.items()},
        mode="typed",
    )
    payload = encode_payload(plain(sheet), {})
    assert len(Packer().pack(payload)) * 3 < len(Packer(0).pack(payload))
