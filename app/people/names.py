"""Names of people: one spelling for what looks the same, and no character lost or exchanged.

Ideographs stay as they are, compatibility ideographs too: a name is what stands in the identity papers, so the Unicode
normal forms, which exchange some of them, are applied to the other characters only.
"""

from __future__ import annotations

import re
import unicodedata

from app.errors import Problem
from app.spreadsheets import cell_text

MAX_LENGTH = 50
"""Characters that a name may have."""

MIDDLE_DOT = "·"  # U+00B7, between the parts of a name from another language

# Sets of characters for regular expressions. Ideographs go by range, not by Unicode category: Python knows the younger
# blocks of planes 2 and 3 only from some version on.
IDEOGRAPHS = "\u3005\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003fffd"
PRIVATE_USE = "\ue000-\uf8ff\U000f0000-\U000ffffd\U00100000-\U0010fffd"
VARIANTS = "\ufe00-\ufe0f\U000e0100-\U000e01ef"  # say which form of the ideograph before them is meant
_RADICALS = "\u2e80-\u2fd5"

_WIDE = f"{IDEOGRAPHS}{PRIVATE_USE}{VARIANTS}{_RADICALS}"
_NARROW_RUN = re.compile(f"[^{_WIDE}]+")
_SPACE_INSIDE = re.compile(f"(?<=[{_WIDE}]) (?=[{_WIDE}])| ?{MIDDLE_DOT} ?")
_STOP_INSIDE = re.compile(f"(?<=[{_WIDE}]) ?\\. ?(?=[{_WIDE}])")
_OTHER_DOTS = dict.fromkeys(map(ord, "•‧・･∙⋅●᛫‣∘"), MIDDLE_DOT)
_SIGNS = frozenset(" ·-'’.")


class NameFault(Problem):
    """Why a text is no name."""


def normalise_name(text: str) -> str:
    """The one spelling under which the name in `text` is kept.

    Spaces around ideographs go (张 三), one is kept between words in letters. Every kind of dot between the parts of a
    name becomes U+00B7. Full-width letters become ASCII.

    Raises:
        NameFault: ``identity.name_empty``, ``identity.name_too_long`` or ``identity.name_characters`` (digits, signs).
    """
    name = cell_text(text, as_half_width=True).translate(_OTHER_DOTS)
    name = _STOP_INSIDE.sub(MIDDLE_DOT, name)
    name = _SPACE_INSIDE.sub(lambda found: found[0].strip(), name)
    name = _NARROW_RUN.sub(lambda found: unicodedata.normalize("NFC", found[0]), name).strip(f" '{MIDDLE_DOT}")
    strange = [character for character in dict.fromkeys(name) if not _is_allowed(character)]
    if strange:
        raise NameFault("identity.name_characters", characters=" ".join(strange))
    if not name.strip("".join(_SIGNS)):
        raise NameFault("identity.name_empty")
    if len(name) > MAX_LENGTH:
        raise NameFault("identity.name_too_long", length=len(name), limit=MAX_LENGTH)
    return name


def name_doubts(name: str) -> list[str]:
    """Keys of the sentences that say what a person should look at in a normalised `name`.

    ``identity.name_private_use``: characters that only one font or one old system gave a meaning to.
    ``identity.name_radical``: parts of characters, as copied out of a PDF, in the place of the character itself.
    """
    doubts = {"identity.name_private_use": PRIVATE_USE, "identity.name_radical": _RADICALS}
    return [key for key, characters in doubts.items() if re.search(f"[{characters}]", name)]


def _is_allowed(character: str) -> bool:
    return (
        character in _SIGNS
        or unicodedata.category(character)[0] in "LM"
        or re.match(f"[{_WIDE}]", character) is not None
    )
