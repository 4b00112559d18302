"""Colours, sizes and icons. All of them have their names in `resources/themes/theme.json`; no style is in code."""

from __future__ import annotations

import re
from typing import Literal

import msgspec
from PySide6.QtCore import QByteArray, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QIcon, QPainter, QPalette, QPixmap
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QApplication

from app import resources

Mode = Literal["light", "dark"]
Choice = Literal["system", "light", "dark"]


class _File(msgspec.Struct, frozen=True):
    version: str
    fonts: list[str]
    sizes: dict[str, int]
    light: dict[str, str]
    dark: dict[str, str]


class Theme:
    """One of the two looks, applied to the application."""

    def __init__(self, mode: Mode) -> None:
        file = msgspec.json.decode(resources.path("themes", "theme.json").read_bytes(), type=_File)
        self.mode = mode
        self.sizes = file.sizes
        self._colors = file.light if mode == "light" else file.dark
        self._fonts = file.fonts

    @classmethod
    def chosen(cls, choice: Choice) -> Theme:
        """The theme that somebody chose, or the one that the system has."""
        if choice != "system":
            return cls(choice)
        dark = QApplication.styleHints().colorScheme() == Qt.ColorScheme.Dark
        return cls("dark" if dark else "light")

    def color(self, name: str) -> QColor:
        """A named colour."""
        return QColor(self._colors[name])

    def size(self, name: str) -> int:
        """A named size, in device-independent pixels."""
        return self.sizes[name]

    def apply(self, application: QApplication) -> None:
        """Give the application this look."""
        application.setStyle("Fusion")
        application.setPalette(self._palette())
        font = QFont()
        font.setFamilies(self._fonts)
        font.setPixelSize(self.sizes["text"])
        application.setFont(font)
        application.setStyleSheet(self._style_sheet())

    def icon(self, name: str, color: str = "muted") -> QIcon:
        """A drawing from `resources/icons` in a named colour; sharp at any scale."""
        drawing = resources.path("icons", f"{name}.svg").read_text("utf-8")
        icon = QIcon()
        for state, state_color in ((QIcon.State.Off, color), (QIcon.State.On, "accent_strong")):
            svg = drawing.replace("currentColor", self._colors[state_color])
            renderer = QSvgRenderer(QByteArray(svg.encode()))
            for pixels in (18, 24, 36, 48, 72):
                pixmap = QPixmap(pixels, pixels)
                pixmap.fill(Qt.GlobalColor.transparent)
                painter = QPainter(pixmap)
                renderer.render(painter, QRectF(0, 0, pixels, pixels))
                painter.end()
                icon.addPixmap(pixmap, QIcon.Mode.Normal, state)
        return icon

    def _style_sheet(self) -> str:
        values = dict(self._colors)
        values |= {f"size_{name}": str(size) for name, size in self.sizes.items()}
        for name in ("down", "check"):
            values[f"icon_{name}"] = f'"{resources.path("themes", self.mode, f"{name}.svg").as_posix()}"'
        names = "|".join(sorted(values, key=len, reverse=True))
        text = resources.path("themes", "style.qss").read_text("utf-8")
        return re.sub(f"@({names})", lambda match: values[match[1]], text)

    def _palette(self) -> QPalette:
        palette = QPalette()
        role = QPalette.ColorRole
        for color_role, name in (
            (role.Window, "page"),
            (role.WindowText, "text"),
            (role.Base, "surface"),
            (role.AlternateBase, "raised"),
            (role.Text, "text"),
            (role.PlaceholderText, "faint"),
            (role.Button, "surface"),
            (role.ButtonText, "text"),
            (role.Highlight, "selection"),
            (role.HighlightedText, "text"),
            (role.ToolTipBase, "raised"),
            (role.ToolTipText, "text"),
            (role.Link, "accent"),
            (role.Mid, "line"),
            (role.Dark, "line_strong"),
            (role.Light, "raised"),
        ):
            palette.setColor(color_role, self.color(name))
        palette.setColor(QPalette.ColorGroup.Disabled, role.Text, self.color("faint"))
        palette.setColor(QPalette.ColorGroup.Disabled, role.ButtonText, self.color("faint"))
        return palette
