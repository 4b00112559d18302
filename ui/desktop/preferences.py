"""What the program remembers on this computer outside any archive: language, look, which archive. Nothing about people."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Literal

import msgspec
import platformdirs

from app.texts import DEFAULT_LANGUAGE, LANGUAGES
from sync.files import replace_file

LOCK_AFTER = ("2", "5", "10", "20")
"""Minutes to choose from: never is none of them."""


class Preferences(msgspec.Struct, frozen=True):
    """Remembered choices.

    Attributes:
        lock_after: minutes without a key or the mouse after which the window locks.
        form_layout: whether forms with several sections are shown on one page or section by section.
    """

    language: str = DEFAULT_LANGUAGE
    look: Literal["system", "light", "dark"] = "system"
    archive: str = ""
    lock_after: Literal["2", "5", "10", "20"] = "5"
    form_layout: Literal["page", "steps"] = "page"


class PreferencesFile:
    """Reads and writes them. A file that cannot be read is as good as none."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path or Path(platformdirs.user_config_dir("xinyi", appauthor=False)) / "preferences.json"

    def load(self) -> Preferences:
        """The remembered choices, or the defaults."""
        try:
            found = msgspec.json.decode(self._path.read_bytes(), type=Preferences)
        except (OSError, msgspec.MsgspecError):
            return Preferences()
        return found if found.language in LANGUAGES else msgspec.structs.replace(found, language=DEFAULT_LANGUAGE)

    def save(self, preferences: Preferences) -> None:
        """Remember choices; where that is not possible, the next start asks again."""
        with contextlib.suppress(OSError):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            replace_file(self._path, msgspec.json.format(msgspec.json.encode(preferences)))
