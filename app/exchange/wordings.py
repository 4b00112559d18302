"""Texts of a foreign file in the languages that a definition must have."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from app.exchange.report import Report
from app.texts import LANGUAGES

_HAN = re.compile(r"[\u3400-\u9fff]")
_TAG = re.compile(r"[a-zA-Z]{2,3}(-[a-zA-Z0-9]{2,8})*")
_SIMPLIFIED = {"zh", "zh-cn", "zh-hans", "zh-hans-cn", "cmn", "cmn-hans"}
_NAMES = {
    "chinese": "zh-CN",
    "mandarin": "zh-CN",
    "simplified chinese": "zh-CN",
    "chinese simplified": "zh-CN",
    "中文": "zh-CN",
    "汉语": "zh-CN",
    "简体中文": "zh-CN",
    "普通话": "zh-CN",
    "english": "en",
    "英文": "en",
    "英语": "en",
    "french": "fr",
    "français": "fr",
    "spanish": "es",
    "español": "es",
    "german": "de",
    "portuguese": "pt",
    "arabic": "ar",
    "swahili": "sw",
    "russian": "ru",
    "tibetan": "bo",
    "uyghur": "ug",
    "mongolian": "mn",
}


def tag(name: str) -> str | None:
    """The language of a BCP 47 tag or of a name as people write it (``English (en)``); None for one that is neither."""
    name = name.strip()
    inner = re.search(r"\(([^()]+)\)\s*$", name)
    for text in (inner[1].strip() if inner else "", name):
        low = text.lower()
        if low in _NAMES:
            return _NAMES[low]
        if low in _SIMPLIFIED:
            return "zh-CN"
        if low == "en" or low.startswith("en-"):
            return "en"
        if _TAG.fullmatch(text) and (len(low.partition("-")[0]) == 2 or "-" in low):
            return text
    return None


def guess(texts: Iterable[str]) -> str:
    """The language of texts that do not say theirs: Chinese or English."""
    return "zh-CN" if any(map(_HAN.search, texts)) else "en"


class Wordings:
    """Fills every text in every language.

    Args:
        base: the language that all texts of the file are in.
        report: is told what has no translation.
    """

    def __init__(self, base: str, report: Report) -> None:
        self.base = base
        self.languages = tuple(dict.fromkeys([*LANGUAGES, base]))
        self._report = report
        self._found: dict[str, int] = dict.fromkeys(self.languages, 0)
        self._missing: dict[str, list[tuple[str, str]]] = {language: [] for language in self.languages}

    def text(self, said: Mapping[str, str], place: str) -> dict[str, str] | None:
        """A text in every language, the base language standing in where one is missing; None where there are no words."""
        kept = {language: words.strip() for language, words in said.items() if words.strip()}
        for language in kept:
            if language not in self.languages:
                self._report.add("lost", "exchange.language_left_out", place, language=language)
        kept = {language: words for language, words in kept.items() if language in self.languages}
        if not kept:
            return None
        spoken = self.base if self.base in kept else next(iter(kept))
        for language in self.languages:
            if language in kept:
                self._found[language] += 1
            else:
                self._missing[language].append((place, spoken))
        return {language: kept.get(language, kept[spoken]) for language in self.languages}

    def untranslated(self, language: str) -> bool:
        """Whether nothing at all was said in a language."""
        return not self._found[language]

    def missing(self, language: str) -> int:
        """How many texts were not said in a language."""
        return len(self._missing[language])

    def tell(self) -> None:
        """Put into the report which languages are missing, and where."""
        for language, places in self._missing.items():
            if places and self.untranslated(language):
                self._report.add("open", "exchange.no_translation", language=language, base=self.base)
            else:
                for place, spoken in places:
                    self._report.add("open", "exchange.text_untranslated", place, language=language, base=spoken)
