"""What tests of archives and meetings share: a small data dictionary, archives that are ready at once, a station.

Making and opening an archive with a password costs a tenth of a second each, on purpose. Here every archive is made
once; a test gets a copy of its files and opens it with the key itself.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

from storage.archive import Archive, Owner
from storage.device import Names
from storage.keys import Unlocked, open_slots, slots_path
from storage.records import Catalogue, Fields, RecordType
from sync.changes import Change
from sync.county.office import County
from sync.county.store import CountyStore
from sync.crypto import Signer
from sync.ids import new_id, new_stream_id
from sync.papers import Admission, Request, armour, unarmour
from sync.segments import ScopeKey, Segment, Tail, read_header, seal_envelopes, seal_segment
from tests.effort import load_profile

load_profile()


def pytest_configure(config: pytest.Config) -> None:
    """Name what `dev.py soak` runs besides the properties."""
    config.addinivalue_line("markers", "soak: tries many times over in a soak")


LONGEST = ("test_meeting.py", "test_leaks.py")
"""Files with tests that take half a minute. One that came last would run on one core, with nothing left for the others."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the longest."""
    items.sort(key=lambda item: item.path.name not in LONGEST)


USER, PASSWORD, STATION = "护士甲", "春眠不觉晓 8", "青禾镇卫生院"
FILE = "档案.xinyi"
START = 1_790_000_000_000


def person_terms(fields: Fields) -> str:
    return " ".join(fields["name"])


CATALOGUE = Catalogue(
    [
        RecordType(name="person", index=("name", "birth_date"), person=True, terms=person_terms),
        RecordType(name="screening", index=("date", "score")),
        RecordType(name="alert", index=("level",), ranked={"level": ("blue", "yellow", "orange", "red")}),
    ]
)


class Wall:
    """A wall clock that a test can set; a millisecond passes with every look at it."""

    def __init__(self, now: int = START) -> None:
        self.now = now

    def __call__(self) -> int:
        self.now += 1
        return self.now


class Chain:
    """Makes segments without an archive: one change in each."""

    def __init__(self) -> None:
        self.device, self.stranger = Signer.generate(), Signer.generate()
        self.scope_key = ScopeKey(b"s" * 16, 1, b"k" * 32)

    def stream(self) -> bytes:
        return new_stream_id(self.device.id)

    def __call__(
        self, length: int, *, signer: Signer | None = None, scope: bytes = b"", stream: bytes = b"", size: int = 0
    ) -> list[Segment]:
        """The first segments of a stream, each of `size` bytes or more."""
        signer = signer or self.device
        scope_key = self.scope_key._replace(scope=scope or self.scope_key.scope)
        tail = Tail.of_new(stream or new_stream_id(signer.id))
        segments = []
        for _ in range(length):
            person, fields = new_id(START), {"filling": secrets.token_bytes(size)}
            change = Change(
                record=new_id(START), type="note", schema=1, person=person, actor=b"a" * 16, time=1, fields=fields
            )
            keys = {person: secrets.token_bytes(32)}
            data = seal_segment([change], tail, scope_key=scope_key, signer=signer, keys=keys)
            tail = tail.after(read_header(data), data)
            segments.append(Segment(data, seal_envelopes(keys, scope_key)))
        return segments


class Template(NamedTuple):
    folder: Path
    unlocked: Unlocked


class Station:
    """A county with a station of several devices that have been admitted and have not met anybody yet."""

    def __init__(self, folder: Path, archives: list[Archive], county: County) -> None:
        self.folder = folder
        self.archives = archives
        self.county = county

    @property
    def server(self) -> CountyStore:
        return self.county.store


class Workshop:
    """Hands out archives."""

    catalogue = CATALOGUE
    user, password = USER, PASSWORD
    file = FILE
    wall = Wall

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._templates: dict[int, Template] = {}
        self._stations: dict[int, Path] = {}

    def names(self, number: int) -> Names:
        return Names(f"第{number}台", STATION)

    def template(self, number: int) -> Template:
        """The files of the device `number`, closed."""
        if number not in self._templates:
            folder = self._folder / f"device-{number}"
            folder.mkdir()
            owner = Owner(USER, PASSWORD, self.names(number))
            Archive.create(folder / FILE, owner, CATALOGUE, wall=Wall()).close()
            self._templates[number] = Template(folder, open_slots(slots_path(folder / FILE), USER, PASSWORD))
        return self._templates[number]

    def open(
        self, path: Path, number: int = 0, *, catalogue: Catalogue = CATALOGUE, wall: Wall | None = None
    ) -> Archive:
        """Open a copy of the device `number`, without a password."""
        return Archive.open_unlocked(path, self.template(number).unlocked, catalogue, wall=wall or Wall())

    def copy(self, folder: Path, number: int = 0) -> Path:
        """Copy the closed files of the device `number` into `folder`; returns the path of the archive."""
        shutil.copytree(self.template(number).folder, folder, dirs_exist_ok=True)
        return folder / FILE

    @contextmanager
    def archive(self, number: int = 0, *, wall: Wall | None = None) -> Iterator[Archive]:
        """A new archive, open."""
        with (
            tempfile.TemporaryDirectory(dir=self._folder) as folder,
            self.open(self.copy(Path(folder), number), number, wall=wall) as archive,
        ):
            yield archive

    @contextmanager
    def station(self, devices: int = 2) -> Iterator[Station]:
        """A new station."""
        if devices not in self._stations:
            self._stations[devices] = self._make_station(devices)
        with tempfile.TemporaryDirectory(dir=self._folder) as name, ExitStack() as stack:
            folder = Path(name)
            shutil.copytree(self._stations[devices], folder, dirs_exist_ok=True)
            archives = [stack.enter_context(self.open(folder / str(one) / FILE, one)) for one in range(devices)]
            county = County(folder / "county")
            stack.callback(county.close)
            yield Station(folder, archives, county)

    def _make_station(self, devices: int) -> Path:
        folder = self._folder / f"station-{devices}"
        county = County.init(folder / "county", "青禾县")
        for number in range(devices):
            with self.open(self.copy(folder / str(number), number), number) as archive:
                self.join(archive, county)
        county.close()
        return folder

    def join(self, archive: Archive, county: County, station: str = STATION, role: str = "station") -> None:
        """Have the county admit a device, and the device take the answer in."""
        archive.accept(self.admission(archive, county, station, role))

    def admission(self, archive: Archive, county: County, station: str = STATION, role: str = "station") -> bytes:
        answer = county.admit(armour(archive.device.request(), Request), station, role, "request.txt")
        return unarmour(answer, Admission)


@pytest.fixture(scope="session")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    return Workshop(tmp_path_factory.mktemp("workshop"))


@pytest.fixture
def chain() -> Chain:
    return Chain()


@pytest.fixture
def archive(workshop: Workshop) -> Iterator[Archive]:
    """One archive that nobody else knows, with a county to join some day."""
    with workshop.archive() as opened:
        yield opened


@pytest.fixture
def station(workshop: Workshop) -> Iterator[Station]:
    """Two admitted devices and their county."""
    with workshop.station() as ready:
        yield ready


# ---- disks that fill up ----


class Disk:
    """A folder on a disk that can be full."""

    def __init__(self, path: Path, *, real: bool) -> None:
        self.path = path
        self._real = real

    def says(self, full: str, *, otherwise: str) -> str:
        """The text key that is expected: a limit on the size of files is not quite a full disk."""
        return full if self._real else otherwise

    @contextmanager
    def full(self) -> Iterator[None]:
        """While there is no room left at all."""
        if self._real:
            filler = self.path / "filler"
            with filler.open("wb", buffering=0) as file, contextlib.suppress(OSError):
                while file.write(bytes(4096)):
                    pass
            yield
            filler.unlink()
            return
        import resource  # Unix alone has it

        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def _mount(folder: Path) -> bool:
    """Make `folder` a small disk of its own, where we have the right to."""
    command = ["mount", "-t", "tmpfs", "-o", "size=2m", "xinyi-test", str(folder)]
    return (
        os.name == "posix"
        and os.geteuid() == 0
        and subprocess.run(command, check=False, capture_output=True).returncode == 0
    )


def _mountable() -> bool:
    with tempfile.TemporaryDirectory() as name:
        mounted = _mount(Path(name))
        if mounted:
            subprocess.run(["umount", name], check=True)
        return mounted


@pytest.fixture(params=["limit", "disk"] if _mountable() else ["limit"])
def disk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Disk]:
    """A disk to fill: by a limit on the size of files everywhere, and where we may mount one a real one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    real = request.param == "disk" and _mount(folder)
    yield Disk(folder, real=real)
    if real:
        subprocess.run(["umount", str(folder)], check=True)
