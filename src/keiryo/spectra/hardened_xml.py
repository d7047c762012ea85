"""XML from strangers: no document type, no entities of its own, no depth without end."""

from __future__ import annotations

from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

DEEPEST = 64


class UnsafeXmlError(ValueError):
    """The XML asks for what is not granted, or is none; `line` says where."""

    def __init__(self, message: str, line: int, *, cut: bool = False) -> None:
        self.line, self.cut = line, cut
        super().__init__(message)


CUT = "cut-off"
"""Attribute of elements that the end of a cut-off document leaves open."""


def parse_xml(content: bytes, *, salvage: bool = False) -> Element:
    """Return the tree of an XML document, the names of its elements without prefixes.

    Prefixes need not be bound: programs of the field write some that are not.

    Parameters
    ----------
    content : bytes
    salvage : bool
        Whether a document that ends too early is returned as far as it goes: the elements that
        it leaves open have the attribute `CUT`.

    Raises
    ------
    UnsafeXmlError
        For a document type or entity declaration, elements nested too deeply, and for what is not
        well-formed; `cut` tells that the document ends too early.
    """
    parser = expat.ParserCreate()
    builder = TreeBuilder()
    stack: list[Element] = []

    def refuse(*_: object) -> None:
        told = "The file declares a document type or entities; it is not read."
        raise UnsafeXmlError(told, parser.CurrentLineNumber)

    def start(name: str, attributes: dict[str, str]) -> None:
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
    return builder.close()
