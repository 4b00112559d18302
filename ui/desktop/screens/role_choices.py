"""What somebody is, and which classes they look after, to tick in a form; below each role what it sees."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtWidgets import QCheckBox, QVBoxLayout, QWidget

from app.access import Roles
from app.errors import Problem
from app.texts import Texts
from app.users import Account
from ui.desktop.widgets.basics import label
from ui.desktop.widgets.choices import Choices

_INDENT = 24


class RoleChoices(QWidget):
    """The roles there are. The classes are asked for only where a role sees no others.

    Args:
        texts: the language.
        groups: names of classes by id.
        account: what is ticked to begin with; None for nothing.
    """

    def __init__(self, texts: Texts, groups: Mapping[bytes, str], account: Account | None = None) -> None:
        super().__init__()
        ticked, looked_after = (account.roles, account.groups) if account else ((), ())
        self._boxes: dict[str, QCheckBox] = {}
        self._limited: set[str] = set()
        self._groups = [*groups]
        self._classes = QWidget()
        self._choices = Choices(texts("desktop_accounts.all_classes"), list(groups.values()), ticked=False)
        self._choices.tick({place for place, group in enumerate(self._groups) if group in looked_after})
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.addWidget(label(texts("desktop_accounts.roles"), "muted"))
        for role in Roles.load().roles:
            self._add(role.id, role.title[texts.language], texts(f"desktop_accounts.sees_{role.id}"))
            self._boxes[role.id].setChecked(role.id in ticked)
            if role.within:
                self._limited.add(role.id)
                self._layout.addWidget(self._class_choices(texts))
        if {*ticked} - {*self._boxes}:
            self._layout.addWidget(label(texts("desktop_accounts.unknown_role_goes"), "doubt", wrap=True))
        self._show_classes()

    def _add(self, role: str, title: str, about: str) -> None:
        box = QCheckBox(title)
        box.setAccessibleDescription(about)
        box.toggled.connect(lambda _on: self._show_classes())
        said = label(about, "small", wrap=True)
        said.setIndent(_INDENT)
        self._layout.addWidget(box)
        self._layout.addWidget(said)
        self._boxes[role] = box

    def _class_choices(self, texts: Texts) -> QWidget:
        layout = QVBoxLayout(self._classes)
        layout.setContentsMargins(_INDENT, 0, 0, 0)
        empty = "desktop_accounts.which_classes" if self._groups else "desktop_accounts.no_classes"
        layout.addWidget(label(texts(empty), "muted", wrap=True))
        layout.addWidget(self._choices)
        return self._classes

    def _show_classes(self) -> None:
        self._classes.setVisible(any(self._boxes[role].isChecked() for role in self._limited))

    def set_focus(self) -> None:
        """Go to the first role."""
        next(iter(self._boxes.values())).setFocus()

    def chosen(self) -> list[str]:
        """Ids of the roles that are ticked. Raises Problem where none is."""
        roles = [role for role, box in self._boxes.items() if box.isChecked()]
        if not roles:
            raise Problem("user.no_roles")
        return roles

    def groups(self) -> list[bytes]:
        """Ids of the classes that are ticked; none where no role asks for them."""
        limited = self._limited.intersection(self.chosen())
        return [self._groups[place] for place in self._choices.chosen()] if limited else []
