"""XML from strangers: no document type, no entities of its own, no depth without end."""

from __future__ import annotations

import re
from collections.abc import Iterator
from xml.etree.ElementTree import Element, ParseError, TreeBuilder, XMLParser
from xml.parsers import expat

DEEPEST = 64
MOST_ELEMENTS = 1_000_000


_ENCODING = re.compile(rb"<\?xml[^>]{0,100}?encoding\s*=\s*[\"']([A-Za-z0-9._-]+)[\"']")


class UnsafeXmlError(ValueError):
    """The XML asks for what is not granted, or is none; `line` says where."""

    def __init__(self, message: str, line: int, *, cut: bool = False) -> None:
        self.line, self.cut = line, cut
        super().__init__(message)


CUT = "cut-off"
"""Attribute of elements that the end of a cut-off document runs through."""


def parse_xml(content: bytes, encoding: str | None = None, *, salvage: bool = False) -> Element:
    """Return the tree of an XML document, the names of its elements without namespaces.

    Prefixes are cut off and not resolved: programs in use write some that they never declare.

    Parameters
    ----------
    content : bytes
    encoding : str, optional
        To read it with, whatever the document says.
    salvage : bool
        Whether a document that ends too early is returned as far as it goes: the elements that
        its end runs through have the attribute `CUT`.

    Raises
    ------
    UnsafeXmlError
        For a document type or entity declaration, elements nested too deeply, too many, and for
        what is not well-formed; `cut` tells that the document ends too early.
    """
    quick = _plain_tree(content) if encoding is None else None
    if quick is not None:
        return quick
    parser = expat.ParserCreate(encoding)
    builder, elements = TreeBuilder(), 0
    stack: list[Element] = []

    def refuse(*_: object) -> None:
        told = "The file declares a document type or entities; it is not read."
        raise UnsafeXmlError(told, parser.CurrentLineNumber)

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal elements
        elements += 1
        if elements > MOST_ELEMENTS:
            raise UnsafeXmlError("The file has too many elements.", parser.CurrentLineNumber)
        if len(stack) >= DEEPEST:
            raise UnsafeXmlError("The elements are nested too deeply.", parser.CurrentLineNumber)
        plain = {key.rpartition(":")[2]: value for key, value in attributes.items()}
        stack.append(builder.start(name.rpartition(":")[2], plain))

    def end(name: str) -> None:
        stack.pop()
        builder.end(name.rpartition(":")[2])

    parser.StartDoctypeDeclHandler = refuse
    parser.EntityDeclHandler = refuse
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = builder.data
    parser.buffer_text = True
    try:
        parser.Parse(content, True)
    except expat.ExpatError as error:
        ends = ("no element found", "unclosed token", "unclosed CDATA section")
        message = expat.ErrorString(error.code)
        cut = message in ends
        if cut and salvage and stack:
            while stack:
                stack[-1].set(CUT, "1")
                end(stack[-1].tag)
            return builder.close()
        told = "The file was cut off." if cut else f"The file is no XML: {message}."
        raise UnsafeXmlError(told, error.lineno, cut=cut) from None
    except (ValueError, LookupError) as error:
        if isinstance(error, UnsafeXmlError):
            raise
        raise UnsafeXmlError("The file has an encoding that is not read.", 1) from None
    return builder.close()


def _plain_tree(content: bytes) -> Element | None:
    """Return the tree of a document that plainly asks for nothing, or None.

    Without a document type there are no entities but those of XML itself, so the quick parser is
    safe for it. Whatever is not plain, or not well-formed, is left to the strict parser.
    """
    said = _ENCODING.match(content)
    if content[:1] != b"<" or (said is not None and said[1].lower() not in (b"utf-8", b"us-ascii")):
        return None
    if b"<!D" in content or b"<!E" in content or content.count(b"<") > MOST_ELEMENTS:
        return None
    parser = XMLParser()
    try:
        parser.feed(content)
        root: Element = parser.close()
    except (ParseError, ValueError, LookupError):
        return None
    depth, level = 0, [root]
    while level:
        depth += 1
        if depth > DEEPEST:
            return None
        for one in level:
            one.tag = one.tag.rpartition("}")[2]
        level = [inner for one in level for inner in one]
    return root


def whole_elements(given: Element, name: str) -> Iterator[Element]:
    """Yield the elements of a name that the end of the document does not run through."""
    return (one for one in given.iter(name) if not one.get(CUT))
