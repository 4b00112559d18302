"""The county's escrow key: two pages of three open a station's recovery code, where the station agreed."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from shamir_mnemonic.wordlist import WORDLIST

from storage import recovery_code
from storage.archive import Archive
from storage.errors import Problem
from storage.escrow import (
    SHARES,
    WORDS,
    EscrowKey,
    Share,
    agree,
    agreed,
    join,
    kept_for,
    new_key,
    open_code,
    read_key,
    read_share,
    read_shares,
)
from storage.keys import slots_path
from tests.effort import dice

if TYPE_CHECKING:
    from tests.conftest import Workshop

VECTORS = Path(__file__).resolve().parents[2] / "vectors"
CODE = recovery_code.new_code()


@pytest.fixture(scope="module")
def county() -> tuple[EscrowKey, list[Share]]:
    return new_key("青溪县", "2026-11-22")


def refusal(*arguments: Any) -> tuple[str, dict[str, object]]:
    function, *given = arguments
    with pytest.raises(Problem) as caught:
        function(*given)
    return caught.value.key, caught.value.values


# ---- the shares ----


def test_any_two_of_the_three_pages_give_the_private_key(county: tuple[EscrowKey, list[Share]]) -> None:
    key, shares = county
    assert [share.number for share in shares] == [1, 2, 3]
    for two in combinations(shares, 2):
        assert join(two).public_key == join(two[::-1]).public_key == key.public


def test_one_page_or_one_page_twice_opens_nothing(county: tuple[EscrowKey, list[Share]]) -> None:
    _, shares = county
    assert refusal(join, shares[:1])[0] == "escrow.how_many"
    assert refusal(join, shares)[0] == "escrow.how_many"
    assert refusal(join, [shares[1], shares[1]]) == ("escrow.same_share", {"number": 2})


def test_pages_of_different_keys_are_refused(county: tuple[EscrowKey, list[Share]]) -> None:
    _, shares = county
    for _ in range(3):
        _, others = new_key("青溪县", "2026-11-22")
        assert refusal(join, [shares[0], others[1]])[0] == "escrow.different_keys"
        assert refusal(join, [shares[0], others[0]])[0] == "escrow.different_keys"


def test_whichever_word_is_taken_for_another_one_it_is_noticed(county: tuple[EscrowKey, list[Share]]) -> None:
    words, chance = county[1][0].words.split(), dice("mistyped words")
    for place in range(WORDS):
        wrong = chance.choice([word for word in WORDLIST if word != words[place]])
        assert refusal(read_share, " ".join([*words[:place], wrong, *words[place + 1 :]]))[0] == "escrow.mistyped"
    for place in range(WORDS - 1):
        swapped = [*words[:place], words[place + 1], words[place], *words[place + 2 :]]
        if swapped != words:
            assert refusal(read_share, " ".join(swapped))[0] == "escrow.mistyped"


def test_a_word_that_is_none_is_named_with_its_place(county: tuple[EscrowKey, list[Share]]) -> None:
    words = county[1][2].words.split()
    words[6] = "zebra"
    assert refusal(read_share, " ".join(words), 2) == ("escrow.word", {"share": 2, "number": 7, "word": "zebra"})


@pytest.mark.parametrize(("text", "given"), [("", 0), ("1. 2. 你好", 0), ("academic acid", 2), ("acid " * 34, 34)])
def test_too_few_and_too_many_words_are_counted(text: str, given: int) -> None:
    assert refusal(read_share, text) == ("escrow.length", {"share": 1, "given": given, "length": WORDS})


def test_how_the_words_are_typed_does_not_matter(county: tuple[EscrowKey, list[Share]]) -> None:
    _, shares = county
    share = shares[1]
    words = share.words.split()
    numbered = "\n".join(f"{number}．{word.upper()}，" for number, word in enumerate(words, 1))
    wide = "".join(chr(ord(one) + 0xFEE0) if one.isalpha() else one for one in share.words)
    assert read_share(numbered) == read_share(wide) == read_share(f"\ufeff {share.words}\r\n") == share
    assert read_shares(f"{shares[0].words}\n\n{numbered}") == shares[:2]


def test_a_share_that_needs_other_numbers_of_pages_is_of_another_program() -> None:
    from shamir_mnemonic import generate_mnemonics

    for needed, made in ((3, 5), (2, 5)):
        (words,) = generate_mnemonics(1, [(needed, made)], bytes(32))
        assert refusal(read_share, words[-1])[0] == "escrow.foreign"
    (words,) = generate_mnemonics(1, [(2, SHARES)], bytes(16))
    assert refusal(read_share, words[0])[0] == "escrow.length"


# ---- the key for the stations ----


def test_the_key_file_is_read_as_it_was_written_and_refused_where_a_letter_changed(
    county: tuple[EscrowKey, list[Share]],
) -> None:
    key, _ = county
    data = key.written()
    assert read_key(data, "k") == key
    assert len(key.fingerprint.split()) == 8
    start = data.index(b'"public"')
    for place in (start + 20, start + 400, start + 1600, data.index(b'"fingerprint"') + 20):
        changed = data[:place] + (b"A" if data[place : place + 1] != b"A" else b"B") + data[place + 1 :]
        assert refusal(read_key, changed, "k") == ("escrow.not_a_key", {"file": "k"})


@pytest.mark.parametrize("data", [b"", b"{}", b"\xff\xfe", b'{"what": "letter", "format": 1}', b"[" * 100_000])
def test_what_is_no_key_is_refused(data: bytes) -> None:
    assert refusal(read_key, data, "k")[0] == "escrow.not_a_key"


def test_what_has_the_form_of_a_key_and_cannot_be_one_is_refused(county: tuple[EscrowKey, list[Share]]) -> None:
    for public in (b"", county[0].public[:-1], b"\xff" * len(county[0].public)):
        assert refusal(read_key, EscrowKey("县", "2026-11-22", public).written(), "k")[0] == "escrow.not_a_key"


def test_a_key_of_a_newer_version_is_said_to_be_one(county: tuple[EscrowKey, list[Share]]) -> None:
    said = msgspec.json.decode(county[0].written()) | {"format": 2, "key": ["something else"]}
    assert refusal(read_key, msgspec.json.encode(said), "k") == ("escrow.newer", {"file": "k"})


# ---- a station ----


@pytest.fixture
def station(workshop: Workshop, tmp_path: Path) -> Archive:
    return workshop.open(workshop.copy(tmp_path))


def test_the_county_finds_the_code_of_a_station_that_agreed_and_of_no_other(
    station: Archive, county: tuple[EscrowKey, list[Share]]
) -> None:
    key, shares = county
    slots, holder = slots_path(station.path), join(shares[1:])
    assert refusal(open_code, slots, holder)[0] == "escrow.none"
    station.accounts.set_recovery(CODE)
    assert refusal(open_code, slots, holder)[0] == "escrow.none"
    station.accounts.set_recovery(CODE, key.public)
    assert kept_for(slots) == key.public
    assert open_code(slots, holder) == CODE
    other, pages = new_key("别的县", "2026-11-22")
    refused = refusal(open_code, slots, join(pages[:2]))
    assert refused[0] == "escrow.other_key"
    assert (refused[1]["kept"], refused[1]["given"]) == (key.fingerprint, other.fingerprint)
    station.accounts.set_recovery(CODE)
    assert kept_for(slots) == b""
    assert refusal(open_code, slots, holder)[0] == "escrow.none"
    station.close()


def test_a_key_slot_file_that_was_changed_gives_no_code(
    station: Archive, county: tuple[EscrowKey, list[Share]]
) -> None:
    key, shares = county
    station.accounts.set_recovery(CODE, key.public)
    slots, holder, chance = slots_path(station.path), join(shares[:2]), dice("changed slots")
    data = slots.read_bytes()
    keys = set()
    for _ in range(60):
        place = chance.randrange(len(data))
        slots.write_bytes(data[:place] + bytes([data[place] ^ 1 << chance.randrange(8)]) + data[place + 1 :])
        keys.add(refusal(open_code, slots, holder)[0])
    assert keys <= {
        "archive.keys_damaged", "archive.keys_foreign", "archive.newer", "escrow.none", "escrow.other_key",
        "recovery.none", "recovery.wrong",
    }  # fmt: skip
    slots.write_bytes(data)
    assert open_code(slots, holder) == CODE
    assert refusal(open_code, slots.with_name("none"), holder)[0] == "archive.keys_missing"
    slots.write_bytes(b"XYK2" + data[4:])
    assert refusal(open_code, slots, holder)[0] == "archive.newer"
    station.close()


def test_who_agreed_is_remembered_and_nobody_else_can_have_agreed_for_them(
    station: Archive, county: tuple[EscrowKey, list[Share]]
) -> None:
    key, other = county[0], new_key("假的县", "2026-11-22")[0]
    assert agreed(station) is None
    agree(station, key)
    assert agreed(station) == key
    # Whoever has the raw key could write into the archive, but not what only the user's own key makes.
    place = f"escrow {station.user.hex()}"
    said = station.local(place)
    assert said is not None
    forged = msgspec.json.decode(said) | {"key": msgspec.to_builtins(other)}
    station.remember(place, msgspec.json.encode(forged).decode())
    assert agreed(station) is None
    station.remember(place, said)
    assert agreed(station) == key
    agree(station, None)
    assert agreed(station) is None
    station.close()


# ---- for ever ----


def test_shares_and_slots_that_were_written_once_are_read_for_ever(tmp_path: Path) -> None:
    said = msgspec.json.decode((VECTORS / "escrow-1.json").read_bytes(), type=dict[str, Any])
    shares = [read_share(words) for words in said["shares"]]
    holder = join([shares[0], shares[2]])
    assert holder.private_key.hex() == said["private_key"]
    key = read_key(said["key_file"].encode(), "k")
    assert (key.public, key.fingerprint) == (holder.public_key, said["fingerprint"])
    (tmp_path / "a.keys").write_bytes(bytes.fromhex(said["data"]))
    assert recovery_code.written(open_code(tmp_path / "a.keys", holder)) == said["recovery_code"]
