"""How many people of a group had which result: one instrument, one period, everybody counted exactly once.

A person counts with the latest screening of the period. The band is the one that was stored with it: it was given by
the definition of that day and is never worked out again. Somebody whose latest form is unfinished counts as unfinished,
whatever an earlier form said. So does somebody whose form bears a band that this definition does not have, because it
was filled in with another version of the instrument; every print says so. A row for these alone would tell, by being
there, that there are such people.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from app.disclosure import Category, CountTable, Group, Merge
from app.instruments.definition import Definition
from app.instruments.scale import is_positive
from app.instruments.scales import Band, Score
from app.people.fields import Sex
from app.records import Kept, Person, Screening
from app.statistics.periods import Period
from app.texts import Texts

UNFINISHED = "unfinished"
ABSENT = "absent"
# Two dots, which no id of a band can contain, join the ends of a merged row.
_TO = ".."


def banded_score(definition: Definition) -> Score | None:
    """The score that the instrument is counted by: its first one with bands, or None where it has none."""
    return next((score for score in definition.scores if len(score.bands) > 1), None)


def class_counts(
    people: Iterable[Kept[Person]],
    screenings: Iterable[Kept[Screening]],
    definition: Definition,
    period: Period,
    texts: Texts,
) -> CountTable:
    """Count the people of a group by result and sex.

    Args:
        people: the group.
        screenings: at least those of the group; other people, instruments and days are left out.
        definition: an instrument with bands (`banded_score`).
        period: the days that count.
        texts: for the titles of rows and columns.

    Returns:
        Rows: the bands, mildest first, then unfinished and absent. Columns: male, female, and unknown only where the
        sex of somebody is not known. With the merges that make sense to a reader.
    """
    score = banded_score(definition)
    if score is None:
        raise ValueError(f"{definition.id} has no bands to count by")
    sexes = {person.id: person.fields.sex or "unknown" for person in people}
    columns = _columns(sexes.values())
    rows = _rows(mildest_first(score), texts)
    counts = {row.id: dict.fromkeys(columns, 0) for row in rows}
    latest = latest_screenings(screenings, definition.id, period)
    for person, sex in sexes.items():
        counts[_row_of(latest.get(person), score)][sex] += 1
    return CountTable(
        rows=rows,
        columns=tuple(Category(sex, texts(f"statistics.sex_{sex}")) for sex in columns),
        counts=tuple(tuple(counts[row.id].values()) for row in rows),
        row_merges=_merges(score, texts),
    )


def latest_screenings(
    screenings: Iterable[Kept[Screening]], instrument: str, period: Period
) -> dict[bytes, Kept[Screening]]:
    """The screening that each person counts with: the last by date and, on one day, by when it was recorded."""
    latest: dict[bytes, Kept[Screening]] = {}
    for screening in screenings:
        person = screening.record.person
        if person is None or screening.fields.instrument != instrument or not period.covers(screening.fields.date):
            continue
        if person not in latest or _age(latest[person]) < _age(screening):
            latest[person] = screening
    return latest


def bands_of_row(definition: Definition, row: str) -> tuple[Band, ...]:
    """The bands that a row of such a table stands for, merged or not; none for unfinished and absent."""
    score = banded_score(definition)
    bands = mildest_first(score) if score else ()
    first, _, last = row.partition(_TO)
    ids = [band.id for band in bands]
    return bands[ids.index(first) : ids.index(last or first) + 1] if first in ids else ()


def mildest_first(score: Score) -> tuple[Band, ...]:
    """The bands of a score in the order of their gravity, be it a high value or a low one that is grave."""
    return tuple(sorted(score.bands, key=lambda band: (band.severity, band.low)))


def _age(screening: Kept[Screening]) -> tuple[str, int, bytes]:
    # The id settles what two devices recorded in the same moment, so that every device counts alike.
    return screening.fields.date, screening.record.created, screening.id


def _columns(sexes: Iterable[Sex]) -> tuple[Sex, ...]:
    return ("male", "female", "unknown") if "unknown" in sexes else ("male", "female")


def _rows(bands: Sequence[Band], texts: Texts) -> tuple[Category, ...]:
    mildest, *others = bands
    return (
        Category(mildest.id, mildest.title[texts.language], "mildest"),
        *(Category(band.id, band.title[texts.language]) for band in others),
        Category(UNFINISHED, texts("statistics.unfinished"), "separate"),
        Category(ABSENT, texts("statistics.absent"), "separate"),
    )


def _row_of(screening: Kept[Screening] | None, score: Score) -> str:
    if screening is None:
        return ABSENT
    if screening.fields.status != "complete" or screening.fields.void or score.id not in screening.fields.scores:
        return UNFINISHED
    band = screening.fields.scores[score.id].band
    return band if band in {known.id for known in score.bands} else UNFINISHED


def _merges(score: Score, texts: Texts) -> tuple[Merge, ...]:
    """The coarsenings that a reader can use.

    The mildest bands are put together from below and the gravest from above, never across the cut-off, each with and
    without unfinished and absent put together. The last resort only tells how many finished.
    """
    not_done = Group(f"{UNFINISHED}{_TO}{ABSENT}", texts("statistics.not_done"), (UNFINISHED, ABSENT))
    steps = [_band_groups(mildest_first(score), low, high, texts) for low, high in _steps(score)]
    steps.append((_group(mildest_first(score), texts("statistics.finished")),))
    return tuple(
        Merge("+".join(group.id for group in groups), groups)
        for step in steps
        for groups in (step, (*step, not_done))
        if groups
    )


def _steps(score: Score) -> list[tuple[int, int]]:
    """How many bands are put together from below and from above, the finest step first."""
    count = len(score.bands)
    positive = [is_positive(band.low, score) for band in mildest_first(score)]
    is_split = positive == [is_positive(band.high, score) for band in mildest_first(score)]
    if is_split and True in positive:
        below = positive.index(True)
        pairs = [(low, high) for low in range(1, below + 1) for high in range(1, count - below + 1)]
    else:
        # No cut-off, or one inside a band: no border between bands means more than another.
        pairs = [(low, high) for low in range(1, count) for high in range(1, count - low + 1)]
    return sorted(pairs, key=lambda pair: (sum(pair), pair))


def _band_groups(bands: Sequence[Band], low: int, high: int, texts: Texts) -> tuple[Group, ...]:
    words = [band.title[texts.language] for band in bands]
    groups = []
    if low > 1:
        groups.append(_group(bands[:low], texts("statistics.bands_between", first=words[0], last=words[low - 1])))
    if high > 1:
        groups.append(_group(bands[-high:], texts("statistics.bands_from", first=words[-high])))
    return tuple(groups)


def _group(bands: Sequence[Band], title: str) -> Group:
    return Group(f"{bands[0].id}{_TO}{bands[-1].id}", title, tuple(band.id for band in bands))
