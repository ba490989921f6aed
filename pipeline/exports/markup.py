"""XML and HTML from nodes: every text and every attribute is escaped."""

from __future__ import annotations

from collections.abc import Mapping
from xml.etree.ElementTree import Element, tostring

Child = Element | str


def node(name: str, attributes: Mapping[str, str] | None = None, *children: Child) -> Element:
    """An element. name: with its prefix, as in "dc:title"; the root declares what each means."""
    element = Element(name, dict(attributes or {}))
    last: Element | None = None
    for child in children:
        if isinstance(child, Element):
            element.append(child)
            last = child
        elif last is None:
            element.text = (element.text or "") + child
        else:
            last.tail = (last.tail or "") + child
    return element


def xml(root: Element, doctype: str = "") -> bytes:
    """The document in UTF-8."""
    body: str = tostring(root, "unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{doctype}{body}\n'.encode()


def html(root: Element) -> bytes:
    """The page in UTF-8; only a style's text is not escaped, and must not come from a story."""
    body: str = tostring(root, "unicode", "html")
    return f"<!DOCTYPE html>\n{body}\n".encode()
