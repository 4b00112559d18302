"""Keyrings of invented computers."""

import gc
import threading
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.keyring.secret_service import TIMEOUT, SecretService


@pytest.fixture
def make_keyring(tmp_path: Path) -> Iterator[Callable[[str], SecretService]]:
    """Makes keyrings, each on a bus of its own, and ends them."""
    made: list[SecretService] = []

    def make(name: str) -> SecretService:
        made.append(SecretService(tmp_path / name))
        return made[-1]

    yield make
    for service in made:
        service.stop()
    let_go()


def let_go() -> None:
    """Be done with connections that the library leaves open where a keyring was of no help."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        for thread in threading.enumerate():
            if thread.name == "keyring":
                thread.join(TIMEOUT)
        gc.collect()


@pytest.fixture
def keyring(make_keyring: Callable[[str], SecretService], monkeypatch: pytest.MonkeyPatch) -> SecretService:
    """The keyring of the computer that the test runs on, unlocked."""
    service = make_keyring("keyring")
    service.enter(monkeypatch)
    return service
