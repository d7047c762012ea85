"""Books with labels for tests: areas, statements and ledger lines posted as acts."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from keiryo.accounts.inventory import inventory
from keiryo.capabilities import builtin_registry
from keiryo.journal.model import Actor, Draft
from keiryo.journal.opening import open_journal
from keiryo.journal.posting import post
from keiryo.journal.registry import Registry
from keiryo.obligations.balances import cells_on, holdings_on
from keiryo.obligations.holdings import BOOK, CellsOfHolding, Holding
from keiryo.places.model import MaterialBalanceArea
from keiryo.places.tables import AREA, area_values
from keiryo.storage.engine import Database

STATE = "XA"
ACTOR = Actor("P-1", STATE)
BEGINS = 20241231
POOL = "(pool)"

LABELS = ("AU", "CA", "GB", "KZ", "US")

Line = tuple[str, dict[str, Any]]


class LabelBooks:
    """Books of some areas, which begin to keep labels when they begin.

    Parameters
    ----------
    url : str
    pools, batches : str
        Codes of areas whose batches merge, and of those that follow their batches.
    labels : bool
        Whether labels begin to be kept at once.
    checks : bool
        Whether statements are looked at before they are posted.
    """

    def __init__(
        self, url: str, *, pools: str = "", batches: str = "", labels: bool = True,
        checks: bool = True,
    ) -> None:  # fmt: skip
        registry = builtin_registry()
        if not checks:
            registry = Registry(
                tuple(
                    replace(one, checks=()) if one.name == "obligations" else one
                    for one in registry.capabilities
                )
            )
        self.database = Database(url, registry)
        self.metadata = self.database.metadata
        open_journal(self.database, STATE, ACTOR)
        self.acts = 0
        self.areas = [*pools.split(), *batches.split()]
        self.post(*(registered(code, followed=code in batches.split()) for code in self.areas))
        self.post(*(label(code) for code in LABELS))
        if labels:
            self.post(beginning())

    def post(self, *lines: Line) -> int:
        """Post an act of some lines and return its number."""
        self.acts += 1
        draft = Draft("books.lines", client_id=f"act-{self.acts}")
        for kind, values in lines:
            draft.add(kind, dict(values))
        return post(self.database, draft, ACTOR).act.act_id

    def findings(self, act: int) -> list[tuple[str, str]]:
        """Return code and severity of the findings of an act."""
        table = self.metadata.tables["finding"]
        with self.database.reading() as connection:
            rows = connection.execute(table.select().where(table.c.act_id == act)).mappings()
            return [(str(row["code"]), str(row["severity"])) for row in rows]

    def codes(self, act: int) -> list[str]:
        """Return the codes of the findings of an act about labels."""
        return sorted(c for c, _ in self.findings(act) if c.startswith(("OBLIG", "CONSENT")))

    def held(
        self, day: int = 20991231, accounts: Sequence[str] = (BOOK,)
    ) -> dict[str, dict[str, int]]:
        """Return cells by ``MBA/NAME/CATEGORY`` (accounts besides the book are named, too)."""
        with self.database.reading() as connection:
            found = holdings_on(connection, self.metadata, day_of(day), accounts=accounts)
        return {_name(holding): dict(sorted(cells.items())) for holding, cells in found.items()}

    def every(self, day: int = 20991231) -> CellsOfHolding:
        """Return the cells of all followed holdings."""
        accounts = (BOOK, "domestic_transit", "retained_waste", "exempt_use", "exempt_quantity")
        with self.database.reading() as connection:
            return holdings_on(connection, self.metadata, day_of(day), accounts=accounts)

    def cells(self, day: int = 20991231) -> dict[tuple[str, str], dict[str, int]]:
        """Return cells by area and category."""
        with self.database.reading() as connection:
            return cells_on(connection, self.metadata, day_of(day))

    def book(self, day: int = 20991231) -> dict[tuple[str, str, str], int]:
        """Return what the ledger says that each batch (or pool) holds, without labels."""
        found: dict[tuple[str, str, str], int] = {}
        with self.database.reading() as connection:
            for mba in self.areas:
                listed = inventory(connection, self.metadata, mba, day_of(day))
                followed = self._followed(mba)
                for row in listed.batches:
                    key = (mba, row.batch if followed else POOL, str(row.category))
                    found[key] = found.get(key, 0) + row.amount.element_mg
        return {key: mg for key, mg in found.items() if mg}

    def _followed(self, mba: str) -> bool:
        table = self.metadata.tables[AREA.name]
        with self.database.reading() as connection:
            query = table.select().where(table.c.mba == mba).order_by(table.c.act_id.desc())
            row = connection.execute(query).mappings().first()
        assert row is not None
        return bool(row["batch_follow_up"])


def _name(holding: Holding) -> str:
    account = "" if holding.account == BOOK else f"{holding.account}:"
    return f"{account}{holding.mba}/{holding.name}/{holding.category}"


def day_of(number: int) -> datetime.date:
    """Return a day of YYYYMMDD."""
    return datetime.date(number // 10_000, number // 100 % 100, number % 100)


def scope(mba: str) -> str:
    """Return the scope of an area."""
    return f"{STATE}/XAF-/{mba}"


def registered(mba: str, *, followed: bool) -> Line:
    """Return a line that registers an area."""
    kind = "item" if followed else "bulk"
    place = MaterialBalanceArea(STATE, "XAF-", mba, kind, followed)
    return AREA.name, dict(area_values(place))


def label(code: str, kind: str = "State", **more: Any) -> Line:
    """Return a line that registers a label."""
    values = {"scope": STATE, "label": code, "name": f"partner {code}", "kind": kind, **more}
    return "obligation_label", values


def beginning(day: int = BEGINS) -> Line:
    """Return the statement with which labels begin to be kept."""
    return "obligation_beginning", {"scope": STATE, "on_day": day, "reason": "as agreed"}


def opening(mba: str, category: str, labels: str, **more: Any) -> Line:
    """Return a line of the opening."""
    values = {"scope": scope(mba), "mba": mba, "category": category, "labels": labels, **more}
    return "obligation_opening", values


def receipt(mba: str, batch: str, labels: str, share: str | None = "1", **more: Any) -> Line:
    """Return a statement about the labels of a receipt."""
    values = {"scope": scope(mba), "mba": mba, "batch": batch, "labels": labels, **more}
    if "element_mg" not in more:
        values["share"] = share
    return "obligation_receipt", values


def origin(place: str, labels: str, **more: Any) -> Line:
    """Return a rule of origin, named after what it says."""
    rule = {"scope": STATE, "rule": f"from {place}", "place": place, "labels": labels}
    return "obligation_origin_rule", {**rule, "reason": "as agreed", **more}


def change(
    mba: str, code: str, day: int, batch: str, category: str, element_mg: int, **more: Any
) -> Line:
    """Return a ledger line."""
    values = {
        "scope": scope(mba), "mba": mba, "known_on": day, "code": code, "event_date": day,
        "batch": batch, "category": category, "element_mg": element_mg, **more,
    }  # fmt: skip
    return "inventory_change", values


def listed(mba: str, day: int, batch: str, category: str, element_mg: int, **more: Any) -> Line:
    """Return a line of a physical inventory."""
    values = {
        "scope": scope(mba), "mba": mba, "known_on": day, "pit_date": day, "batch": batch,
        "category": category, "element_mg": element_mg, **more,
    }  # fmt: skip
    return "physical_inventory", values


def imported(
    mba: str, day: int, batch: str, category: str, element_mg: int, of: str = "US/USAA"
) -> Line:
    """Return a receipt from abroad."""
    return change(mba, "RF", day, batch, category, element_mg, shipper=of, receiver=f"XA/{mba}")


def exported(
    mba: str, day: int, batch: str, category: str, element_mg: int, to: str = "FR/FRAA"
) -> Line:
    """Return a shipment abroad."""
    return change(mba, "SF", day, batch, category, element_mg, shipper=f"XA/{mba}", receiver=to)


def shipped(mba: str, to: str, day: int, batch: str, category: str, element_mg: int) -> Line:
    """Return a domestic shipment."""
    parties = {"shipper": f"XA/{mba}", "receiver": f"XA/{to}"}
    return change(mba, "SD", day, batch, category, element_mg, **parties)


def received(
    mba: str, of: str, day: int, batch: str, category: str, element_mg: int, **more: Any
) -> Line:
    """Return a domestic receipt."""
    parties = {"shipper": f"XA/{of}", "receiver": f"XA/{mba}"}
    return change(mba, "RD", day, batch, category, element_mg, **parties, **more)


def category_change(
    mba: str, code: str, day: int, batch: str, old_mg: int, new_mg: int | None = None
) -> list[Line]:
    """Return the two lines of a category change."""
    weights = (old_mg, old_mg if new_mg is None else new_mg)
    return [
        change(mba, code, day, batch, letter, mg) for letter, mg in zip(code, weights, strict=True)
    ]


def rebatched(
    mba: str, day: int, category: str, out: Iterable[tuple[str, int]],
    into: Iterable[tuple[str, int]],
) -> list[Line]:  # fmt: skip
    """Return the lines by which batches become others."""
    return [
        *(change(mba, "RM", day, batch, category, mg) for batch, mg in out),
        *(change(mba, "RP", day, batch, category, mg) for batch, mg in into),
    ]


def exchanged(name: str, day: int, one: tuple[str, str], other: tuple[str, str],
              category: str, element_mg: int, **more: Any) -> Line:  # fmt: skip
    """Return an exchange of all labels between the pools of two areas, or batches if named."""
    values = {
        "scope": STATE, "exchange": name, "event_date": day, "mba": one[0], "labels": one[1],
        "moved": one[1], "other_mba": other[0], "other_labels": other[1], "other_moved": other[1],
        "category": category, "element_mg": element_mg, "reason": "as agreed", **more,
    }  # fmt: skip
    return "obligation_exchange", values


def relabelled(name: str, day: int, removes: str | None, adds: str | None, **more: Any) -> Line:
    """Return that a label ends, begins or passes to another."""
    values = {"scope": STATE, "relabelling": name, "event_date": day, "removes": removes,
              "adds": adds, "reason": "as agreed", **more}  # fmt: skip
    return "obligation_relabelling", values


def designated(
    mba: str, code: str, day: int, batch: str, category: str, labels: str, element_mg: int
) -> Line:
    """Return a cell that was named for a withdrawal."""
    values = {
        "scope": scope(mba), "mba": mba, "batch": batch, "event_date": day, "code": code,
        "category": category, "labels": labels, "element_mg": element_mg, "reason": "as agreed",
    }  # fmt: skip
    return "obligation_designation", values


def place_rule(mba: str, **more: Any) -> Line:
    """Return what an area does to labels."""
    return "obligation_place", {"scope": scope(mba), "mba": mba, "reason": "as agreed", **more}


def consent(name: str, partner: str, step: str = "retransfer", **more: Any) -> Line:
    """Return a partner's consent."""
    values = {"scope": STATE, "consent": name, "partner": partner, "step": step, "words": "letter"}
    return "obligation_consent", {**values, **more}
