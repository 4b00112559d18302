"""The device secret in a real Secret Service: bound accounts, and every way in which a keyring can be of no help."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from storage import device_secret
from storage.errors import EnvironmentProblem
from tests.cli.conftest import Ran, make_archive, run
from tests.keyring.secret_service import PROMPTER, TIMEOUT, SecretService
from tests.printed import text_of

ARCHIVE = b"a" * 16
NEW = "a new long password"
BRIEF = 0.5
"""Seconds that a test has for a keyring that does not answer."""

ROOT = Path(__file__).resolve().parents[2]
ASK = """
import sys
sys.path.insert(0, sys.argv[1])
from storage import device_secret
from storage.errors import Problem
try:
    device_secret.read(b"a" * 16, float(sys.argv[2]))
except Problem as problem:
    print(problem.key)
"""


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive with a printed recovery code, not bound to anything."""
    path = make_archive(tmp_path_factory.mktemp("template"), "a", "示范中学")
    run("archive", "recovery", "--out", path.with_name("code.pdf"), archive=path)
    text = text_of(path.with_name("code.pdf"))
    path.with_name("code.txt").write_text("-".join(re.findall(r"[1-7]\. ([0-9A-Z]{5})\b", text)), "utf-8")
    return path


@pytest.fixture
def path(template: Path, tmp_path: Path) -> Path:
    shutil.copytree(template.parent, tmp_path / "desk")
    return tmp_path / "desk" / template.name


@pytest.fixture
def bound(path: Path, keyring: SecretService) -> Path:
    """The archive, its only account bound to this computer."""
    bind(path)
    return path


def bind(path: Path, *, expect: int = 0) -> Ran:
    password = path.with_suffix(".password")
    command = ["archive", "user", "password", "--bind", "--new-password-file", password]
    return run(*command, archive=path, expect=expect)


def opens(path: Path) -> None:
    run("archive", "info", archive=path)


def refused(path: Path) -> str:
    return run("archive", "info", archive=path, expect=1).err


def recover(path: Path) -> None:
    path.with_suffix(".password").write_text(NEW + "\n", "utf-8")
    run("archive", "recover", "--code-file", path.with_name("code.txt"), archive=path)


def no_bus(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """As over a remote shell: neither a session bus nor the place where one is looked for."""
    monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS", raising=False)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(folder))


def reading() -> str:
    """The key of the sentence about reading the secret."""
    with pytest.raises(EnvironmentProblem) as caught:
        device_secret.read(ARCHIVE, BRIEF)
    return caught.value.key


# ---- bound accounts ----


def test_a_bound_account_opens_with_the_keyring(bound: Path, keyring: SecretService) -> None:
    assert [len(bytes.fromhex(secret.decode())) for secret in keyring.kept().values()] == [device_secret.SECRET_SIZE]
    opens(bound)


def test_the_name_in_the_keyring_names_nobody(bound: Path, keyring: SecretService) -> None:
    (name,) = keyring.kept()
    assert re.fullmatch(r"[0-9a-f]{32}", name)


def test_an_account_that_is_freed_needs_no_keyring(bound: Path, keyring: SecretService) -> None:
    password = bound.with_suffix(".password")
    run("archive", "user", "password", "--no-bind", "--new-password-file", password, archive=bound)
    keyring.log_out()
    opens(bound)


def test_a_locked_keyring_is_named_and_opens_once_it_is_unlocked(bound: Path, keyring: SecretService) -> None:
    keyring.lock()
    said = refused(bound)
    assert "系统钥匙串还锁着" in said
    assert "请解锁系统钥匙串" in said
    keyring.log_out()
    keyring.log_in()
    opens(bound)


def test_nothing_is_bound_while_the_keyring_is_locked(path: Path, keyring: SecretService) -> None:
    device_secret.create(ARCHIVE)
    keyring.lock()
    assert "没有绑定到本机" in bind(path, expect=1).err
    keyring.log_out()
    opens(path)


def test_without_a_bus_a_bound_account_says_what_is_missing_and_the_code_opens_it(
    bound: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    no_bus(monkeypatch, tmp_path)
    said = refused(bound)
    assert "没有可用的系统钥匙串" in said
    assert "恢复码" in said
    recover(bound)
    opens(bound)


def test_without_a_bus_what_is_not_bound_opens_and_nothing_is_bound(
    path: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    no_bus(monkeypatch, tmp_path)
    opens(path)
    assert "没有可用的系统钥匙串" in bind(path, expect=1).err
    opens(path)


def test_with_the_keyring_switched_off_nothing_is_bound(
    path: Path, keyring: SecretService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")
    opens(path)
    assert "没有可用的系统钥匙串" in bind(path, expect=1).err
    assert keyring.kept() == {}


def test_a_keyring_that_forgot_is_named_and_the_code_opens(bound: Path, keyring: SecretService) -> None:
    keyring.forget()
    assert "系统钥匙串里没有它的本机密钥" in refused(bound)
    recover(bound)
    opens(bound)


@pytest.mark.parametrize("nonsense", [b"", b"00", b"not a secret", b"\xff", b"0" * 62])
def test_what_is_no_secret_counts_as_forgotten(bound: Path, keyring: SecretService, nonsense: bytes) -> None:
    (name,) = keyring.kept()
    keyring.put(name, nonsense)
    with pytest.raises(EnvironmentProblem) as caught:
        device_secret.read(bytes.fromhex(name))
    assert caught.value.key == "archive.no_device_secret"


def test_a_keyring_that_comes_back_opens_again_in_the_same_program(keyring: SecretService) -> None:
    secret = device_secret.create(ARCHIVE)
    keyring.log_out()
    assert reading() == "archive.keyring_none"
    keyring.log_in()
    assert device_secret.read(ARCHIVE) == secret


def test_two_archives_have_secrets_of_their_own_in_one_keyring(
    bound: Path, keyring: SecretService, tmp_path: Path
) -> None:
    other = make_archive(tmp_path, "b", "另一所中学")
    bind(other)
    assert len(set(keyring.kept().values())) == 2
    opens(bound)
    opens(other)


def test_an_archive_that_was_carried_to_another_computer_opens_there_with_the_code_alone(
    bound: Path,
    make_keyring: Callable[[str], SecretService],
    keyring: SecretService,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    shutil.copytree(bound.parent, tmp_path / "stick")
    copy = tmp_path / "stick" / bound.name
    make_keyring("other").enter(monkeypatch)
    said = refused(copy)
    assert "绑定在设置它的那台电脑" in said
    assert "恢复码" in said
    recover(copy)
    bind(copy)
    opens(copy)
    # The account at home stays as it was.
    keyring.enter(monkeypatch)
    opens(bound)


# ---- keyrings that do not answer ----


@pytest.mark.parametrize("ask", [device_secret.read, device_secret.create])
def test_a_keyring_that_hangs_holds_nobody_up_for_ever(
    keyring: SecretService, ask: Callable[[bytes, float], bytes]
) -> None:
    secret = device_secret.create(ARCHIVE)
    keyring.hang()
    with pytest.raises(EnvironmentProblem, match="silent"):
        ask(ARCHIVE, BRIEF)
    keyring.go_on()
    assert device_secret.read(ARCHIVE) == secret


def test_a_question_that_nobody_answers_holds_nobody_up_for_ever(keyring: SecretService) -> None:
    device_secret.create(ARCHIVE)
    asker = keyring.bus.take_name(PROMPTER)  # a window that stays open, hidden behind others
    keyring.lock()
    assert reading() == "archive.keyring_silent"
    asker.close()


def test_a_program_that_gave_up_on_a_hanging_keyring_can_end(keyring: SecretService) -> None:
    keyring.hang()
    command = [sys.executable, "-c", ASK, str(ROOT), str(BRIEF)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=TIMEOUT)
    assert done.stdout == "archive.keyring_silent\n"


# ---- backends ----

PLAIN = """
from pathlib import Path
from keyring.backend import KeyringBackend

class Keyring(KeyringBackend):
    priority = 100

    def get_password(self, service, username):
        file = Path({file!r})
        return file.read_text() if file.exists() else None

    def set_password(self, service, username, password):
        Path({file!r}).write_text(password)
"""


@pytest.fixture
def plain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where a backend that writes plain files would write; it is installed, and the library takes it before others."""
    package, file = tmp_path / "installed", tmp_path / "secrets.txt"
    info = package / "plainring-1.0.dist-info"
    info.mkdir(parents=True)
    (package / "plainring.py").write_text(PLAIN.format(file=str(file)), "utf-8")
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: plainring\nVersion: 1.0\n", "utf-8")
    (info / "entry_points.txt").write_text("[keyring.backends]\nplain = plainring\n", "utf-8")
    monkeypatch.setenv("PYTHONPATH", str(package))
    return file


def test_the_library_itself_would_take_the_plain_file(plain: Path, tmp_path: Path) -> None:
    code = "import keyring; keyring.set_password('a', 'b', 'c')"
    subprocess.run([sys.executable, "-c", code], check=True, env=dict(os.environ))
    assert plain.read_text() == "c"


def test_a_backend_that_writes_plain_files_is_not_used(path: Path, keyring: SecretService, plain: Path) -> None:
    bind(path)
    opens(path)
    assert len(keyring.kept()) == 1
    assert not plain.exists()


@pytest.mark.parametrize("named", ["", "plainring.Keyring", "keyring.backends.chainer.ChainerBackend"])
def test_a_plain_file_is_no_keyring_even_where_there_is_no_other(
    path: Path, plain: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, named: str
) -> None:
    no_bus(monkeypatch, tmp_path)
    if named:
        monkeypatch.setenv("PYTHON_KEYRING_BACKEND", named)
    assert "没有可用的系统钥匙串" in bind(path, expect=1).err
    assert not plain.exists()
    opens(path)


@pytest.mark.parametrize("name", device_secret.SAFE)
def test_every_safe_backend_is_one_of_the_library(name: str) -> None:
    from keyring.backend import KeyringBackend

    assert issubclass(device_secret._class(name), KeyringBackend)
