"""A station of the county, in a process of its own: saves records, meets the server, says what that took.

python -m tests.bench.station COUNTY FOLDER URL RECORDS
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from app.records import CATALOGUE
from storage.archive import Archive, Owner
from storage.device import Names
from storage.records import Draft
from sync.county.office import County
from sync.papers import Admission, Request, armour, unarmour
from tests.bench.records import IDS, Plain
from ui.meetings import meet_server, pass_of

BATCH = 1000
"""Records of one save, and of one `bulkDocs` of PouchDB's."""


def joined(path: Path, county: Path) -> Archive:
    """A new archive whose device the county has admitted, as the first of a station."""
    archive = Archive.create(path, Owner("u", "p", Names("bench", "bench")), CATALOGUE)
    office = County(county)
    text = armour(archive.device.request(), Request)
    archive.accept(unarmour(office.admit(text, path.stem, "station", "request"), Admission))
    office.close()
    return archive


def drafts(archive: Archive, given: Sequence[Plain]) -> list[Draft]:
    """Records as an archive takes them, with ids of its own."""
    ids: dict[str, bytes] = {}

    def own(named: str) -> bytes:
        return ids.setdefault(named, archive.new_id())

    made = []
    for record in given:
        fields = {name: bytes.fromhex(value) if name in IDS else value for name, value in record.items()}
        del fields["id"], fields["person"], fields["type"]
        person = own(record["person"]) if record["type"] != "person" else None
        made.append(Draft.new(record["type"], own(record["id"]), fields, person=person))
    return made


def meet(archive: Archive, url: str) -> None:
    """Meet the server, until all that is here is safe there."""
    # What is measured is the meeting, without the list of stations that goes with one every week.
    meet_server(archive.meeting, url, pass_of(archive)._replace(wants_stations=False))
    assert archive.meeting.backlog().waiting == 0


def push(archive: Archive, url: str, given: Sequence[Plain]) -> dict[str, float]:
    """Save and send; seconds, the meeting's with the sealing before it and the server's receipt after it."""
    begin = time.perf_counter()
    made = drafts(archive, given)
    for start in range(0, len(made), BATCH):
        archive.save(made[start : start + BATCH])
    saved, used = time.perf_counter(), time.process_time()
    meet(archive, url)
    pushed, spent = time.perf_counter(), time.process_time()
    return {"save_seconds": saved - begin, "push_seconds": pushed - saved, "processor_seconds": spent - used}


def main() -> None:
    county, folder, url, records = sys.argv[1:]
    with joined(Path(folder) / "station.xinyi", Path(county)) as archive:
        print(json.dumps(push(archive, url, json.loads(Path(records).read_text("utf-8")))))


if __name__ == "__main__":
    main()
