"""What a result says to the family and to whoever looks after the person: there, short, calm and never a verdict."""

import re
from collections.abc import Iterator
from itertools import pairwise

import msgspec
import pytest

from app.instruments.definition import Definition
from app.instruments.library import Library
from app.instruments.scales import Band, Score

LIBRARY = Library.load()
MEASURES = [name for name in LIBRARY.ids() if LIBRARY.get(name).type == "instrument"]

# The main score is the first one, but for these.
MAIN = {
    "ctq-sf": (
        "emotional-abuse",
        "physical-abuse",
        "sexual-abuse",
        "emotional-neglect",
        "physical-neglect",
    ),  # no total
    "dass-21": ("depression", "anxiety", "stress"),  # no total
    "elder-screen": ("cognition", "feeling"),  # no total
    "m-chat-rf": ("total", "follow-up-result"),  # the follow-up decides
    "mht": ("total",),  # validity comes first and has no bands: it is a rule of quality
    "moca": ("total",),  # the first is the sum before the point for schooling
    "psqi": ("total",),  # its components come first
    "snap-iv": ("inattention", "hyperactivity"),  # no total; the third has no bands
}

# All others are answered by or about minors, or about old people who have somebody with them.
NO_GUARDIAN = {
    "audit": "adults",
    "audit-c": "adults",
    "ctq-sf": "it asks what was done to a child at home: any word to the family may endanger whoever answered",
    "epds": "women answer without the family beside them",
    "ies-r": "adults",
    "k6": "from 18 years",
    "odd-behaviour-checklist": "somebody else answers about a neighbour, and it is kept from others",
    "pcl-5": "adults",
}

ILLNESS = re.compile(
    "抑郁|焦虑|双相|躁狂|精神病|精神分裂|自闭|孤独症|痴呆|失眠症|成瘾|多动症|障碍|综合征|创伤|患者|病人|患有|确诊|异常|阳性|变态"
    r"|depress|anxi|bipolar|psychos|psychotic|schizo|autis|dementia|insomnia|addict|adhd|ptsd|trauma|disorder|disease"
    r"|illness|patient|suffer|abnormal|positive",
    re.IGNORECASE,
)
BETRAYAL = re.compile(
    "自杀|自残|轻生|想死|虐待|侵害|暴力|提到|回答说|告诉我们"
    "|suicid|self-harm|wish to die|abuse|maltreat|violence|mention|told us|answered that",
    re.IGNORECASE,
)
DISTRESS = [("asq", "any"), ("c-ssrs", "moderate"), ("c-ssrs", "high")]


def groups(definition: Definition) -> Iterator[tuple[Score, tuple[Band, ...]]]:
    """Every list of bands: a score's own, and each norm's."""
    for score in definition.scores:
        yield from ((score, bands) for bands in (score.bands, *(norm.bands for norm in score.norms)) if bands)


def main(definition: Definition) -> list[tuple[Band, ...]]:
    """The lists of bands without which the instrument says nothing."""
    scores = MAIN.get(definition.id, (definition.scores[0].id,))
    return [bands for score, bands in groups(definition) if score.id in scores]


def main_bands(definition: Definition) -> list[Band]:
    return [band for bands in main(definition) for band in bands]


def guardian_texts(definition: Definition) -> list[dict[str, str]]:
    return [band.guardian for band in main_bands(definition) if band.guardian is not None]


def professional_texts(definition: Definition) -> list[dict[str, str]]:
    return [band.professional for band in main_bands(definition) if band.professional is not None]


def sentences(text: str) -> int:
    return len(re.findall(r"[。！？]|[.!?](?=\s|$)", text))


def numbers(text: str) -> set[str]:
    return set(re.findall(r"\d+(?:\.\d+)?", text))


def test_the_named_scores_and_instruments_exist_and_have_a_result() -> None:
    assert set(MAIN) | set(NO_GUARDIAN) <= set(MEASURES)
    for name in MEASURES:
        scores = {score.id for score, _ in groups(LIBRARY.get(name))}
        assert set(MAIN.get(name, (LIBRARY.get(name).scores[0].id,))) <= scores


@pytest.mark.parametrize("instrument", MEASURES)
def test_every_main_result_speaks_to_the_professional(instrument: str) -> None:
    definition = LIBRARY.get(instrument)
    assert [band.id for band in main_bands(definition) if band.professional is None] == []


@pytest.mark.parametrize("instrument", MEASURES)
def test_every_main_result_speaks_to_the_family_unless_there_is_a_reason_not_to(instrument: str) -> None:
    speaks = {band.guardian is not None for band in main_bands(LIBRARY.get(instrument))}
    assert speaks == {instrument not in NO_GUARDIAN}


@pytest.mark.parametrize("instrument", sorted(NO_GUARDIAN))
def test_where_the_family_is_not_spoken_to_no_part_speaks_to_it_either(instrument: str) -> None:
    bands = [band for _, bands in groups(LIBRARY.get(instrument)) for band in bands]
    assert [band.id for band in bands if band.guardian is not None] == []


@pytest.mark.parametrize("instrument", MEASURES)
def test_neither_person_nor_family_is_told_an_illness_or_a_verdict(instrument: str) -> None:
    bands = [band for _, bands in groups(LIBRARY.get(instrument)) for band in bands]
    said = [words for band in bands for text in (band.action, band.guardian) if text for words in text.values()]
    assert [words for words in said if ILLNESS.search(words)] == []


@pytest.mark.parametrize("instrument", MEASURES)
def test_the_professional_is_not_told_an_illness_either(instrument: str) -> None:
    """精神卫生法 art. 23: nobody outside a hospital diagnoses, and no text does it for them."""
    said = [words for text in professional_texts(LIBRARY.get(instrument)) for words in text.values()]
    illness = re.compile(ILLNESS.pattern.replace("|illness", ""), re.IGNORECASE)
    assert [words for words in said if illness.search(words)] == []


@pytest.mark.parametrize("instrument", MEASURES)
def test_the_family_is_told_no_number_and_nothing_that_was_confided(instrument: str) -> None:
    bands = [band for _, bands in groups(LIBRARY.get(instrument)) for band in bands]
    said = [words for band in bands if band.guardian for words in band.guardian.values()]
    assert [words for words in said if numbers(words) or BETRAYAL.search(words)] == []
    assert [text["zh-CN"] for text in guardian_texts(LIBRARY.get(instrument)) if "病" in text["zh-CN"]] == []


@pytest.mark.parametrize("instrument", MEASURES)
def test_both_languages_are_there_and_each_is_its_own(instrument: str) -> None:
    definition = LIBRARY.get(instrument)
    for text in guardian_texts(definition) + professional_texts(definition):
        assert set(text) == {"zh-CN", "en"}
        assert re.search("[一-鿿]", text["zh-CN"])
        assert not re.search("[一-鿿]", text["en"])


@pytest.mark.parametrize("instrument", MEASURES)
def test_texts_are_short(instrument: str) -> None:
    definition = LIBRARY.get(instrument)
    for text in professional_texts(definition):
        assert len(text["zh-CN"]) <= 90
        assert len(text["en"]) <= 330
    for text in guardian_texts(definition):
        assert len(text["zh-CN"]) <= 95
        assert len(text["en"]) <= 330
        assert {sentences(words) for words in text.values()} <= {1, 2, 3}


@pytest.mark.parametrize("instrument", MEASURES)
def test_where_nothing_was_found_the_family_hears_one_sentence(instrument: str) -> None:
    for band in main_bands(LIBRARY.get(instrument)):
        if band.severity == 0 and band.guardian is not None:
            assert {sentences(words) for words in band.guardian.values()} == {1}


@pytest.mark.parametrize("instrument", MEASURES)
def test_neighbouring_bands_say_different_things(instrument: str) -> None:
    for bands in main(LIBRARY.get(instrument)):
        for one, other in pairwise(bands):
            for language in ("zh-CN", "en"):
                said = [(text or {}).get(language) for text in (one.professional, other.professional)]
                assert said[0] != said[1]
                said = [(text or {}).get(language) for text in (one.guardian, other.guardian)]
                assert said == [None, None] or said[0] != said[1]


@pytest.mark.parametrize("instrument", MEASURES)
def test_no_number_is_told_that_the_definition_does_not_have(instrument: str) -> None:
    """Cut-offs, items and figures come from the file itself; 11 is the article on the duty to report."""
    definition = LIBRARY.get(instrument)

    def bare(bands: tuple[Band, ...]) -> tuple[Band, ...]:
        return tuple(msgspec.structs.replace(band, professional=None) for band in bands)

    scores = tuple(
        msgspec.structs.replace(
            score,
            bands=bare(score.bands),
            norms=tuple(msgspec.structs.replace(norm, bands=bare(norm.bands)) for norm in score.norms),
        )
        for score in definition.scores
    )
    rest = msgspec.json.encode(msgspec.structs.replace(definition, scores=scores)).decode()
    for text in professional_texts(definition):
        assert numbers(text["zh-CN"]) <= numbers(rest)
        assert numbers(text["en"].replace("article 11", "")) <= numbers(rest)


@pytest.mark.parametrize("instrument", MEASURES)
def test_the_professional_is_sent_to_the_critical_items_whatever_the_score(instrument: str) -> None:
    """A low total is where they are overlooked. The three leave the lowest band as soon as one of them is answered."""
    definition = LIBRARY.get(instrument)
    leave_lowest = {"asq", "c-ssrs", "odd-behaviour-checklist"}
    critical = {item for rule in definition.critical for item in rule.items if item.isdigit()}
    for band in main_bands(definition):
        if critical and not (instrument in leave_lowest and band.severity == 0):
            assert band.professional is not None
            named = re.findall(r"第 ([\d、或 ]+)[题条]", band.professional["zh-CN"])
            assert critical & {item for one in named for item in numbers(one)}


@pytest.mark.parametrize(("instrument", "name"), DISTRESS)
def test_in_danger_the_family_is_asked_to_stay_to_remove_means_and_to_come_today(instrument: str, name: str) -> None:
    band = next(band for band in main_bands(LIBRARY.get(instrument)) if band.id == name)
    assert band.guardian is not None
    for word in ("今天", "陪", "药品", "农药", "绳", "高处"):
        assert word in band.guardian["zh-CN"]
    for word in ("today", "medicines", "pesticides", "ropes", "high places"):
        assert word in band.guardian["en"]


@pytest.mark.parametrize("instrument", ["asq", "ctq-sf"])
def test_where_the_family_may_be_the_danger_the_professional_reports_instead_of_telling(instrument: str) -> None:
    for band in main_bands(LIBRARY.get(instrument)):
        if band.severity > 0:
            assert band.professional is not None
            assert "未成年人保护法第十一条" in band.professional["zh-CN"]
            assert "不告知" in band.professional["zh-CN"]
            assert "article 11" in band.professional["en"]
