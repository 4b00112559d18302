"""Speed, as ratios within one run: what the program does beside what the bare database does with the same bytes.

Run by ``python3 dev.py bench``. Absolute times differ from machine to machine; the ratios should not.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path

ARCHIVE = ("import", "sheet", "bulk", "single", "search", "large")
SYNC = ("push", "meeting")
COUNTY = ("ingest", "holiday", "visits")
FORMS = ("scoring", "opening")
GROUPS = {"archive": ARCHIVE, "sync": SYNC, "county": COUNTY, "forms": FORMS}
BENCHES = ARCHIVE + SYNC + COUNTY + FORMS


def main() -> int:
    # A script finds only what lies beside it.
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
    from tests.bench import archive, county, jobs, meeting, opening, push, scoring

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "only",
        nargs="*",
        metavar="bench",
        help=f"any of {', '.join((*GROUPS, *BENCHES))}; all of them if none is named",
    )
    parser.add_argument("--import-people", type=int, default=10_000)
    parser.add_argument("--bulk-records", type=int, default=20_000)
    parser.add_argument("--search-people", type=int, default=200_000)
    parser.add_argument("--large-people", type=int, default=100_000)
    parser.add_argument("--large-records", type=int, default=500_000)
    parser.add_argument("--push-records", type=int, default=20_000)
    parser.add_argument("--push-rounds", type=int, default=2)
    parser.add_argument("--meeting-records", type=int, nargs="+", default=[10_000, 100_000, 500_000])
    parser.add_argument("--ingest-changes", type=int, default=5_000, help="of each of eight devices")
    parser.add_argument("--workers", type=int, default=2, help="of the server on PostgreSQL")
    parser.add_argument("--stations", type=int, default=30, help="that return from a holiday")
    parser.add_argument("--scoring-sets", type=int, default=100_000)
    parser.add_argument("--opening-rounds", type=int, default=5)
    arguments = parser.parse_args()
    wanted = [bench for name in arguments.only or GROUPS for bench in GROUPS.get(name, (name,))]
    unknown = set(wanted) - set(BENCHES)
    if unknown:
        parser.error(f"there is no bench {', '.join(sorted(unknown))}")
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        benches = {
            "import": lambda: jobs.bench_import(place, arguments.import_people),
            "sheet": lambda: jobs.bench_save(place),
            "bulk": lambda: archive.bench_bulk(place, arguments.bulk_records),
            "single": lambda: archive.bench_single(place),
            "search": lambda: archive.bench_search(place, arguments.search_people),
            "large": lambda: archive.bench_large(place, arguments.large_people, arguments.large_records),
            "push": lambda: push.bench_push(place, arguments.push_records, arguments.push_rounds),
            "meeting": lambda: meeting.bench_meeting(place, arguments.meeting_records),
            "ingest": lambda: county.bench_ingest(place, 8, arguments.ingest_changes, arguments.workers),
            "visits": lambda: county.bench_visits(place, 100),
            "scoring": lambda: scoring.bench_scoring(arguments.scoring_sets),
            "opening": lambda: opening.bench_opening(place, arguments.opening_rounds),
            "holiday": lambda: county.bench_holiday(place, arguments.stations, 1000),
        }
        results = {name: benches[name]() for name in wanted}
    json.dump(results, sys.stdout, ensure_ascii=False, indent=2)
    print()
    return 0


if __name__ == "__main__":
    sys.exit(main())
