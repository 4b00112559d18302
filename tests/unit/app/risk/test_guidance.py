"""The guidance about self-harm that staff are shown."""

from app.risk.guidance import Guidance
from app.texts import LANGUAGES


def test_every_sentence_is_there_in_every_language() -> None:
    guidance = Guidance.load()
    texts = [guidance.about, *(section.title for section in guidance.sections)]
    texts += [line for section in guidance.sections for line in section.lines]
    assert all(set(text) == set(LANGUAGES) and all(text.values()) for text in texts)


def test_every_section_names_what_it_follows() -> None:
    guidance = Guidance.load()
    known = {source.id for source in guidance.sources}
    assert all(section.sources and set(section.sources) <= known for section in guidance.sections)


def test_it_says_that_it_is_no_rule_and_that_the_plan_of_the_station_comes_first() -> None:
    assert "预案" in Guidance.load().about["zh-CN"]
    assert "plan" in Guidance.load().about["en"]
