"""Tables of record of detection: sites, lanes, instruments, set-ups, files, occupancies, tests.

What is registered goes by a name; recorded anew, the last line of the name counts. Moments are
instants in UTC, which sort as texts; days are integers YYYYMMDD. Numbers with decimals stand as
texts, so that the record holds exactly what was said.
"""

from __future__ import annotations

from keiryo.journal.model import LineKind, integer, text

SITE_TYPES = ("seaport", "airport", "land-border", "event-venue", "other")
CLASSES = ("portal", "spectroscopic-portal", "riid", "backpack", "personal", "mobile")
DETECTION, FALSE_ALARM, FALSE_ALARM_RATE = "detection", "false_alarm", "false_alarm_rate"
REQUIREMENTS = (DETECTION, FALSE_ALARM, FALSE_ALARM_RATE)
PURPOSES = ("acceptance", "performance")
DETECTOR_KINDS = ("gamma", "neutron")
TEMPLATES, RESPONSE = "templates", "response"
RESPONSE_FORMS = (TEMPLATES, RESPONSE)
PASSED, FAILED = "passed", "failed"


def _one_of(column: str, values: tuple[str, ...]) -> str:
    return f"{column} IN ({', '.join(repr(one) for one in values)})"


DETECTION_SITE = LineKind(
    "detection_site",
    "A place with instruments: a port, an airport, a crossing of a land border, a venue.",
    (
        text("site", "name of the site", required=True),
        text("name", "what it is called", required=True),
        text("site_type", "seaport, airport, land-border, event-venue or other", required=True),
        text("zone", "time zone of its instruments, e.g. Asia/Tokyo", required=True),
        text("partner", "the partner organisation that runs it"),
        text("default_n_sigma", "N where no set-up is known; a decimal number"),
        text("note", "note"),
    ),
    checks=(_one_of("site_type", SITE_TYPES),),
    indexes=((("site",), None),),
)

DETECTION_LANE = LineKind(
    "detection_lane",
    "A lane or gate of a site.",
    (
        text("lane", "name of the lane, e.g. PORT-1.L2", required=True),
        text("site", "the site", required=True),
        text("traffic", "what passes: vehicles, containers, pedestrians …"),
        text("direction", "in, out or both"),
        text("note", "note"),
    ),
    indexes=((("lane",), None), (("site",), None)),
)

DETECTION_INSTRUMENT = LineKind(
    "detection_instrument",
    "An instrument of a site: what it is, where it stands, the item of equipment that it is.",
    (
        text("instrument", "name of the instrument", required=True),
        text("site", "the site", required=True),
        text("lane", "the lane; none for what is carried"),
        text("instrument_class", "portal, spectroscopic-portal, riid …", required=True),
        text("maker", "maker", required=True),
        text("model", "model", required=True),
        text("serial", "serial number", required=True),
        text("firmware", "version of the firmware"),
        text("equipment", "serial number of the item of equipment, where it is lent"),
        text("note", "note"),
    ),
    checks=(_one_of("instrument_class", CLASSES),),
    indexes=((("instrument",), None), (("site",), None)),
)

DETECTION_SETUP = LineKind(
    "detection_setup",
    "How an instrument is set from a moment on: what its SG1 to SG3 records say, or a person.",
    (
        text("instrument", "the instrument", required=True),
        text("valid_from", "the moment from which it holds, UTC", required=True),
        text("n_sigma", "N of the N-sigma alarm; a decimal number", required=True),
        integer("intervals", "length of the sliding window in intervals of 0.2 s"),
        text("panels", "panels on line, e.g. 1111"),
        text("flags", "flags of the algorithm, e.g. 1010"),
        integer("gamma_high", "background above which the instrument is at fault, counts/s"),
        integer("gamma_low", "background below which the instrument is at fault, counts/s"),
        text("source", "who or what says so"),
    ),
    indexes=((("instrument", "valid_from"), None),),
)

DETECTION_FILE = LineKind(
    "detection_file",
    "A daily file of an instrument, kept as evidence byte by byte.",
    (
        text("digest", "SHA-256 of the bytes, hexadecimal", required=True),
        text("instrument", "the instrument", required=True),
        text("name", "name of the file as received", required=True),
        integer("incomplete", "1: it was cut off or an occupancy has no end", required=True),
        integer("occupancies", "occupancies in it", required=True),
        integer("records", "records in it", required=True),
        text("records_by_code", "how many of each code, e.g. GB=606 GS=1510", required=True),
        text("begins", "start of its first passage, UTC"),
    ),
    indexes=((("digest",), None), (("instrument",), None)),
)

DETECTION_OCCUPANCY = LineKind(
    "detection_occupancy",
    "A passage: by instrument and start, never by its counter, with what the replay says.",
    (
        text("instrument", "the instrument", required=True),
        text("start", "start, UTC; with ~2 where a second one has the same", required=True),
        text("end", "end, UTC"),
        integer("counter", "counter of the instrument, which starts again"),
        text("digest", "the file that it stands in", required=True),
        integer("first_line", "its first line in the file", required=True),
        integer("last_line", "its last line in the file", required=True),
        integer("complete", "1: it has an end", required=True),
        integer("evaluated", "1: the alarm logic could be applied", required=True),
        integer("gamma_alarm", "1: the replay alarms; null: not evaluated"),
        integer("neutron_alarm", "1: the replay alarms; null: not evaluated"),
        integer("instrument_alarm", "1: the instrument was in alarm", required=True),
        text("max_sigma", "largest number of sigmas"),
        text("n_sigma", "N that was used", required=True),
        text("n_source", "where N is from: file, setup, site or default", required=True),
        text("speed_kmh", "median of the plausible speeds"),
        text("findings", "codes of what was found, joined by one space"),
    ),
    indexes=((("instrument", "start"), None), (("digest",), None)),
)

DETECTION_HEALTH = LineKind(
    "detection_health",
    "What a file says of the state of an instrument: faults, tamper, what cannot be believed.",
    (
        text("instrument", "the instrument", required=True),
        text("digest", "the file", required=True),
        text("kind", "fault, tamper or file", required=True),
        text("code", "what it is", required=True),
        integer("line", "line of the file", required=True),
        text("message", "what is said", required=True),
    ),
    indexes=((("instrument",), None), (("digest",), None)),
)

DETECTION_MEASUREMENT = LineKind(
    "detection_measurement",
    "A spectrum that was measured, kept as evidence; one line for each spectrum of the file.",
    (
        text("digest", "SHA-256 of the file, hexadecimal", required=True),
        integer("number", "number of the spectrum in the file, from 1", required=True),
        text("instrument", "the instrument", required=True),
        text("occupancy", "start of the occupancy that it is about, as recorded"),
        text("shown", "what the file says of it, as JSON", required=True),
    ),
    indexes=((("digest",), None), (("instrument",), None)),
)

DETECTION_TEST = LineKind(
    "detection_test",
    "A requirement of a test plan of an instrument; its numbers are the plan's.",
    (
        text("test", "name of the test", required=True),
        text("instrument", "the instrument", required=True),
        text("requirement", "detection, false_alarm or false_alarm_rate", required=True),
        text(
            "required", "probability or rate that is to be shown; a decimal number", required=True
        ),
        text("confidence", "with which confidence; a decimal number", required=True),
        text("source", "standard or procedure that the numbers are from"),
        text("conditions", "source, speed, distance"),
        text("purpose", "acceptance or performance"),
        integer("trials_planned", "after how many trials it is judged, decided before the first"),
        integer("every_days", "after how many days it is due again"),
    ),
    checks=(
        _one_of("requirement", REQUIREMENTS),
        f"purpose IS NULL OR {_one_of('purpose', PURPOSES)}",
        "trials_planned IS NULL OR trials_planned > 0",
        "every_days IS NULL OR every_days > 0",
    ),
    indexes=((("test",), None), (("instrument",), None)),
)

DETECTION_TRIAL = LineKind(
    "detection_trial",
    "Trials of a test: how many, and in how many there was an alarm.",
    (
        text("test", "name of the test", required=True),
        text("run", "name of the run within the test", required=True),
        integer("on_day", "day", required=True),
        integer("trials", "how many; for a rate the time in its unit", required=True),
        integer("alarms", "alarms among them", required=True),
        text("campaign", "runs of one campaign are judged together; the last one counts"),
        text("note", "note"),
    ),
    checks=("trials >= 0", "alarms >= 0"),
    indexes=((("test", "run"), None),),
)

DETECTION_CHECK = LineKind(
    "detection_check",
    "An operational check or calibration of an instrument, and when the next one is due.",
    (
        text("instrument", "the instrument", required=True),
        text("check_name", "calibration, background, source, clock, tamper …", required=True),
        integer("on_day", "day", required=True),
        text("result", "passed or failed", required=True),
        text("reading", "what was read, with its unit"),
        integer("due_on", "last day until which it is trusted"),
        text("note", "note"),
    ),
    checks=("result IN ('passed', 'failed')", "due_on IS NULL OR due_on >= on_day"),
    indexes=((("instrument", "check_name"), None),),
)

DETECTION_DETECTOR = LineKind(
    "detection_detector",
    "A detector of an instrument: a panel of a portal, a tube, a crystal.",
    (
        text("instrument", "the instrument", required=True),
        text("detector", "name of the detector, e.g. G1", required=True),
        text("kind", "gamma or neutron", required=True),
        integer("panel", "number of its panel in the records of the instrument, 1 to 4"),
        text("place", "where it sits, e.g. master, lower"),
        text("material", "what it is made of, e.g. plastic, NaI, He-3"),
        text("serial", "serial number"),
        text("note", "note"),
    ),
    checks=(_one_of("kind", DETECTOR_KINDS), "panel IS NULL OR panel BETWEEN 1 AND 4"),
    indexes=((("instrument", "detector"), None),),
)

DETECTION_CALIBRATION = LineKind(
    "detection_calibration",
    "A calibration of an instrument, with the certificate that shows it.",
    (
        text("instrument", "the instrument", required=True),
        integer("on_day", "day of the calibration", required=True),
        text("calibrated_by", "who calibrated it", required=True),
        integer("due_on", "last day on which it is trusted", required=True),
        text("check_source", "the source that was used", required=True),
        text("result", "passed or failed", required=True),
        text("certificate", "SHA-256 of the certificate, hexadecimal"),
        text("note", "note"),
    ),
    checks=("result IN ('passed', 'failed')", "due_on >= on_day"),
    indexes=((("instrument",), None), (("certificate",), "certificate IS NOT NULL")),
)

DETECTION_RESPONSE = LineKind(
    "detection_response",
    "The response of a detector: a file of templates or of a fitted response, kept as evidence.",
    (
        text("instrument", "the instrument", required=True),
        text("digest", "SHA-256 of the file, hexadecimal", required=True),
        text("name", "name of the file as received", required=True),
        text("form", "templates or response", required=True),
        text("detector", "name of the detector in the file", required=True),
        integer("templates", "how many templates are in it; null: none"),
        integer("from_day", "day from which it is used", required=True),
        text("note", "note"),
    ),
    checks=(_one_of("form", RESPONSE_FORMS),),
    indexes=((("instrument",), None), (("digest",), None)),
)

LINE_KINDS = (
    *(DETECTION_SITE, DETECTION_LANE, DETECTION_INSTRUMENT, DETECTION_SETUP),
    *(DETECTION_FILE, DETECTION_OCCUPANCY, DETECTION_HEALTH, DETECTION_MEASUREMENT),
    *(DETECTION_TEST, DETECTION_TRIAL, DETECTION_CHECK),
    *(DETECTION_DETECTOR, DETECTION_CALIBRATION, DETECTION_RESPONSE),
)
