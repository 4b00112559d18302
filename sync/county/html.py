"""HTML as a tree: what is put into it as text can never become markup."""

from __future__ import annotations

from xml.etree import ElementTree as ET

Part = ET.Element | str


def tag(name: str, /, *parts: Part | None, **attributes: str) -> ET.Element:
    """An element; None among the parts is left out, an attribute's trailing underscore too, other underscores are dashes."""
    made = ET.Element(name, {key.rstrip("_").replace("_", "-"): value for key, value in attributes.items()})
    for part in parts:
        if isinstance(part, ET.Element):
            made.append(part)
        elif part is not None and len(made):
            made[-1].tail = (made[-1].tail or "") + part
        elif part is not None:
            made.text = (made.text or "") + part
    return made


def name_of(text: str) -> ET.Element:
    """A name that somebody else chose: its writing direction stays its own."""
    return tag("bdi", text)


def document(root: ET.Element) -> bytes:
    """The bytes of a page."""
    return b"<!doctype html>\n" + bytes(ET.tostring(root, encoding="utf-8", method="html"))
