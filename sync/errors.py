"""What can stop the work: the base of every error that a person gets to read.

Three kinds, and each has one way out. A `Problem` is for the person at the keyboard to mend. An
`EnvironmentProblem` says that the surroundings failed (disk, network, keyring) and what still works. Every
other exception is a bug of ours. Packages to the left (storage, app, ui) build on these two classes.
"""

from __future__ import annotations


class Problem(Exception):
    """Something that a person can mend.

    Args:
        key: names the sentence in `resources/i18n` (for example ``"roster.no_name_column"``).
        values: what fills the gaps of that sentence. They are shown on the person's own screen and never logged.
    """

    def __init__(self, key: str, /, **values: object) -> None:
        super().__init__(key)
        self.key = key
        self.values = values


class EnvironmentProblem(Problem):
    """The surroundings failed: no space, no network, no permission. The sentence says what still works."""
