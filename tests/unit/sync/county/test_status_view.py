"""What the status page says, and in which words."""

from __future__ import annotations

import re
import string
from html.parser import HTMLParser
from pathlib import Path

import msgspec
import pytest

from sync.county import status_page, status_view, status_words
from sync.county.condition import Condition, DeviceCondition, Held, StationCondition
from sync.county.html import document, name_of, tag
from sync.county.status_view import StatusView
from sync.county.status_words import DAY, LANGUAGES, Words, choose_language

NOW = 1_790_000_000
GIB = 1024**3
HOSTILE = "<script>alert(1)</script>\"'&<b>"


def device(**values: object) -> DeviceCondition:
    well = DeviceCondition("ab" * 16, "一号机", "station", NOW - 90 * DAY, NOW - 60, NOW - 60, 7, 0, "2029-01-01", None)
    return msgspec.structs.replace(well, **values)


def county(*stations: StationCondition, **values: object) -> Condition:
    well = Condition(
        county="青禾县",
        now=NOW,
        stations=list(stations) or [StationCondition("青禾镇卫生院", [device()])],
        refused=[],
        quarantine=[],
        database="sqlite",
        database_bytes=GIB,
        disk_free=50 * GIB,
        disk_total=100 * GIB,
        tls_expires=NOW + 7000 * DAY,
        backup=NOW - 3600,
        version="1.0",
        incarnation="cd" * 16,
    )
    return msgspec.structs.replace(well, **values)


def attention(condition: Condition, language: str = "zh-CN") -> list[str]:
    return StatusView(condition, Words(language), 1).attention()


def drawn(condition: Condition, language: str = "zh-CN") -> str:
    return document(tag("main", *StatusView(condition, Words(language), 1).draw())).decode()


class Tags(HTMLParser):
    """Collects the names of all elements, and all text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: object) -> None:  # noqa: ARG002 -- the parser calls it so
        self.names.add(tag)

    def handle_data(self, data: str) -> None:
        self.text += data


# ---- what needs somebody ----


def test_where_all_is_well_nothing_is_asked_of_anybody() -> None:
    assert attention(county()) == []
    assert Words("zh-CN")("all_well") in drawn(county())


SILENT = StationCondition("云岭学校", [device(seen=NOW - 15 * DAY, newest=NOW - 15 * DAY)])
NEVER = StationCondition("柳溪小学", [device(seen=None, newest=None, admitted=NOW - 4 * DAY)])
HELD = Held("ab" * 16, "sync.refused_gap", 2, NOW - DAY)


@pytest.mark.parametrize(
    ("condition", "says"),
    [
        (county(backup=None), "还没有备份"),
        (county(backup=NOW - 3 * DAY), "3 天前"),
        (county(disk_free=9 * GIB), "9%"),
        (county(disk_free=4 * GIB, disk_total=10 * GIB), "4.0 GB"),
        (county(tls_expires=NOW + 59 * DAY), "TLS"),
        (county(SILENT), "云岭学校"),
        (county(NEVER), "柳溪小学"),
        (county(StationCondition("甲站", [device(expires="2026-09-01")])), "已经到期：甲站"),
        (county(StationCondition("甲站", [device(expires="2026-11-01")])), "60 天内到期：甲站"),
        (county(StationCondition("甲站", [device(seen=NOW + 3600)])), "时钟"),
        (county(refused=[HELD]), "没被接受"),
        (county(quarantine=[HELD]), "2 包"),
    ],
)
def test_what_needs_somebody_is_said_in_one_sentence(condition: Condition, says: str) -> None:
    found = attention(condition)
    assert len(found) == 1
    assert says in found[0]


@pytest.mark.parametrize(
    "condition",
    [
        county(backup=NOW - DAY),
        county(StationCondition("甲站", [device(seen=NOW - 13 * DAY)])),
        county(StationCondition("甲站", [device(seen=None, newest=NOW - DAY)])),
        county(StationCondition("甲站", [device(seen=None, newest=None, admitted=NOW - 2 * DAY)])),
        county(StationCondition("甲站", [device(), device(seen=None, newest=None)])),
        county(StationCondition("甲站", [device(revoked=NOW - DAY, expires="2000-01-01", seen=NOW - 90 * DAY)])),
        county(StationCondition("甲站", [])),
        county(refused=[msgspec.structs.replace(HELD, last=NOW - 8 * DAY)]),
    ],
    ids=["yesterday's backup", "a week away", "by stick", "new", "another came", "revoked", "empty", "long ago"],
)
def test_what_needs_nobody_is_not_said(condition: Condition) -> None:
    assert attention(condition) == []


def test_many_stations_are_named_in_part_and_counted_in_whole() -> None:
    silent = [msgspec.structs.replace(SILENT, name=f"第{number}小学") for number in range(30)]
    sentence = attention(county(*silent))[0]
    assert "30 个站点" in sentence
    assert "第7小学 等" in sentence
    assert "第8小学" not in sentence


def test_who_needs_somebody_stands_first() -> None:
    page = drawn(county(StationCondition("甲站", [device()]), SILENT))
    assert page.index("<bdi>云岭学校") < page.index("<bdi>甲站")


def test_a_station_whose_only_laptop_was_revoked_is_shown_and_not_missed() -> None:
    page = drawn(county(StationCondition("甲站", [device(revoked=NOW - DAY)])))
    assert "停用" in page
    assert "正常" not in page


# ---- names, roles and reasons that others made ----


@pytest.mark.parametrize("language", LANGUAGES)
def test_names_from_elsewhere_are_text_and_never_markup(language: str) -> None:
    hostile = StationCondition(HOSTILE, [device(name=HOSTILE, role=HOSTILE, seen=NOW - 20 * DAY, newest=None)])
    held = [msgspec.structs.replace(HELD, reason=HOSTILE)]
    page = Tags(drawn(county(hostile, county=HOSTILE, refused=held, quarantine=held), language))
    assert "script" not in page.names
    assert "b" not in page.names
    assert page.text.count(HOSTILE) >= 6


def test_a_name_in_an_attribute_stays_in_it() -> None:
    page = document(tag("p", name_of("x"), title='" onload="alert(1)')).decode()
    assert page == '<!doctype html>\n<p title="&quot; onload=&quot;alert(1)"><bdi>x</bdi></p>'


def test_roles_and_reasons_of_a_newer_version_are_shown_as_they_are() -> None:
    page = drawn(
        county(
            StationCondition("甲站", [device(role="auditor")]),
            refused=[msgspec.structs.replace(HELD, reason="sync.refused_moon")],
        )
    )
    assert "auditor" in page
    assert "moon" in page


def test_a_refusal_of_a_device_that_is_gone_shows_its_id() -> None:
    assert "ef" * 6 in drawn(county(refused=[msgspec.structs.replace(HELD, device="ef" * 16)]))


# ---- words ----


def texts(language: str) -> dict[str, str | dict[str, str]]:
    return msgspec.json.decode(
        (status_words.PAGES / f"{language}.json").read_bytes(), type=dict[str, str | dict[str, str]]
    )


def gaps(text: str | dict[str, str]) -> set[str]:
    forms = [text] if isinstance(text, str) else list(text.values())
    return {name for form in forms for _, name, _, _ in string.Formatter().parse(form) if name is not None}


def test_both_languages_say_the_same_things_and_fill_the_same_gaps() -> None:
    first, other = ({key: gaps(text) for key, text in texts(language).items()} for language in LANGUAGES)
    assert first == other


def test_every_text_is_used() -> None:
    source = "".join(Path(one.__file__ or "").read_text("utf-8") for one in (status_page, status_view, status_words))
    named = set(re.findall(r'"([a-z_]+)"', source))
    composed = ("column_", "reason_", "role_", "size_")
    assert not {
        key for key in texts("en") if key not in named and not key.startswith(composed) and not key.endswith("_about")
    }


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1.0 KB"),
        (1024**2 - 1, "1.0 MB"),
        (15 * 1024**2, "15 MB"),
        (3 * 1024**5, "3072 TB"),
    ],
)
def test_sizes_are_rounded_to_what_somebody_reads(size: int, text: str) -> None:
    assert Words("zh-CN").size(size) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-5, "just now"),
        (59, "just now"),
        (60, "1 minute ago"),
        (7200, "2 hours ago"),
        (DAY, "1 day ago"),
        (9 * DAY, "9 days ago"),
    ],
)
def test_times_say_how_long_ago_they_were(seconds: int, text: str) -> None:
    assert Words("en").ago(seconds) == text


@pytest.mark.parametrize(
    ("wanted", "accepted", "language"),
    [
        ("", "", "zh-CN"),
        ("", "zh-CN,zh;q=0.9,en;q=0.8", "zh-CN"),
        ("", "en-GB,en;q=0.9", "en"),
        ("", "fr,en;q=0.2,zh;q=0.1", "en"),
        ("", "en;q=0,zh-TW", "zh-CN"),
        ("", "de,fr", "zh-CN"),
        ("", ";;q=,,q=1;en;q=x", "zh-CN"),
        ("en", "zh-CN", "en"),
        ("../../etc", "en", "en"),
    ],
)
def test_the_language_is_what_was_chosen_else_what_the_browser_asks_for(
    wanted: str, accepted: str, language: str
) -> None:
    assert choose_language(wanted, accepted) == language
