"""Annual statements to partners, and their own statements beside ours.

A statement is about the whole State: it is shown to who sees all of it.
"""

from __future__ import annotations

import hashlib
from typing import Any

from litestar import Response, get, post
from litestar.datastructures import UploadFile
from litestar.params import FromPath
from litestar.response import Redirect, Stream

from keiryo.errors import KeiryoError, NotFoundError, RefusedError, UsageError
from keiryo.obligations.annual_statement import (
    STATEMENT,
    AnnualStatement,
    annual_statement,
    issue_statement,
    issued_statements,
)
from keiryo.obligations.partner_reconciliation import Reconciliation, reconcile
from keiryo.obligations.partner_statements import COLUMNS as PARTNER_COLUMNS
from keiryo.obligations.partner_statements import PARTNER, record_partner_statement
from keiryo.obligations.statement_forms import (
    LANGUAGES,
    STATEMENT_COLUMNS,
    as_csv,
    as_json,
    statement_pdf,
    words_in,
)
from keiryo.obligations.statement_table import UNITS_MG
from keiryo.web.answers import in_words
from keiryo.web.listing import ListColumn, RowList, download_headers, shown_list
from keiryo.web.once import Answer, once
from keiryo.web.pages.areas_frame import address
from keiryo.web.pages.boards import (
    MOST_TEXT,
    Entered,
    explain_error,
    own_conflict,
    sees_state,
    typed_again,
)
from keiryo.web.pages.evaluation_asked import plain_finding
from keiryo.web.pages.obligations_known import (
    CAPABILITY,
    READING,
    asked_partner,
    kept,
    remembered,
    tabs,
)
from keiryo.web.pages.obligations_words import (
    STATEMENTS,
    crumbs,
    label_address,
)
from keiryo.web.rendering import render
from keiryo.web.speaking import gettext as _
from keiryo.web.speaking import language, said
from keiryo.web.translation import sentence
from keiryo.web.typed_numbers import whole_number
from keiryo.web.viewer import AnyRequest, Asking, NotPermittedError, Viewer

MOST_BYTES, FIRST_YEAR, LAST_YEAR = 4 << 20, 1950, 9000
KINDS = ("csv", "json", "pdf")
MEDIA = {"csv": "text/csv; charset=utf-8", "json": "application/json", "pdf": "application/pdf"}


def require_state(viewer: Viewer) -> None:
    """Refuse to show what is about the whole State to who sees a part of it.

    Raises
    ------
    NotPermittedError
    """
    if not sees_state(viewer, CAPABILITY):
        raise NotPermittedError(
            "a statement is about the whole State", "Ask an officer who sees all of it."
        )


def _words() -> Any:
    """Return the fixed words of statements in the language of the request."""
    return words_in(language() if language() in LANGUAGES else "en")


def _year(text: str) -> int:
    year = whole_number(text, 4)
    if year is None or not FIRST_YEAR <= year <= LAST_YEAR:
        raise UsageError(_("%(year)s is no year", year=text[:20]), _("Write a year as 2025."))
    return year


def statement_address(partner: str, year: int, *more: str, **query: object) -> str:
    """Return the page of a statement, or of what is done with it."""
    return address(STATEMENTS, partner, str(year), *more, **query)


# --- statements ------------------------------------------------------------------------------


@get(STATEMENTS, sync_to_thread=True, opt=READING)
def statements_page(request: AnyRequest, viewer: Asking) -> Response[Any] | Redirect | Stream:
    """Show the statements that were issued, and ask which one is wanted."""
    require_state(viewer)
    query = request.query_params
    found, asked = kept(viewer), str(query.get("year", ""))
    partner = asked_partner(viewer, str(query.get("partner", "")))
    if partner and asked:
        unit = str(query.get("unit", ""))
        return Redirect(statement_address(partner, _year(asked), unit=unit), status_code=303)
    with viewer.books.reading() as connection:
        issued = issued_statements(connection, viewer.metadata)
    rows = [
        {
            "partner": one.partner,
            "year": one.year,
            "issue": one.issue,
            "unit": one.unit,
            "through_act": one.through_act,
            "act": one.act_id,
        }
        for one in reversed(issued)
    ]
    listed = shown_list(request, RowList(rows, _ISSUED_COLUMNS), "statements", prefix="i-")
    if isinstance(listed, Response | Stream):
        return listed
    return render(
        request,
        "obligations/statements.html",
        listed=listed,
        partner=partner,
        year=viewer.today.year - 1,
        units=list(UNITS_MG),
        choices=[(code, f"{code} – {one.name}") for code, one in found.labels.items()],
        kept=found.begins is not None,
        tabs=tabs(viewer, STATEMENTS),
        crumbs=crumbs((_("Annual statements"), None)),
    )


_ISSUED_COLUMNS = (
    ListColumn(
        *("partner", sentence("Partner"), "code"), href=lambda row: label_address(row["partner"])
    ),
    ListColumn(
        *("year", sentence("Year"), "code"),
        href=lambda row: statement_address(row["partner"], row["year"], unit=row["unit"]),
    ),
    ListColumn("issue", sentence("Issue"), "number"),
    ListColumn("unit", sentence("Unit"), "code"),
    ListColumn("through_act", sentence("Takes into account acts up to"), "act"),
    ListColumn("act", sentence("Act"), "act"),
)


def _statement(viewer: Viewer, partner: str, year: int, unit: str) -> AnnualStatement:
    if partner not in kept(viewer).labels:
        raise NotFoundError(f"there is no label {partner[:40]!r}")

    def build() -> AnnualStatement:
        with viewer.books.reading() as connection:
            return annual_statement(
                *(connection, viewer.metadata, partner, year, unit), author=viewer.person.person
            )

    return remembered(viewer, "statement", build, partner, year, unit, viewer.person.person)


def _unit(request: AnyRequest) -> str:
    unit = str(request.query_params.get("unit", ""))
    return unit if unit in UNITS_MG else "kg"


@get(STATEMENTS + "/{code:str}/{year:str}", sync_to_thread=True, opt=READING)
def statement_page(
    request: AnyRequest, viewer: Asking, code: FromPath[str], year: FromPath[str]
) -> Response[Any]:
    """Show the statement to a partner about a year, and the partner's own beside it."""
    require_state(viewer)
    return _statement_page(request, viewer, code, _year(year), Entered())


def _statement_page(
    request: AnyRequest, viewer: Viewer, partner: str, year: int, entered: Entered, which: str = ""
) -> Response[Any]:
    unit = _unit(request)
    made, words = _statement(viewer, partner, year, unit), _words()
    told = made.to_dict()
    return render(
        request,
        "obligations/statement.html",
        http_status=entered.status,
        made=made,
        told=told,
        partner=partner,
        year=year,
        unit=unit,
        lines=[
            {name: words.get(str(one[name]), one[name]) for name in one} for one in told["lines"]
        ],
        listed=_listed(told),
        findings=[plain_finding(one) for one in made.findings],
        comparison=_comparison(viewer, partner, year),
        partner_columns=", ".join(PARTNER_COLUMNS),
        entered=entered,
        which=which,
        here=statement_address(partner, year),
        files=[(kind.upper(), statement_address(partner, year, kind, unit=unit)) for kind in KINDS],
        may_issue=viewer.may_post(STATEMENT, viewer.state) and year < viewer.today.year,
        may_compare=viewer.may_post(PARTNER, viewer.state),
        done=whole_number(request.query_params.get("done", "")) or 0,
        tabs=tabs(viewer, STATEMENTS),
        crumbs=crumbs((_("Annual statements"), STATEMENTS), (f"{partner} {year}", None)),
    )


def _listed(told: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the lists of a statement that have lines: title, columns, rows."""
    words = _words()
    titles = (
        ("transfers", _("Transfers")),
        ("exchanges", _("Exchanges")),
        ("corrections", _("Corrections of the opening")),
        ("correcting", _("Recorded since about earlier years")),
        ("ended", _("Ended")),
    )
    found = []
    for name, title in titles:
        rows = told[name]
        if not rows:
            continue
        columns = list(dict.fromkeys(key for row in rows for key in row))
        shown = [
            {key: _cell(words, row.get(key)) for key in columns} | {"_act": row.get("act")}
            for row in rows
        ]
        heads = [{"key": key, "title": words.get(key, key.replace("_", " "))} for key in columns]
        found.append({"name": name, "title": title, "columns": heads, "rows": shown})
    return found


def _cell(words: Any, value: Any) -> str:
    if isinstance(value, list | tuple):
        return " ".join(map(str, value))
    return "" if value is None else str(words.get(str(value), value))


def _comparison(viewer: Viewer, partner: str, year: int) -> dict[str, Any] | None:
    """Return the partner's statement beside ours; None if it sent none."""

    def build() -> Reconciliation | None:
        try:
            with viewer.books.reading() as connection:
                return reconcile(connection, viewer.metadata, partner, year)
        except NotFoundError:
            return None

    found = remembered(viewer, "reconciled", build, partner, year)
    if found is None:
        return None
    words, told = _words(), found.to_dict()
    for one in told["categories"]:
        one["category"] = words.get(one["category"], one["category"])
        for cause in one["causes"]:
            cause["cause"] = words.get(cause["cause"], said(cause["cause"]))
        for line in one["lines"]:
            line["line"] = words.get(line["line"], line["line"])
    return told


@get(STATEMENTS + "/{code:str}/{year:str}/{kind:str}", sync_to_thread=True, opt=READING)
def statement_file(
    request: AnyRequest,
    viewer: Asking,
    code: FromPath[str],
    year: FromPath[str],
    kind: FromPath[str],
) -> Response[bytes]:
    """Give a statement as a file: CSV, JSON or PDF."""
    require_state(viewer)
    if kind not in KINDS:
        raise NotFoundError(
            f"there is no statement as {kind[:20]!r}", f"One of {', '.join(KINDS)}."
        )
    number = _year(year)
    made = _statement(viewer, code, number, _unit(request))
    if kind == "pdf":
        content = statement_pdf(made, language() if language() in LANGUAGES else "en")
    elif kind == "csv":
        content = as_csv(made.lines, STATEMENT_COLUMNS)
    else:
        content = as_json(made.to_dict())
    name = f"statement-{code}-{number}.{kind}"
    return Response(content, media_type=MEDIA[kind], headers=download_headers(name))


@post(STATEMENTS + "/{code:str}/{year:str}/issue", status_code=200, sync_to_thread=True,
      opt=READING)  # fmt: skip
def issue_one(
    request: AnyRequest, viewer: Asking, code: FromPath[str], year: FromPath[str]
) -> Response[Any] | Redirect:
    """Issue a statement: its lines stand in the record from then on."""
    require_state(viewer)
    viewer.require_post(STATEMENT, viewer.state)
    number, entered = _year(year), typed_again(viewer)
    unit = viewer.field("unit")
    if unit not in UNITS_MG:
        unit = "kg"
    words = viewer.field("peaceful_use")
    if len(words) > MOST_TEXT:
        entered.errors["peaceful_use"] = _("Say it in %(most)s characters at most.", most=MOST_TEXT)
        return _statement_page(request, viewer, code, number, entered, "issue")

    def do() -> Answer:
        posted, _made = issue_statement(
            *(viewer.whole, viewer.actor(), code, number, unit), peaceful_use=words
        )
        return Answer(303, statement_address(code, number, unit=unit, done=posted.act.act_id))

    asked = {"partner": code, "year": number, "unit": unit, "words": words}
    try:
        answer = once(viewer, viewer.field("_form_id"), asked, do)
    except (RefusedError, UsageError) as error:
        explain_error(entered, error)
        return _statement_page(request, viewer, code, number, entered, "issue")
    return Redirect(answer.location or STATEMENTS, status_code=303)


@post(STATEMENTS + "/{code:str}/{year:str}/compare", status_code=200, sync_to_thread=True,
      opt=READING)  # fmt: skip
def reconcile_one(
    request: AnyRequest, viewer: Asking, code: FromPath[str], year: FromPath[str]
) -> Response[Any] | Redirect:
    """Record the partner's own statement about the year; the page shows it beside ours."""
    require_state(viewer)
    viewer.require_post(PARTNER, viewer.state)
    number, entered = _year(year), typed_again(viewer)
    if code not in kept(viewer).labels:
        raise NotFoundError(f"there is no label {code[:40]!r}")
    try:
        name, content = uploaded(viewer, "file")
    except UsageError as error:
        entered.errors["file"] = in_words(error)
        return _statement_page(request, viewer, code, number, entered, "compare")

    def do() -> Answer:
        posted = record_partner_statement(viewer.whole, viewer.actor(), code, number, content, name)
        return Answer(303, statement_address(code, number, done=posted.act.act_id))

    digest = hashlib.sha256(content).hexdigest()
    try:
        answer = once(viewer, viewer.field("_form_id"), {"of": code, "digest": digest}, do)
    except KeiryoError as error:
        if own_conflict(error):
            raise
        explain_error(entered, error, "file")
        return _statement_page(request, viewer, code, number, entered, "compare")
    return Redirect(answer.location or STATEMENTS, status_code=303)


def uploaded(viewer: Viewer, name: str) -> tuple[str, bytes]:
    """Return the file that was sent in a field.

    Raises
    ------
    UsageError
        If there is none, or it is too large.
    """
    for one in [] if viewer.form is None else viewer.form.getall(name, []):
        if isinstance(one, UploadFile) and one.filename:
            one.file.seek(0)
            content = one.file.read(MOST_BYTES + 1)
            if len(content) > MOST_BYTES:
                raise UsageError(_("this is more than %(most)s MiB", most=MOST_BYTES >> 20))
            return one.filename[:200], content
    raise UsageError(_("no file was chosen"), _("Choose a CSV, TOML or JSON file."))
