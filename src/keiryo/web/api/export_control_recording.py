"""Export control by programs: what is announced and declared, the rule, and what is recorded."""

from __future__ import annotations

import datetime
from typing import Annotated

from litestar import Response
from litestar.params import JSONBody, PathParameter, QueryParameter
from sqlalchemy import func, select

from keiryo.errors import UsageError
from keiryo.export_control.declaration import quarter
from keiryo.export_control.intake import LISTS
from keiryo.export_control.notification import NotificationDue
from keiryo.export_control.recording import RECORDING, RULING, check_file, record_file, set_rule
from keiryo.quantities import effective_kg_text
from keiryo.storage.engine import Database
from keiryo.web.api.answering import (
    AsOf,
    Described,
    answer_of,
    answered,
    changing,
    done_once,
    entity_tag,
    json_only,
    reading,
    require_current,
    still_current,
)
from keiryo.web.api.asking import FIRST_YEAR, LAST_YEAR, sound_day
from keiryo.web.api.documents import PostedDocument, found_document, posted_document
from keiryo.web.api.export_control import (
    HERE,
    TAG,
    Direction,
    as_of_today,
    days_in,
    sound_direction,
)
from keiryo.web.api.export_control_documents import (
    ClockedTransfer,
    DeclaredEntry,
    ExportRegisterChecked,
    ExportRegisterRecorded,
    ExportRegisterSent,
    LicenceRuleDocument,
    LicenceRuleSent,
    NotificationClock,
    NotificationToSend,
    QuarterDeclaration,
    RegisterCount,
    RegisterCounts,
    RuleStanding,
)
from keiryo.web.once import Answer
from keiryo.web.pages.export_control_declared import asked_notices, declared
from keiryo.web.pages.export_control_entries import FORMS
from keiryo.web.pages.export_control_files import rule_acts
from keiryo.web.pages.export_control_known import (
    CAPABILITY,
    READING,
    known,
)
from keiryo.web.sections import Section
from keiryo.web.viewer import AnyRequest, Asking, Viewer

# --- announced and declared ------------------------------------------------------------------


@reading(f"{HERE}/notices", TAG, opt=READING)
def get_notification_clock(
    request: AnyRequest,
    viewer: Asking,
    every: Annotated[
        bool, QueryParameter(name="all", description="Also of shipments that lie behind.")
    ] = False,
) -> Response[NotificationClock]:
    """Return what is to be announced, by effective kilograms and three-month windows."""

    def build() -> NotificationClock:
        found, day = known(viewer), viewer.today
        return NotificationClock(
            on=day,
            due=[_notice(one, day) for one in asked_notices(found, day, every=every)],
            transfers=[
                ClockedTransfer(
                    reference=one.reference,
                    partner=one.destination,
                    on=one.on,
                    effective_kg=effective_kg_text(one.effective_kg),
                    prepared_on=one.prepared_on,
                    notified=one.notified,
                )
                for one in found.notices.shipments
            ],
            findings=[found_document(one) for one in found.notices.findings],
        )

    return answered(request, viewer, as_of_today(viewer), build)


def _notice(one: NotificationDue, day: datetime.date) -> NotificationToSend:
    return NotificationToSend(
        due=one.due,
        late=one.due < day,
        partner=one.destination,
        shipments=list(one.references),
        effective_kg=effective_kg_text(one.sum_effective_kg),
        window_from=one.window_from,
    )


@reading(f"{HERE}/declarations/{{name:str}}", TAG, opt=READING)
def get_quarter_declaration(
    request: AnyRequest,
    viewer: Asking,
    name: Annotated[str, PathParameter(max_length=20, description="Quarter, e.g. 2026-Q1.")],
    direction: Direction = None,
) -> Response[QuarterDeclaration]:
    """Return the data of the declaration of a quarter; of imports for what is confirmed."""
    sound_direction(direction)
    period = quarter(name)
    if not FIRST_YEAR <= period.start.year <= LAST_YEAR:
        raise UsageError(f"{name!r} is no quarter of accounting", "Write it as 2026-Q1.")

    def build() -> QuarterDeclaration:
        told = declared(viewer, period, imports=direction == "import")
        entries = [
            DeclaredEntry(**{**one, "on": datetime.date.fromisoformat(one["on"])})
            for one in told["entries"]
        ]
        days = days_in(told, "due")
        names = ("quarter", "direction", "nothing_to_declare")
        return QuarterDeclaration(
            **{one: told[one] for one in names},
            first=period.start,
            to=period.end,
            due=days["due"],
            entries=entries,
        )

    return answered(request, viewer, as_of_today(viewer), build)


# --- the rule, and what is recorded ----------------------------------------------------------


@reading(f"{HERE}/rule", TAG, opt=READING)
def get_licence_rule(request: AnyRequest, viewer: Asking) -> Response[LicenceRuleDocument]:
    """Return what happens to a shipment that no licence covers. Its entity tag is for If-Match."""

    def build() -> LicenceRuleDocument:
        register = known(viewer).register
        return LicenceRuleDocument(
            mode=register.rule.mode,
            from_day=register.rule.from_day,
            directions=[
                RuleStanding(direction=way, begins=register.begins(way))
                for way in ("export", "import")
            ],
        )

    return answered(request, viewer, as_of_today(viewer), build, tag=_rule_tag(viewer))


def _rule_tag(viewer: Viewer) -> str:
    """Return the entity tag of the rule: another rule ends it, and so does another licence."""
    last = viewer.server.last_acts.by(CAPABILITY, viewer.head)
    return entity_tag(viewer, ("licence rule",), AsOf(last, tuple(rule_acts(viewer))))


@changing(f"{HERE}/rule", TAG, opt=READING, guards=[json_only])
def post_licence_rule(
    request: AnyRequest, viewer: Asking, data: JSONBody[LicenceRuleSent]
) -> Response[PostedDocument]:
    """Record what happens to a shipment that no licence covers, as an act that you sign.

    If-Match takes the entity tag of the rule.
    """
    sound_day(data.from_day)
    viewer.require_post(RULING, viewer.state)

    def do() -> Answer:
        def current() -> str:
            return _rule_tag(viewer)

        require_current(request, current)
        books = still_current(request, viewer, current)
        made = (data.mode, data.reason)
        posted = set_rule(books, viewer.actor(), *made, from_day=data.from_day)
        document = posted_document(posted.act, posted.repeated)
        return answer_of(document, 201, f"/api/v1/acts/{posted.act.act_id}")

    return done_once(request, viewer, {"asked": repr(data)}, do)


@reading(f"{HERE}/registers", TAG, opt=READING)
def get_export_registers(request: AnyRequest, viewer: Asking) -> Response[RegisterCounts]:
    """Return how much is recorded, list by list. The entity tag is for If-Match."""

    def build() -> RegisterCounts:
        counts = []
        with viewer.books.reading() as connection:
            for name, kinds in LISTS.items():
                table = viewer.metadata.tables[kinds[0].name]
                query = select(func.count(table.c[FORMS[name].names[0]].distinct()))
                objects = int(connection.execute(query).scalar_one())
                counts.append(RegisterCount(list=name, objects=objects))
        return RegisterCounts(act=_last_act(viewer), items=counts)

    return answered(request, viewer, AsOf(_last_act(viewer)), build, tag=_registers_tag(viewer))


def _last_act(viewer: Viewer) -> int:
    return viewer.server.last_acts.by(CAPABILITY, viewer.head)


def _registers_tag(viewer: Viewer) -> str:
    """Return the entity tag of the registers: anything recorded of export control ends it."""
    return entity_tag(viewer, ("export registers",), AsOf(_last_act(viewer)))


def _list_of(data: ExportRegisterSent) -> str | None:
    if data.list is not None and data.list not in LISTS:
        raise UsageError(f"there is no list {data.list!r}", f"One of {', '.join(LISTS)}.")
    return data.list


@changing(f"{HERE}/registers", TAG, opt=READING, guards=[json_only])
def post_export_register(
    request: AnyRequest, viewer: Asking, data: JSONBody[ExportRegisterSent]
) -> Response[ExportRegisterRecorded]:
    """Record a file of export control as one act that you sign, or nothing of it.

    What stands in the books in the same words is left as it is. If-Match takes the entity tag of
    the registers.
    """
    viewer.require_post(RECORDING, viewer.state)
    which = _list_of(data)

    def do() -> Answer:
        def current() -> str:
            return _registers_tag(viewer)

        require_current(request, current)
        books: Database = still_current(request, viewer, current)
        done = record_file(books, viewer.actor(), data.name, data.content.encode(), which)
        made = ExportRegisterRecorded(
            act=None if done.act is None else done.act.act_id,
            recorded=done.recorded,
            unchanged=done.unchanged,
            findings=[found_document(one) for one in done.findings],
        )
        location = None if done.act is None else f"/api/v1/acts/{done.act.act_id}"
        return answer_of(made, 201, location)

    return done_once(request, viewer, {"asked": repr(data)}, do)


@changing(
    f"{HERE}/registers/check",
    TAG,
    200,
    opt=READING,
    guards=[json_only],
    operation_class=Described,
)
def check_export_register(
    request: AnyRequest, viewer: Asking, data: JSONBody[ExportRegisterSent]
) -> Response[ExportRegisterChecked]:
    """Say what is wrong with a file of export control; nothing is recorded."""
    del request
    viewer.require_post(RECORDING, viewer.state)
    which = _list_of(data)
    objects, findings = check_file(viewer.whole, data.name, data.content.encode(), which)
    made = ExportRegisterChecked(
        objects=objects, findings=[found_document(one) for one in findings]
    )
    return Response(made, media_type="application/json")


SECTION = Section(
    "api export control recording",
    api=(
        *(get_notification_clock, get_quarter_declaration),
        *(get_licence_rule, post_licence_rule),
        *(get_export_registers, post_export_register, check_export_register),
    ),
)
