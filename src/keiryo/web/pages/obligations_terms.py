"""What governs labels: rules of origin and of places, consents with what is left, exchanges."""

from __future__ import annotations

import datetime
from typing import Any

from litestar import Response, get
from litestar.response import Stream

from keiryo.dates import number_date
from keiryo.obligations.consent_use import used_of_consents
from keiryo.obligations.stated import consent_rule
from keiryo.obligations.tables import (
    CONSENT,
    DESIGNATION,
    EXCHANGE,
    ORIGIN_RULE,
    PLACE_RULE,
    RECEIPT_LABELS,
    RELABELLING,
)
from keiryo.web.listing import ListColumn, Row, RowList, shown_list
from keiryo.web.pages.boards import sees_state
from keiryo.web.pages.obligations_known import (
    CAPABILITY,
    READING,
    done_act,
    kept,
    last_of,
    may_record,
    remembered,
    rows_of,
    tabs,
)
from keiryo.web.pages.obligations_labels import agreement_address
from keiryo.web.pages.obligations_words import (
    CONSENT_WORDS,
    CONSENTS,
    EXCHANGES,
    RULES,
    account_words,
    area_address,
    crumbs,
    label_address,
    record_address,
    set_words,
    weight_words,
)
from keiryo.web.rendering import render
from keiryo.web.speaking import day_text
from keiryo.web.speaking import gettext as _
from keiryo.web.translation import sentence
from keiryo.web.viewer import AnyRequest, Asking, Viewer

HOLDS, AHEAD, OVER, WITHDRAWN, USED_UP = (
    sentence("holds"),
    sentence("not yet in force"),
    sentence("run out"),
    sentence("withdrawn"),
    sentence("used up"),
)
STATE_BADGES = {HOLDS: "ok", AHEAD: "open", OVER: "plain", WITHDRAWN: "plain", USED_UP: "warning"}
_FROM, _UNTIL = (
    ListColumn("valid_from", sentence("From"), "date"),
    ListColumn("valid_to", sentence("Until"), "date"),
)
_ACT = ListColumn("act_id", sentence("Act"), "act", filterable=False)


def _area_href(row: Row) -> str | None:
    return area_address(row["mba"]) if row["mba"] else None


# --- rules -----------------------------------------------------------------------------------

RULE_COLUMNS = (
    ListColumn("rule", sentence("Rule"), "code"),
    ListColumn("place", sentence("From where")),
    ListColumn("mba", sentence("Received in"), "code", href=_area_href),
    ListColumn("categories", sentence("Categories"), "code"),
    ListColumn("labels", sentence("Label set")),
    *(_FROM, _UNTIL),
    ListColumn("reason", sentence("Rests on")),
    _ACT,
)
PLACE_COLUMNS = (
    ListColumn("mba", sentence("Area"), "code", href=_area_href),
    ListColumn("attaches", sentence("Its equipment adds")),
    ListColumn("attaches_to", sentence("Added to"), choices=("production", "enrichment")),
    ListColumn(
        *("consent_for", sentence("What comes here takes")), choices=tuple(CONSENT_WORDS.values())
    ),
    ListColumn(
        *("decay", sentence("Decay is booked")),
        choices=("continuously", "at inventory", "never"),
    ),
    *(_FROM, _UNTIL),
    ListColumn("reason", sentence("Rests on")),
    _ACT,
)


@get(RULES, sync_to_thread=True, opt=READING)
def rules_page(request: AnyRequest, viewer: Asking) -> Response[Any] | Stream:
    """Show under which labels comes what from where, and what areas do to labels."""
    rules = shown_list(
        *(request, RowList(last_of(rows_of(viewer, ORIGIN_RULE.name), "rule"), RULE_COLUMNS)),
        "rules-of-origin",
        prefix="o-",
    )
    if isinstance(rules, Response | Stream):
        return rules
    steps = [
        {**row, "consent_for": CONSENT_WORDS.get(row["consent_for"], row["consent_for"])}
        for row in rows_of(viewer, PLACE_RULE.name)
    ]
    places = shown_list(request, RowList(steps, PLACE_COLUMNS), "rules-of-places", prefix="p-")
    if isinstance(places, Response | Stream):
        return places
    for shown, row in zip(rules.rows, rules.found.rows, strict=True):
        shown["labels"] = {"text": set_words(row["labels"])}
    for shown, row in zip(places.rows, places.found.rows, strict=True):
        for name in ("attaches_to", "decay", "consent_for"):
            shown[name] = _(row[name]) if row[name] else None
    return render(
        request,
        "obligations/rules.html",
        rules=rules,
        places=places,
        done=done_act(request),
        may_record=may_record(viewer),
        record_href=record_address("rules"),
        tabs=tabs(viewer, RULES),
        crumbs=crumbs((_("Rules of origin and places"), None)),
    )


# --- consents --------------------------------------------------------------------------------

CONSENT_COLUMNS = (
    ListColumn("consent", sentence("Consent"), "code"),
    ListColumn(
        *("partner", sentence("Partner"), "code"), href=lambda row: label_address(row["partner"])
    ),
    ListColumn("step", sentence("Step"), choices=tuple(CONSENT_WORDS.values())),
    ListColumn("destinations", sentence("Where to")),
    ListColumn("element_mg", sentence("Covers"), "mass", filterable=False),
    ListColumn("used_mg", sentence("Used"), "mass", filterable=False),
    ListColumn("left_mg", sentence("Left"), "mass", filterable=False),
    *(_FROM, _UNTIL),
    ListColumn("state", sentence("State"), choices=tuple(STATE_BADGES)),
    ListColumn("words", sentence("Words")),
    ListColumn("instrument", sentence("In the register of cooperation"), "code", hidden=True),
    _ACT,
)


def consent_rows(viewer: Viewer) -> list[dict[str, Any]]:
    """Return the consents that were recorded, with what is used and left of each.

    What is used follows from the shipments of all areas: it is told only to who sees them all.
    """
    whole = sees_state(viewer, CAPABILITY)
    used: dict[str, int] = {}
    if whole and kept(viewer).begins is not None:
        used = remembered(viewer, "used", lambda: _used(viewer))
    rows = []
    for row in last_of(rows_of(viewer, CONSENT.name), "consent"):
        limit = row["element_mg"]
        own = used.get(row["consent"], 0) if limit is not None and whole else None
        left = None if limit is None or own is None else limit - own
        state = _state(row, viewer.today, left)
        step = CONSENT_WORDS.get(row["step"], row["step"])
        rows.append({**row, "step": step, "used_mg": own, "left_mg": left, "state": state})
    return rows


def _used(viewer: Viewer) -> dict[str, int]:
    with viewer.whole.reading() as connection:
        return used_of_consents(connection, viewer.metadata)


def _state(row: dict[str, Any], on: datetime.date, left_mg: int | None) -> str:
    if row["withdrawn"]:
        return WITHDRAWN
    if row["valid_from"] is not None and on < number_date(row["valid_from"]):
        return AHEAD
    if row["valid_to"] is not None and number_date(row["valid_to"]) < on:
        return OVER
    return USED_UP if left_mg is not None and left_mg <= 0 else HOLDS


@get(CONSENTS, sync_to_thread=True, opt=READING)
def consents_page(request: AnyRequest, viewer: Asking) -> Response[Any] | Stream:
    """Show the consents of partners, what is used and left of each, and what happens without."""
    rows = consent_rows(viewer)
    listed = shown_list(request, RowList(rows, CONSENT_COLUMNS), "consents")
    if isinstance(listed, Response | Stream):
        return listed
    for shown, row in zip(listed.rows, listed.found.rows, strict=True):
        shown["state"] = {"text": _(row["state"]), "badge": STATE_BADGES.get(row["state"], "plain")}
        shown["step"] = _(row["step"])
        shown["words"] = {
            "text": row["words"],
            "href": agreement_address(viewer, row["instrument"]),
        }
        if row["element_mg"] is None:
            shown["element_mg"] = _("any quantity")
    with viewer.whole.reading() as connection:
        mode, first = consent_rule(connection, viewer.metadata)
    return render(
        request,
        "obligations/consents.html",
        listed=listed,
        refuses=mode == "refuse",
        from_day=day_text(number_date(first)) if first else "",
        whole_state=sees_state(viewer, CAPABILITY),
        done=done_act(request),
        may_record=may_record(viewer),
        may_rule=viewer.may_post("obligations.rule", viewer.state),
        record_href=record_address("consents"),
        rule_href=record_address("rule"),
        tabs=tabs(viewer, CONSENTS),
        crumbs=crumbs((_("Consents"), None)),
    )


# --- exchanges and other decisions -----------------------------------------------------------


def _side(row: Row, before: str) -> str:
    batch = row[f"{before}batch"] or _("pool")
    return (
        f"{row[f'{before}mba']}/{batch}: {set_words(row[f'{before}labels'])} "
        f"({_('gives %(labels)s', labels=set_words(row[f'{before}moved']))})"
    )


EXCHANGE_COLUMNS = (
    ListColumn("exchange", sentence("Exchange"), "code"),
    ListColumn("event_date", sentence("Day"), "date"),
    ListColumn("one", sentence("One side")),
    ListColumn("other", sentence("The other side")),
    ListColumn("category", sentence("Category"), "code"),
    ListColumn("element_mg", sentence("Element of each side"), "mass", filterable=False),
    ListColumn("consents", sentence("Consents")),
    ListColumn("state", sentence("State"), choices=(HOLDS, WITHDRAWN)),
    ListColumn("reason", sentence("Why")),
    _ACT,
)
RELABEL_COLUMNS = (
    ListColumn("relabelling", sentence("Decision"), "code"),
    ListColumn("event_date", sentence("Day"), "date"),
    ListColumn("where", sentence("On what")),
    ListColumn("removes", sentence("Goes"), "code"),
    ListColumn("adds", sentence("Comes"), "code"),
    ListColumn("state", sentence("State"), choices=(HOLDS, WITHDRAWN)),
    ListColumn("reason", sentence("Why")),
    _ACT,
)
STATED_COLUMNS = (
    ListColumn("kind", sentence("What was stated"),
               choices=(sentence("labels of a receipt"), sentence("labels of a withdrawal"))),
    ListColumn("mba", sentence("Area"), "code", href=_area_href),
    ListColumn("batch", sentence("Batch"), "code"),
    ListColumn("event_date", sentence("Day"), "date"),
    ListColumn("category", sentence("Category"), "code"),
    ListColumn("labels", sentence("Label set")),
    ListColumn("part", sentence("Weight or share"), sortable=False),
    ListColumn("why", sentence("Rests on")),
    _ACT,
)  # fmt: skip


@get(EXCHANGES, sync_to_thread=True, opt=READING)
def exchanges_page(request: AnyRequest, viewer: Asking) -> Response[Any] | Stream:
    """Show exchanges, labels that begin or end, and labels stated of receipts and withdrawals."""
    tables: dict[str, Any] = {}
    for name, rows, columns in (
        ("exchanges", _exchanges(viewer), EXCHANGE_COLUMNS),
        ("decisions", _relabellings(viewer), RELABEL_COLUMNS),
        ("statements", _stated(viewer), STATED_COLUMNS),
    ):
        listed = shown_list(request, RowList(rows, columns), name, prefix=f"{name[0]}-")
        if isinstance(listed, Response | Stream):
            return listed
        for shown, row in zip(listed.rows, listed.found.rows, strict=True):
            if "state" in shown:
                shown["state"] = {"text": _(row["state"]), "badge": STATE_BADGES[row["state"]]}
            if "kind" in shown:
                shown["kind"] = _(row["kind"])
                shown["labels"] = {"text": set_words(row["labels"])}
        tables[name] = listed
    return render(
        request,
        "obligations/exchanges.html",
        **tables,
        done=done_act(request),
        may_record=may_record(viewer),
        record_href=record_address("exchanges"),
        relabel_href=record_address("relabellings"),
        tabs=tabs(viewer, EXCHANGES),
        crumbs=crumbs((_("Exchanges"), None)),
    )


def _exchanges(viewer: Viewer) -> list[dict[str, Any]]:
    rows = last_of(rows_of(viewer, EXCHANGE.name), "exchange")
    return [
        {
            **row,
            "one": _side(row, ""),
            "other": _side(row, "other_"),
            "state": WITHDRAWN if row["withdrawn"] else HOLDS,
        }
        for row in sorted(rows, key=lambda row: -row["event_date"])
    ]


def _relabellings(viewer: Viewer) -> list[dict[str, Any]]:
    found = []
    for row in last_of(rows_of(viewer, RELABELLING.name), "relabelling"):
        where = [row["mba"], row["batch"], row["category"]]
        words = "/".join(one for one in where if one) or _("all material")
        if row["account"]:
            words += f" ({account_words(row['account'])})"
        found.append({**row, "where": words, "state": WITHDRAWN if row["withdrawn"] else HOLDS})
    return sorted(found, key=lambda row: -row["event_date"])


def _stated(viewer: Viewer) -> list[dict[str, Any]]:
    found = []
    for kind, name, why in (
        (RECEIPT_LABELS, sentence("labels of a receipt"), "document"),
        (DESIGNATION, sentence("labels of a withdrawal"), "reason"),
    ):
        for row in rows_of(viewer, kind.name):
            part = row.get("share")
            if part is None:
                part = weight_words(row["element_mg"], row["category"] or "E")
            found.append({**row, "kind": name, "part": part, "why": row[why]})
    return sorted(found, key=lambda row: -row["act_id"])
