"""The register of cooperation as it stands in the books, each object with what it rests on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, MetaData, select

from keiryo.cooperation.tables import ABOUT, COOPERATION_DATE, EXTERNAL_FACT, NAMED_BY, QUOTATION
from keiryo.errors import NotFoundError


@dataclass(frozen=True, slots=True)
class RegisterObject:
    """An object of the register: its last line, and what belongs to it.

    Attributes
    ----------
    name : str
    kind : str
        Its line kind: instrument, commitment …
    values : mapping
        Its fields.
    dates, quotations, facts, people : tuple of mapping
        Its dates, the words that it rests on, what other sources say, who signed or saw it signed.
    """

    name: str
    kind: str
    values: Mapping[str, Any]
    dates: tuple[Mapping[str, Any], ...] = ()
    quotations: tuple[Mapping[str, Any], ...] = ()
    facts: tuple[Mapping[str, Any], ...] = ()
    people: tuple[Mapping[str, Any], ...] = ()

    @property
    def line(self) -> str:
        """The line of the record, ``act/line``."""
        return f"{self.values['act_id']}/{self.values['line_no']}"

    @property
    def title(self) -> str:
        """What it is called: its title, office, action or words."""
        for one in ("title", "person", "action", "words", "file"):
            if self.values.get(one):
                return str(self.values[one])
        return self.name

    def names(self, column: str) -> tuple[str, ...]:
        """Return the names in a field that holds several."""
        return tuple(str(self.values.get(column) or "").split())

    def date(self, what: str) -> Mapping[str, Any] | None:
        """Return the first date of a kind."""
        return next((one for one in self.dates if one["what"] == what), None)


@dataclass(frozen=True, slots=True)
class Register:
    """All objects by name, in the order in which they were recorded."""

    objects: Mapping[str, RegisterObject] = field(default_factory=dict)

    def of_kind(self, *kinds: str) -> Iterator[RegisterObject]:
        """Yield the objects of some line kinds."""
        for one in self.objects.values():
            if one.kind in kinds:
                yield one

    def get(self, name: str) -> RegisterObject:
        """Return an object.

        Raises
        ------
        NotFoundError
            If there is none of that name.
        """
        found = self.objects.get(name)
        if found is None:
            raise NotFoundError(
                f"there is no {name[:60]!r} in the register of cooperation",
                "'keiryo cooperation register' lists the names.",
            )
        return found

    def under(self, name: str) -> list[RegisterObject]:
        """Return what stands under an instrument, body or programme, or was said at an event."""
        return [
            one
            for one in self.objects.values()
            if name in (one.values.get("under"), one.values.get("event"))
        ]


_PART = {COOPERATION_DATE.name: "dates", QUOTATION.name: "quotations", EXTERNAL_FACT.name: "facts"}


def read_recorded(
    connection: Connection, metadata: MetaData, through_act: int | None = None
) -> Register:
    """Return the register as the books hold it.

    Parameters
    ----------
    connection, metadata
        An open reading transaction and the tables; of what is not seen there is nothing.
    through_act : int, optional
        Only acts up to this number: the register as it was then.
    """

    def rows(kind: str) -> Iterator[Mapping[str, Any]]:
        table = metadata.tables[kind]
        query = select(table).order_by(table.c.act_id, table.c.line_no)
        if through_act is not None:
            query = query.where(table.c.act_id <= through_act)
        for row in connection.execute(query).mappings():
            yield dict(row)

    last: dict[str, tuple[str, Mapping[str, Any]]] = {}
    for kind, column in NAMED_BY.items():
        for row in rows(kind):
            last[str(row[column])] = (kind, row)
    parts: dict[str, dict[str, list[Mapping[str, Any]]]] = {name: {} for name in last}
    for kind, column in ABOUT.items():
        for row in rows(kind):
            name = str(row[column])
            if name in last and last[name][1]["act_id"] == row["act_id"]:
                parts[name].setdefault(_PART.get(kind, "people"), []).append(row)
    return Register(
        {
            name: RegisterObject(
                name, kind, row, **{part: tuple(some) for part, some in parts[name].items()}
            )
            for name, (kind, row) in last.items()
        }
    )
