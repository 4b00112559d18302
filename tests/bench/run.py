"""Speed, as ratios within one run: what the program does beside what the bare database does with the same bytes.

Run by ``python3 dev.py bench``. Absolute times differ from machine to machine; the ratios should not.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path

BENCHES = ("import", "sheet", "bulk", "single", "search", "large")


def main() -> int:
    # A script finds only what lies beside it.
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
    from tests.bench import archive, jobs

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "only", nargs="*", metavar="bench", help=f"any of {', '.join(BENCHES)}; all of them if none is named"
    )
    parser.add_argument("--import-people", type=int, default=10_000)
    parser.add_argument("--bulk-records", type=int, default=20_000)
    parser.add_argument("--search-people", type=int, default=200_000)
    parser.add_argument("--large-people", type=int, default=100_000)
    parser.add_argument("--large-records", type=int, default=500_000)
    arguments = parser.parse_args()
    unknown = set(arguments.only) - set(BENCHES)
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
        }
        results = {name: benches[name]() for name in arguments.only or BENCHES}
    json.dump(results, sys.stdout, ensure_ascii=False, indent=2)
    print()
    return 0


if __name__ == "__main__":
    sys.exit(main())
