"""The TrueType fonts of this machine, chosen character by character.

No font has every ideograph that a name may contain, so each character is set in the first face that draws it. A
character that no face draws is spelled out with its code point and reading, ``〔U+2C72F liǎng〕``: a print never shows
an empty box and never leaves a character out.
"""

from __future__ import annotations

import os
import re
import struct
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Literal, NamedTuple, Self

from reportlab.pdfbase import pdfdoc, pdfmetrics, ttfonts

from app.errors import EnvironmentProblem
from app.reports.style import FontFile, FontRule, Style

Role = Literal["text", "heading"]

NEEDED = "心理健康筛查，。（）“”0123456789〔U+ABCDEF\u00a0yǎn〕"
"""What the faces for text must draw between them."""

_LONG_CODE = re.compile("<([0-9A-F]{5,6})>")

# Characters that steer others and draw nothing: variation selectors, joiners, marks of direction.
_SELECTORS = (range(0xFE00, 0xFE10), range(0xE0100, 0xE01F0))


class Glyph(NamedTuple):
    """A character in the face that draws it. `width` is for type of size 1."""

    character: str
    face: str
    width: float


class _Face(ttfonts.TTFont):  # type: ignore[misc] # reportlab has no types
    """A font file, opened."""

    def draws(self, character: str) -> bool:
        """Whether there is something to see: some fonts claim characters and leave them blank."""
        glyph = self.face.charToGlyph.get(ord(character), 0)
        if glyph == 0:
            return False
        blank = glyph + 1 < len(self.face.glyphPos) and self.face.glyphPos[glyph] == self.face.glyphPos[glyph + 1]
        return character.isspace() or not blank

    def glyph(self, character: str) -> Glyph:
        return Glyph(character, self.fontName, self.face.getCharWidth(ord(character)) / 1000)

    def addObjects(self, doc: pdfdoc.PDFDocument) -> None:  # noqa: N802  reportlab's name
        """Embed the font; called by reportlab. Mends the table that says which characters its glyphs stand for.

        reportlab writes code points beyond U+FFFF as five digits where PDF 32000-1, 9.10.3 asks for UTF-16, so that
        a rare ideograph would be searched for, copied and read aloud as another character.
        """
        super().addObjects(doc)
        for name, stored in doc.idToObject.items():
            if name.startswith("toUnicodeCMap:"):
                stored.content = _LONG_CODE.sub(_as_utf16, stored.content)


class Fonts:
    """The faces that prints are set in. Files are read when a character first needs them.

    Not for two threads at once: the PDF library reads a font file through one shared position.

    Args:
        files: font files by lower-case name.
        rule: which of them to use, in which order.

    Raises:
        EnvironmentProblem: there is no usable Chinese face among them.
    """

    def __init__(self, files: Mapping[str, Path], rule: FontRule) -> None:
        self._files = files
        self._opened: dict[FontFile, _Face | None] = {}
        self._orders: dict[Role, tuple[FontFile, ...]] = {
            "text": (*rule.text, *rule.others),
            "heading": (*rule.heading, *rule.text, *rule.others),
        }
        self._glyphs: dict[tuple[Role, str], tuple[Glyph, ...]] = {}
        if any(self._drawn(character, "text") is None for character in NEEDED):
            raise EnvironmentProblem("report.no_font", packages=" ".join(rule.packages))

    @classmethod
    def find(cls, rule: FontRule | None = None) -> Self:
        """The fonts that this machine has installed. Raises EnvironmentProblem where there is no Chinese one."""
        rule = rule or Style.load().fonts
        wanted = {entry.file.lower() for entry in (*rule.text, *rule.heading, *rule.others)}
        files: dict[str, Path] = {}
        for folder in rule.folders:
            for path in _files(folder):
                if path.name.lower() in wanted:
                    files.setdefault(path.name.lower(), path)
        return cls(files, rule)

    def glyphs(self, text: str, role: Role = "text") -> list[Glyph]:
        """`text` as it is drawn. Line breaks and tabs become spaces; invisible characters are left out."""
        return [glyph for character in text for glyph in self._glyphs_of(character, role)]

    def width(self, text: str, size: float, role: Role = "text") -> float:
        """How wide `text` is in one line."""
        return size * sum(glyph.width for glyph in self.glyphs(text, role))

    def first_face(self) -> str:
        """A face to begin a page with."""
        return self.glyphs("心")[0].face

    def _glyphs_of(self, character: str, role: Role) -> tuple[Glyph, ...]:
        key = (role, character)
        if key not in self._glyphs:
            self._glyphs[key] = tuple(self._choose(character, role))
        return self._glyphs[key]

    def _choose(self, character: str, role: Role) -> Iterable[Glyph]:
        category = unicodedata.category(character)
        if category == "Cf" or any(ord(character) in selectors for selectors in _SELECTORS):
            return []
        if category in {"Cc", "Zl", "Zp"}:
            character = " "
        glyph = self._drawn(character, role)
        return [glyph] if glyph else self.glyphs(spelled_out(character), role)

    def _drawn(self, character: str, role: Role) -> Glyph | None:
        faces = (face for face in map(self._face, self._orders[role]) if face and face.draws(character))
        face = next(faces, None)
        return face.glyph(character) if face else None

    def _face(self, entry: FontFile) -> _Face | None:
        if entry not in self._opened:
            self._opened[entry] = self._open(entry)
        return self._opened[entry]

    def _open(self, entry: FontFile) -> _Face | None:
        """The face, or None where the file is missing or of no use: damaged, other outlines, embedding forbidden."""
        path = self._files.get(entry.file.lower())
        if path is None:
            return None
        # reportlab keeps faces under a name for the whole process; each `Fonts` has its own, so that they do not mix.
        name = f"{entry.file}/{entry.face or 0}/{id(self):x}"
        try:
            face = _Face(name, str(path), subfontIndex=entry.face or 0)
        except (ttfonts.TTFError, struct.error, LookupError, OSError, ValueError):
            return None
        pdfmetrics.registerFont(face)
        return face


def spelled_out(character: str) -> str:
    """How a character is written that no font draws: code point and reading. Of one piece: its space does not break."""
    # As in `app.people.pinyin`: the dictionary of phrases is of no use for single characters and costs 40 MB.
    os.environ.setdefault("PYPINYIN_NO_PHRASES", "true")
    from pypinyin import Style as Tones  # noqa: PLC0415  after the switch, and only where a character is missing
    from pypinyin import pinyin  # noqa: PLC0415

    found = pinyin(character, style=Tones.TONE, errors="ignore")
    reading = f"\u00a0{found[0][0]}" if found else ""
    return f"〔U+{ord(character):04X}{reading}〕"


def _as_utf16(code: re.Match[str]) -> str:
    return f"<{chr(int(code[1], 16)).encode('utf-16-be').hex().upper()}>"


def _files(folder: str) -> Iterator[Path]:
    """Every file below a folder, in the same order on every run; nothing where it is not there or may not be read."""
    # Not `Path.expanduser`, which fails for an account that has no home.
    start = os.path.expandvars(os.path.expanduser(folder))  # noqa: PTH111
    for place, folders, names in os.walk(start):
        folders.sort()
        yield from (Path(place, name) for name in sorted(names))
