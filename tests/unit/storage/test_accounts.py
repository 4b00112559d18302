"""Several users, a recovery code, escrow, another raw key: who gets in, and who does not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from storage.accounts import Accounts, recover
from storage.errors import Problem
from storage.keys import (
    ESCROW_SLOT,
    RECOVERY_SLOT,
    Cost,
    DeviceSecret,
    Slot,
    SlotFile,
    Unlocked,
    give_back,
    no_device_secret,
    open_recovery,
    open_slots,
    read_slots,
    recovery_slot,
    slots_path,
    user_slot,
    user_tag,
    write_slots,
)
from storage.recovery_code import new_code
from sync.crypto import Recipient, Unsealed, wrap

ARCHIVE, KEY = b"a" * 16, b"k" * 32
ADMIN, NURSE = b"1" * 16, b"2" * 16


@pytest.fixture(autouse=True)
def cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    """Passwords that take no time."""
    monkeypatch.setattr("storage.keys.COST", Cost(memory=128, passes=1, lanes=1))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """An archive's path, with a key-slot file of one user."""
    unlocked = Unlocked(ARCHIVE, KEY, ADMIN, Recipient.generate().private_key)
    path = tmp_path / "a.xinyi"
    write_slots(slots_path(path), SlotFile(ARCHIVE, [user_slot(unlocked, "admin", "one")]), KEY)
    return path


@pytest.fixture
def accounts(path: Path) -> Accounts:
    return Accounts(path, unlock(path, "admin", "one"))


def unlock(path: Path, name: str, password: str, secret: DeviceSecret = no_device_secret) -> Unlocked:
    return open_slots(slots_path(path), name, password, secret)


def new_recovery(accounts: Accounts, escrow: bytes = b"") -> bytes:
    code = new_code()
    accounts.set_recovery(code, escrow)
    return code


def refusal(act: Callable[[], object]) -> str:
    with pytest.raises(Problem) as caught:
        act()
    return caught.value.key


def test_a_new_user_has_the_key_and_a_key_pair_of_their_own(path: Path, accounts: Accounts) -> None:
    public = accounts.put_user(NURSE, "nurse", "two")
    nurse, admin = unlock(path, "nurse", "two"), unlock(path, "admin", "one")
    assert (nurse.user, nurse.key) == (NURSE, KEY)
    assert Recipient(nurse.private).public_key == public
    assert nurse.private != admin.private
    assert accounts.public_key("nurse") == public
    assert accounts.public_key("nobody") is None


def test_a_new_password_replaces_the_old_one_and_keeps_the_key_pair(path: Path, accounts: Accounts) -> None:
    before = unlock(path, "admin", "one")
    accounts.set_password("admin", "new")
    assert unlock(path, "admin", "new") == before
    assert refusal(lambda: unlock(path, "admin", "one")) == "archive.wrong_password"


def test_a_reset_by_somebody_else_does_not_open_what_was_sealed_before(path: Path, accounts: Accounts) -> None:
    public = accounts.put_user(NURSE, "nurse", "two")
    note = wrap(public, b"secret", b"note")
    accounts.put_user(NURSE, "nurse", "reset")
    after = Recipient(unlock(path, "nurse", "reset").private)
    with pytest.raises(Unsealed):
        after.unwrap(note, b"note")
    assert refusal(lambda: unlock(path, "nurse", "two")) == "archive.wrong_password"


def test_a_removed_user_is_out_and_the_others_stay(path: Path, accounts: Accounts) -> None:
    accounts.put_user(NURSE, "nurse", "two")
    accounts.remove_user("nurse")
    assert refusal(lambda: unlock(path, "nurse", "two")) == "archive.wrong_password"
    assert unlock(path, "admin", "one").key == KEY


def test_what_somebody_without_the_key_wrote_is_not_built_upon(path: Path, accounts: Accounts) -> None:
    data = slots_path(path).read_bytes()
    slots_path(path).write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    assert refusal(lambda: accounts.put_user(NURSE, "nurse", "two")) == "archive.keys_damaged"


# ---- the device secret ----


def test_a_bound_password_needs_the_secret_of_the_device(path: Path, accounts: Accounts) -> None:
    accounts.set_password("admin", "one", device_secret=b"s" * 32)
    assert unlock(path, "admin", "one", lambda archive: {ARCHIVE: b"s" * 32}[archive]).key == KEY
    assert refusal(lambda: unlock(path, "admin", "one")) == "archive.no_device_secret"
    assert refusal(lambda: unlock(path, "admin", "one", lambda _: b"t" * 32)) == "archive.wrong_password"
    assert accounts.is_bound("admin")
    assert not accounts.is_bound("nobody")


def test_the_recovery_code_opens_without_the_secret_of_the_device(path: Path, accounts: Accounts) -> None:
    accounts.set_password("admin", "one", device_secret=b"s" * 32)
    recover(path, new_recovery(accounts), "admin", "again")
    assert unlock(path, "admin", "again").key == KEY


# ---- the recovery code ----


def test_a_forgotten_password_is_replaced_and_sealed_notes_stay_readable(path: Path, accounts: Accounts) -> None:
    code = new_recovery(accounts)
    public = accounts.put_user(NURSE, "nurse", "forgotten")
    note = wrap(public, b"secret", b"note")
    recover(path, code, "nurse", "remembered")
    opened = unlock(path, "nurse", "remembered")
    assert (opened.user, opened.key) == (NURSE, KEY)
    assert Recipient(opened.private).unwrap(note, b"note") == b"secret"
    assert refusal(lambda: unlock(path, "nurse", "forgotten")) == "archive.wrong_password"


def test_a_new_code_takes_the_place_of_the_old_one(path: Path, accounts: Accounts) -> None:
    old, new = new_recovery(accounts), new_recovery(accounts)
    assert refusal(lambda: recover(path, old, "admin", "x")) == "recovery.wrong"
    recover(path, new, "admin", "x")
    assert unlock(path, "admin", "x").key == KEY


def test_a_new_code_gives_others_keys_back_only_once_they_agree(path: Path, accounts: Accounts) -> None:
    accounts.put_user(NURSE, "nurse", "two")
    code = new_recovery(accounts)
    assert refusal(lambda: recover(path, code, "nurse", "x")) == "recovery.not_kept"
    nurse = Accounts(path, unlock(path, "nurse", "two"))
    assert nurse.recovery_key() is None
    nurse.trust_recovery()
    assert nurse.recovery_key() == accounts.recovery_key() is not None
    recover(path, code, "nurse", "x")
    assert unlock(path, "nurse", "x").user == NURSE


def test_a_code_that_somebody_slipped_in_gets_no_key(path: Path, accounts: Accounts) -> None:
    new_recovery(accounts)
    accounts.put_user(NURSE, "nurse", "two")
    slipped = recovery_slot(ARCHIVE, KEY, b"m" * 18)
    slots = read_slots(slots_path(path), KEY)
    trust = next(slot.trust for slot in slots.slots if slot.tag == user_tag(ARCHIVE, "nurse"))
    forged = [msgspec.structs.replace(slot, trust=trust) for slot in slots.without(RECOVERY_SLOT).slots]
    write_slots(slots_path(path), SlotFile(ARCHIVE, [*forged, slipped]), KEY)
    nurse = Accounts(path, unlock(path, "nurse", "two"))
    assert nurse.recovery_key() is None
    nurse.set_password("nurse", "three")
    assert refusal(lambda: recover(path, b"m" * 18, "nurse", "x")) == "recovery.not_kept"


def test_a_changed_password_and_a_new_raw_key_leave_the_code_trusted(path: Path, accounts: Accounts) -> None:
    code = new_recovery(accounts)
    accounts.set_password("admin", "two")
    accounts.set_keys(b"n" * 32)
    assert Accounts(path, unlock(path, "admin", "two")).recovery_key() is not None
    recover(path, code, "admin", "three")
    assert Accounts(path, unlock(path, "admin", "three")).recovery_key() is not None


def test_without_a_code_or_with_another_one_nothing_opens(path: Path, accounts: Accounts) -> None:
    assert not accounts.has_recovery()
    assert refusal(lambda: recover(path, b"c" * 18, "admin", "x")) == "recovery.none"
    code = new_recovery(accounts)
    assert accounts.has_recovery()
    assert refusal(lambda: recover(path, b"c" * 18, "admin", "x")) == "recovery.wrong"
    assert refusal(lambda: recover(path, code, "nobody", "x")) == "user.unknown"
    assert unlock(path, "admin", "one").key == KEY


def test_the_county_can_find_the_code_out_only_with_its_escrow_key(path: Path, accounts: Accounts) -> None:
    county = Recipient.generate()
    code = new_recovery(accounts, county.public_key)
    slots = read_slots(slots_path(path), KEY)
    recovery, escrow = slots.of_kind(RECOVERY_SLOT), slots.of_kind(ESCROW_SLOT)
    assert isinstance(recovery, Slot)
    assert isinstance(escrow, Slot)
    assert give_back(ARCHIVE, recovery, county) == code
    with pytest.raises(Unsealed):
        give_back(ARCHIVE, recovery, Recipient.generate())
    new_recovery(accounts)
    assert read_slots(slots_path(path), KEY).of_kind(ESCROW_SLOT) is None


# ---- another raw key ----


def test_another_raw_key_reaches_everybody_without_their_passwords(path: Path, accounts: Accounts) -> None:
    accounts.put_user(NURSE, "nurse", "two")
    code = new_recovery(accounts)
    accounts.set_keys(b"n" * 32, KEY)
    assert unlock(path, "nurse", "two")[1:5:3] == (b"n" * 32, KEY)
    accounts.set_keys(b"n" * 32)
    for opened in (unlock(path, "nurse", "two"), unlock(path, "admin", "one"), open_recovery(slots_path(path), code)):
        assert (opened.key, opened.old_key) == (b"n" * 32, b"")
