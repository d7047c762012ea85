"""How findings about seals are put together."""

from __future__ import annotations

from keiryo.errors import Finding, Severity

BASIS = "docs/theory/surveillance.md"


def refusing(code: str, message: str, advice: str) -> Finding:
    """Return a finding because of which a report of an event is refused."""
    return Finding(code, Severity.FORMAT, message, advice, basis=BASIS)


def anomaly(code: str, message: str, advice: str, *, mba: str | None = None) -> Finding:
    """Return a finding that stands beside what was recorded and asks for an answer."""
    return Finding(code, Severity.INCONSISTENCY, message, advice, mba=mba, basis=BASIS)


def warning(code: str, message: str, advice: str, *, mba: str | None = None) -> Finding:
    """Return a finding that is worth a look."""
    return Finding(code, Severity.WARNING, message, advice, mba=mba, basis=BASIS)


def told(code: str, message: str, advice: str) -> Finding:
    """Return a finding that only tells."""
    return Finding(code, Severity.INFORMATION, message, advice, basis=BASIS)
