"""Documents of surveillance: cameras, sets of images, screenings, operations, the time line."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from keiryo.web.api.documents import Document

Line = Annotated[str, Meta(description="line of the record", examples=["line:32/1"])]
Instant = Annotated[str, Meta(description="UTC", examples=["2026-07-24T00:00:00.000000Z"])]
Next = Annotated[str | None, Meta(description="cursor of the next page; null after the last")]


class CameraDocument(Document, frozen=True, kw_only=True):
    """A camera as it stands."""

    camera: Annotated[str, Meta(description="name", examples=["CAM-01"])]
    mba: Annotated[str, Meta(description="material balance area that it looks into")]
    place: Annotated[str | None, Meta(description="where it is mounted")]
    model: Annotated[str | None, Meta(description="maker and model")]
    interval_ms: Annotated[int | None, Meta(description="time between pictures; null: video")]
    tolerance_ms: Annotated[int | None, Meta(description="how much later one may come")]
    clock: Annotated[str | None, Meta(description="zone of its clock; null: UTC")]
    key_id: Annotated[str | None, Meta(description="key with which it signs")]
    depends_on: Annotated[list[str], Meta(description="power, links, mountings, clocks")]
    retention_days: Annotated[int | None, Meta(description="kept so long; null: for good")]
    note: Annotated[str | None, Meta(description="note")]
    first_at: Annotated[str | None, Meta(description="time of its first image, UTC")]
    last_at: Annotated[str | None, Meta(description="time of its last image, UTC")]
    not_screened: Annotated[int, Meta(description="images that no screening saw")]
    to_look_at: Annotated[int, Meta(description="events at which nobody looked")]
    not_concluded_since: Annotated[
        str | None, Meta(description="from when on nobody concluded about its images, UTC")
    ]
    conditions: Annotated[dict[str, int], Meta(description="gaps and bad views by code")]
    open_conditions: Annotated[int, Meta(description="of these: not concluded about")]
    line: Line


class CameraPage(Document, frozen=True, kw_only=True):
    """A page of cameras as they stand."""

    items: Annotated[list[CameraDocument], Meta(description="cameras that you see")]
    next: Next


class ZoneDocument(Document, frozen=True, kw_only=True):
    """A zone of a view."""

    zone: Annotated[str, Meta(description="name")]
    type: Annotated[str, Meta(description="INTEREST, IGNORE or TRIP")]
    version: Annotated[int, Meta(description="number of the view")]
    polygon: Annotated[
        str, Meta(description="corners 'x,y x,y' in ten-thousandths of width and height")
    ]
    reason: Annotated[str | None, Meta(description="why it may be ignored")]
    line: Line


class ViewDocument(Document, frozen=True, kw_only=True):
    """What a camera sees from an instant on."""

    version: Annotated[int, Meta(description="number, from 1")]
    begin: Instant
    end: Annotated[str | None, Meta(description="until when, UTC; null: it still holds")]
    words: Annotated[str, Meta(description="what is seen")]
    mask: Annotated[str | None, Meta(description="SHA-256 of the mask")]
    reference: Annotated[str | None, Meta(description="SHA-256 of the reference picture")]
    zones: Annotated[list[ZoneDocument], Meta(description="its zones")]
    line: Line


class ClockReadingDocument(Document, frozen=True, kw_only=True):
    """A reading of a camera's clock."""

    at: Instant
    offset_ms: Annotated[int, Meta(description="true time minus the camera's time")]
    note: Annotated[str | None, Meta(description="how it was read")]
    line: Annotated[str | None, Meta(description="line of the record")]


class WholeCamera(CameraDocument, frozen=True, kw_only=True):
    """A camera with its views, zones and clock readings."""

    views: Annotated[list[ViewDocument], Meta(description="in the order of time")]
    clock_readings: Annotated[list[ClockReadingDocument], Meta(description="in order of time")]


class ImageSetDocument(Document, frozen=True, kw_only=True):
    """A set of images as it came in."""

    set_name: Annotated[str, Meta(description="name")]
    camera: Annotated[str, Meta(description="camera")]
    source: Annotated[str, Meta(description="folder or file as received")]
    medium: Annotated[str, Meta(description="removable-media, network or file")]
    custody: Annotated[str | None, Meta(description="through whose hands")]
    received_at: Instant
    images: Annotated[int, Meta(description="images that are new in the set")]
    duplicates: Annotated[int, Meta(description="images that were in the record before")]
    unreadable: Annotated[int, Meta(description="files that are no pictures")]
    sequence_gaps: Annotated[int, Meta(description="numbers missing from the sequence")]
    authentic: Annotated[str, Meta(description="signed, chained, unsigned or broken")]
    first_at: Annotated[str | None, Meta(description="time of the first image, UTC")]
    last_at: Annotated[str | None, Meta(description="time of the last image, UTC")]
    manifest: Annotated[str | None, Meta(description="SHA-256 of its manifest")]
    line: Line


class ImageSetPage(Document, frozen=True, kw_only=True):
    """A page of sets of images."""

    items: Annotated[list[ImageSetDocument], Meta(description="in the order of the record")]
    next: Next


class ScreeningDocument(Document, frozen=True, kw_only=True):
    """What became of the images of a camera in a period."""

    screening: Annotated[str, Meta(description="name")]
    camera: Annotated[str, Meta(description="camera")]
    begin_at: Instant
    end_at: Instant
    version: Annotated[int, Meta(description="number of the view; 0: none was recorded")]
    method: Annotated[str, Meta(description="name and version of the method")]
    parameters: Annotated[str, Meta(description="digest of its parameters")]
    received: Annotated[int, Meta(description="images: presented + quiet + unhealthy")]
    scheduled: Annotated[int, Meta(description="of these: scheduled and authentic")]
    nominal: Annotated[int, Meta(description="images that the schedule asks for")]
    missing: Annotated[int, Meta(description="images that should be there and are not")]
    extra: Annotated[int, Meta(description="scheduled images beyond the schedule")]
    drift: Annotated[int, Meta(description="images that fall away as pictures come late")]
    presented: Annotated[int, Meta(description="images that must be looked at")]
    quiet: Annotated[int, Meta(description="images that were screened quiet")]
    unhealthy: Annotated[int, Meta(description="images whose view was bad, or unreadable")]
    recorded_ppm: Annotated[int, Meta(description="recorded coverage in millionths")]
    valid_ppm: Annotated[int, Meta(description="valid coverage in millionths")]
    result: Annotated[str, Meta(description="SHA-256 of the whole result, a kept file")]
    through_act: Annotated[int, Meta(description="last act whose images were screened")]
    reviews: Annotated[list[str], Meta(description="reviews that took it in")]
    line: Line


class ScreeningPage(Document, frozen=True, kw_only=True):
    """A page of screenings."""

    items: Annotated[list[ScreeningDocument], Meta(description="in the order of the record")]
    next: Next


class OperationDocument(Document, frozen=True, kw_only=True):
    """An operation that the operator declared."""

    operation: Annotated[str, Meta(description="name")]
    mba: Annotated[str, Meta(description="material balance area")]
    type: Annotated[str | None, Meta(description="e.g. cask-loading, opening")]
    items: Annotated[list[str], Meta(description="batches or items that it moves")]
    begin_at: Instant
    end_at: Instant
    sensors: Annotated[list[str], Meta(description="devices that should see it")]
    events: Annotated[int | None, Meta(description="events expected; null: one or more")]
    min_visible_ms: Annotated[int | None, Meta(description="shortest visible time")]
    process: Annotated[str | None, Meta(description="process of which it is a step")]
    step: Annotated[int | None, Meta(description="number of the step")]
    state: Annotated[str, Meta(description="declared or withdrawn")]
    declared_by: Annotated[str, Meta(description="who said the last word, by pseudonym")]
    declared_at: Instant
    line: Line


class OperationPage(Document, frozen=True, kw_only=True):
    """A page of declared operations."""

    items: Annotated[list[OperationDocument], Meta(description="by beginning and name")]
    next: Next


class TimelineInterval(Document, frozen=True, kw_only=True):
    """An interval of a row of the time line."""

    begin: Instant
    end: Instant
    label: Annotated[
        str, Meta(description="value of a device, kind of an event, state, or conclusion")
    ]
    reason: Annotated[str, Meta(description="code or words; may be empty")]
    node: Annotated[str, Meta(description="node of the evidence chain")]


class TimelineRowDocument(Document, frozen=True, kw_only=True):
    """A row of the time line."""

    kind: Annotated[str, Meta(description="camera, events, seal, operation or review")]
    name: Annotated[str, Meta(description="of the camera, seal, operation or review")]
    node: Annotated[str, Meta(description="node of the evidence chain")]
    intervals: Annotated[list[TimelineInterval], Meta(description="in the order of time")]


class TimelineDocument(Document, frozen=True, kw_only=True):
    """Cameras, seals, declared operations and reviews of an area on one axis."""

    mba: Annotated[str, Meta(description="area")]
    begin: Instant
    end: Instant
    known_at: Annotated[str | None, Meta(description="as known when, UTC; null: everything")]
    rows: Annotated[list[TimelineRowDocument], Meta(description="what watched, and when")]
