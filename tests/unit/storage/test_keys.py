"""The key-slot file: every byte of it counts."""

from __future__ import annotations

import hmac
from pathlib import Path
from typing import Any

import msgspec
import pytest

from storage.errors import Problem
from storage.keys import (
    COST,
    MAC_SIZE,
    MAGIC,
    MAX_FILE,
    Cost,
    PasswordLock,
    Slot,
    SlotFile,
    Unlocked,
    open_slots,
    user_slot,
    write_slots,
)
from sync.crypto import Recipient, derive

UNLOCKED = Unlocked(b"a" * 16, b"k" * 32, b"u" * 16, Recipient.generate().private_key)


@pytest.fixture
def cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    """Passwords that take no time, for tests that try hundreds of them."""
    monkeypatch.setattr("storage.keys.COST", Cost(memory=128, passes=1, lanes=1))
    monkeypatch.setattr("storage.keys.MAX_COST", Cost(memory=2048, passes=16, lanes=16))


@pytest.fixture(scope="module")
def slot() -> Slot:
    return user_slot(UNLOCKED, "u", "p")


def refusal(path: Path, name: str = "u", secret: str = "p") -> str:  # noqa: S107 -- no secret
    with pytest.raises(Problem) as caught:
        open_slots(path, name, secret)
    return caught.value.key


def with_lock(slot: Slot, **changes: Any) -> Slot:
    assert slot.lock is not None
    return msgspec.structs.replace(slot, lock=msgspec.structs.replace(slot.lock, **changes))


def write_signed(path: Path, body: Any) -> None:
    """A file with a right checksum, as somebody could make who has the key."""
    data = MAGIC + msgspec.msgpack.encode(body)
    mac = hmac.digest(derive(UNLOCKED.key, salt=b"", info=b"xinyi slots 1"), data, "sha256")
    path.write_bytes(data + mac)


@pytest.mark.usefixtures("cheap")
def test_every_user_opens_the_archive_with_a_password_of_their_own(tmp_path: Path) -> None:
    users = [UNLOCKED._replace(user=bytes([number]) * 16) for number in range(2)]
    slots = [user_slot(one, f"user {number}", f"password {number}") for number, one in enumerate(users)]
    write_slots(tmp_path / "a.keys", SlotFile(UNLOCKED.archive, slots), UNLOCKED.key)
    assert [open_slots(tmp_path / "a.keys", f"user {number}", f"password {number}") for number in range(2)] == users
    assert refusal(tmp_path / "a.keys", "user 0", "password 1") == "archive.wrong_password"


@pytest.mark.usefixtures("cheap")
def test_a_changed_byte_anywhere_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.keys"
    slots = [user_slot(UNLOCKED, name, "p") for name in ("u", "v")]
    write_slots(path, SlotFile(UNLOCKED.archive, slots), UNLOCKED.key)
    whole = path.read_bytes()
    # Keys and ciphertexts are long, and every byte of them is like its neighbour.
    places = {*range(64), *range(0, len(whole), 11), *range(len(whole) - 64, len(whole))}
    for place in sorted(places):
        for flipped in (1 << place % 8, 0xFF):
            path.write_bytes(whole[:place] + bytes([whole[place] ^ flipped]) + whole[place + 1 :])
            assert refusal(path).startswith("archive."), (place, flipped)
    path.write_bytes(whole)
    assert open_slots(path, "u", "p") == UNLOCKED


@pytest.mark.usefixtures("cheap")
def test_a_file_cut_short_anywhere_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.keys"
    write_slots(path, SlotFile(UNLOCKED.archive, [user_slot(UNLOCKED, "u", "p")]), UNLOCKED.key)
    whole = path.read_bytes()
    for length in {*range(100), *range(100, len(whole), 13), len(whole) - 1}:
        path.write_bytes(whole[:length])
        assert refusal(path) in {"archive.keys_foreign", "archive.keys_damaged"}


@pytest.mark.parametrize(
    ("content", "key"),
    [
        (b"", "archive.keys_foreign"),
        (b"\x89PNG\r\n", "archive.keys_foreign"),
        (b"XYK2 whatever comes", "archive.newer"),
        (b"XYK1", "archive.keys_damaged"),
        (b"XYK1" + bytes(100), "archive.keys_damaged"),
        (b"XYK1" + b"\x91" * 5000 + bytes(MAC_SIZE), "archive.keys_damaged"),
        (b"XYK1" + bytes(MAX_FILE), "archive.keys_damaged"),
    ],
)
def test_what_is_not_a_key_file_of_this_version_is_refused(tmp_path: Path, content: bytes, key: str) -> None:
    (tmp_path / "a.keys").write_bytes(content)
    assert refusal(tmp_path / "a.keys") == key


def test_a_missing_key_file_and_a_folder_in_its_place_are_told_apart(tmp_path: Path) -> None:
    assert refusal(tmp_path / "a.keys") == "archive.keys_missing"
    (tmp_path / "a.keys").mkdir()
    assert refusal(tmp_path / "a.keys") == "archive.cannot_read"


@pytest.mark.parametrize(
    "cost",
    [
        COST._replace(memory=COST.memory - 1),
        COST._replace(passes=2),
        COST._replace(lanes=3),
        Cost(1024 * 1024 + 1, 3, 4),
        COST._replace(passes=17),
        COST._replace(lanes=17),
        COST._replace(memory=-1),
        COST._replace(memory=2**64 - 1),
    ],
)
def test_weakened_or_absurd_parameters_are_refused(tmp_path: Path, slot: Slot, cost: Cost) -> None:
    changed = with_lock(slot, cost=cost)
    write_signed(tmp_path / "a.keys", SlotFile(UNLOCKED.archive, [changed]))
    assert refusal(tmp_path / "a.keys") == "archive.keys_damaged"


def test_stronger_parameters_than_ours_are_taken_at_their_word(tmp_path: Path, slot: Slot) -> None:
    changed = with_lock(slot, cost=COST._replace(passes=4))
    write_signed(tmp_path / "a.keys", SlotFile(UNLOCKED.archive, [changed]))
    # The password does not fit a slot that it was not made for, but it is tried.
    assert refusal(tmp_path / "a.keys") == "archive.wrong_password"


@pytest.mark.parametrize(
    "oddity",
    [
        {"salt": b"short"},
        {"salt": b""},
        {"tag": b""},
        {"sealed": b""},
        {"kind": 2},
        {"cost": (1, 2)},
        {"public": b""},
        {"public": bytes(1216)},
        {"wrapped": b""},
        {"wrapped": bytes(1200)},
        {"bound": True},
        {"lock": None},
        {"kept": [b"short", b""]},
    ],
)
def test_a_slot_of_another_shape_is_refused(tmp_path: Path, slot: Slot, oddity: dict[str, Any]) -> None:
    assert slot.lock is not None
    lock = [oddity.get(name, getattr(slot.lock, name)) for name in PasswordLock.__struct_fields__]
    changed = [{"lock": lock, **oddity}.get(name, getattr(slot, name)) for name in Slot.__struct_fields__]
    write_signed(tmp_path / "a.keys", [UNLOCKED.archive, [changed]])
    assert refusal(tmp_path / "a.keys") in {
        "archive.keys_damaged",
        "archive.wrong_password",
        "archive.no_device_secret",
    }


@pytest.mark.usefixtures("cheap")
def test_a_slot_that_somebody_added_without_the_key_is_noticed(tmp_path: Path) -> None:
    own, other = user_slot(UNLOCKED, "u", "p"), user_slot(UNLOCKED._replace(key=bytes(32)), "intruder", "p")
    path = tmp_path / "a.keys"
    write_slots(path, SlotFile(UNLOCKED.archive, [own]), UNLOCKED.key)
    mac = path.read_bytes()[-MAC_SIZE:]
    path.write_bytes(MAGIC + msgspec.msgpack.encode(SlotFile(UNLOCKED.archive, [own, other])) + mac)
    assert refusal(path) == "archive.keys_damaged"
    assert refusal(path, "intruder") == "archive.keys_damaged"


def test_a_slot_cannot_be_moved_to_another_archive(tmp_path: Path, slot: Slot) -> None:
    other = SlotFile(b"b" * 16, [slot])
    write_slots(tmp_path / "a.keys", other, UNLOCKED.key)
    assert refusal(tmp_path / "a.keys") == "archive.wrong_password"


@pytest.mark.usefixtures("cheap")
def test_the_key_file_names_nobody(tmp_path: Path) -> None:
    write_slots(tmp_path / "a.keys", SlotFile(UNLOCKED.archive, [user_slot(UNLOCKED, "王护士", "p")]), UNLOCKED.key)
    content = (tmp_path / "a.keys").read_bytes()
    assert not any("王护士".encode(encoding) in content for encoding in ("utf-8", "utf-16-le", "gb18030"))


@pytest.mark.usefixtures("cheap")
def test_equal_passwords_make_different_slots() -> None:
    one, other = (user_slot(UNLOCKED, "u", "p") for _ in range(2))
    assert one.lock is not None
    assert other.lock is not None
    assert one.lock.salt != other.lock.salt
    assert one.lock.sealed != other.lock.sealed
