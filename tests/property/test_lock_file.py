"""The file beside an archive that says who has it open, with anything at all in it."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.errors import Problem
from storage.lock import Lock


@given(content=st.binary(max_size=200))
def test_whatever_stands_in_the_file_an_open_archive_is_refused_and_a_free_one_is_not(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        archive = Path(folder) / "a.xinyi"
        lock = Lock(archive)
        (Path(folder) / "a.xinyi.lock").write_bytes(content)
        with pytest.raises(Problem) as caught:
            Lock(archive)
        assert caught.value.key in {"archive.in_use", "archive.in_use_here", "archive.in_use_elsewhere"}
        lock.release()
        (Path(folder) / "a.xinyi.lock").write_bytes(content)
        Lock(archive).release()
