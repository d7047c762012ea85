"""What was found while process data were read: collected, and shown all at once.

A file of ten million lines can be wrong in ten million places. Of each kind of finding in one
file the first ones are kept word by word, and the rest are counted.
"""

from __future__ import annotations

from keiryo.errors import Finding, Severity

LONGEST_NAME = 60
"""More letters of a name or value are not shown."""
FULLY_TOLD = 20
"""Findings of one kind in one file that are told one by one."""


def shortened(text: str, longest: int = LONGEST_NAME) -> str:
    """Return a name as it is shown: not longer than a line, signs that cannot be seen as "?"."""
    seen = text if len(text) <= longest else text[:longest] + "…"
    return "".join(letter if letter.isprintable() else "?" for letter in seen)


class Notes:
    """Findings about one folder of process data, in the order in which they were made.

    Attributes
    ----------
    fatal : int
        How many findings make the data unusable (severity F).
    rejected_names : set of str
        Locations that `locations.csv` names wrongly: what else is said of them is no news.
    """

    def __init__(self) -> None:
        self._findings: list[Finding] = []
        self._told: dict[tuple[str, str | None], int] = {}
        self.fatal = 0
        self.rejected_names: set[str] = set()

    def add(
        self,
        code: str,
        severity: Severity,
        message: str,
        advice: str = "",
        *,
        file: str | None = None,
        line: int | None = None,
        cell: str | None = None,
        found: str | None = None,
        expected: str | None = None,
        basis: str | None = None,
    ) -> None:
        """Add a finding; beyond `FULLY_TOLD` of one kind in one file it is only counted."""
        self.fatal += severity is Severity.FORMAT
        told = self._told.get((code, file), 0) + 1
        self._told[code, file] = told
        if told <= FULLY_TOLD:
            self._findings.append(
                Finding(
                    code, severity, message, advice, file=file, line=line, cell=cell,
                    found=None if found is None else shortened(found, 200), expected=expected,
                    basis=basis,
                )
            )  # fmt: skip

    def form(self, code: str, message: str, advice: str = "", **place: object) -> None:
        """Add a finding that makes the data unusable (severity F)."""
        self.add(code, Severity.FORMAT, message, advice, **place)  # type: ignore[arg-type]

    def question(self, code: str, message: str, advice: str = "", **place: object) -> None:
        """Add a finding that someone must answer (severity E)."""
        self.add(code, Severity.INCONSISTENCY, message, advice, **place)  # type: ignore[arg-type]

    def warning(self, code: str, message: str, advice: str = "", **place: object) -> None:
        """Add a finding worth a look (severity W)."""
        self.add(code, Severity.WARNING, message, advice, **place)  # type: ignore[arg-type]

    def remark(self, code: str, message: str, advice: str = "", **place: object) -> None:
        """Add what a reader should know (severity I)."""
        self.add(code, Severity.INFORMATION, message, advice, **place)  # type: ignore[arg-type]

    @property
    def rejected(self) -> bool:
        """Whether the data cannot be evaluated."""
        return self.fatal > 0

    def all(self) -> tuple[Finding, ...]:
        """Return the findings, and for each kind that was cut short how many more there are."""
        found = list(self._findings)
        for (code, file), told in self._told.items():
            if told > FULLY_TOLD:
                kind = next(f for f in self._findings if f.code == code and f.file == file)
                found.append(
                    Finding(
                        code,
                        kind.severity,
                        f"there are {told - FULLY_TOLD} more findings of this kind in the file",
                        kind.advice,
                        file=file,
                    )
                )
        return tuple(found)
