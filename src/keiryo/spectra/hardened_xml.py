"""XML from strangers: no document type, no entities of its own, no depth without end."""

from __future__ import annotations

from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

DEEPEST = 64
MOST_ELEMENTS = 1_000_000


class UnsafeXmlError(ValueError):
    """The XML asks for what is not granted, or is none; `line` says where."""

    def __init__(self, message: str, line: int, *, cut: bool = False) -> None:
        self.line, self.cut = line, cut
        super().__init__(message)


def parse_xml(content: bytes, encoding: str | None = None) -> Element:
    """Return the tree of an XML document, the names of its elements without namespaces.

    Prefixes are cut off and not resolved: programs in use write some that they never declare.

    Parameters
    ----------
    content : bytes
    encoding : str, optional
        To read it with, whatever the document says.

    Raises
    ------
    UnsafeXmlError
        For a document type or entity declaration, elements nested too deeply, too many, and for
        what is not
        well-formed; `cut` tells that the document ends too early.
    """
    parser = expat.ParserCreate(encoding)
    builder, depth, elements = TreeBuilder(), 0, 0

    def refuse(*_: object) -> None:
        told = "The file declares a document type or entities; it is not read."
        raise UnsafeXmlError(told, parser.CurrentLineNumber)

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal depth, elements
        depth, elements = depth + 1, elements + 1
        if elements > MOST_ELEMENTS:
            raise UnsafeXmlError("The file has too many elements.", parser.CurrentLineNumber)
        if depth > DEEPEST:
            raise UnsafeXmlError("The elements are nested too deeply.", parser.CurrentLineNumber)
        plain = {key.rpartition(":")[2]: value for key, value in attributes.items()}
        builder.start(name.rpartition(":")[2], plain)

    def end(name: str) -> None:
        nonlocal depth
        depth -= 1
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
        told = "The file was cut off." if cut else f"The file is no XML: {message}."
        raise UnsafeXmlError(told, error.lineno, cut=cut) from None
    except (ValueError, LookupError) as error:
        if isinstance(error, UnsafeXmlError):
            raise
        raise UnsafeXmlError("The file has an encoding that is not read.", 1) from None
    return builder.close()
