"""Words for the acts and lines of radiation detection."""

from __future__ import annotations

from collections.abc import Mapping

from keiryo.web.translation import sentence

ACT_KINDS: Mapping[str, str] = {
    "alarm.raise": sentence("alarm case raised"),
    "alarm.assess": sentence("alarm case assessed"),
    "alarm.decide": sentence("alarm case decided"),
    "alarm.headquarters": sentence("alarm case decided by headquarters"),
    "alarm.expert": sentence("answer of an expert on an alarm"),
    "alarm.tables": sentence("limits and tables of alarm cases recorded"),
    "alarm.report": sentence("incident report drafted"),
    "alarm.release": sentence("incident report released"),
    "detection.site": sentence("detection site recorded"),
    "detection.lane": sentence("lane recorded"),
    "detection.instrument": sentence("detection instrument recorded"),
    "detection.setup": sentence("set-up of an instrument recorded"),
    "detection.detector": sentence("detector of an instrument recorded"),
    "detection.test": sentence("test of an instrument planned"),
    "detection.trial": sentence("trials of an instrument recorded"),
    "detection.check": sentence("check of an instrument recorded"),
    "detection.calibration": sentence("calibration of an instrument recorded"),
    "detection.response": sentence("response of a detector recorded"),
    "detection.import": sentence("daily file of a portal recorded"),
    "detection.spectrum": sentence("spectrum recorded"),
    "public_event.plan": sentence("plan of a public event recorded"),
    "public_event.approve": sentence("plan of a public event approved"),
    "public_event.reject": sentence("plan of a public event rejected"),
    "public_event.check": sentence("check of an instrument at an event recorded"),
    "public_event.survey": sentence("background survey recorded"),
    "public_event.sweep": sentence("sweep recorded"),
    "public_event.spot": sentence("spot of a sweep recorded"),
    "public_event.lock": sentence("lock of a venue recorded"),
    "public_event.alarm": sentence("log of alarms at an event recorded"),
    "public_event.release": sentence("release of information at an event recorded"),
    "public_event.lesson": sentence("lessons of an event recorded"),
    "public_event.report": sentence("report of an event recorded"),
}
"""Kinds of acts in words."""

LINE_KINDS: Mapping[str, str] = {
    "alarm_case": sentence("alarm case"),
    "alarm_step": sentence("step of an alarm case"),
    "alarm_identification": sentence("identification in an alarm case"),
    "alarm_nuclide": sentence("nuclide of an alarm case"),
    "alarm_explanation": sentence("explanation of an alarm"),
    "alarm_package": sentence("package for an expert"),
    "alarm_report": sentence("incident report"),
    "alarm_limit": sentence("limits of a site for alarms"),
    "alarm_table_row": sentence("row of a table of explanations"),
    "detection_site": sentence("detection site"),
    "detection_lane": sentence("lane"),
    "detection_instrument": sentence("detection instrument"),
    "detection_setup": sentence("set-up of an instrument"),
    "detection_detector": sentence("detector of an instrument"),
    "detection_file": sentence("daily file of a portal"),
    "detection_occupancy": sentence("passage of a portal"),
    "detection_health": sentence("state of health of an instrument"),
    "detection_measurement": sentence("measured spectrum"),
    "detection_test": sentence("test of a detection instrument"),
    "detection_trial": sentence("trials of a detection instrument"),
    "detection_check": sentence("check of a detection instrument"),
    "detection_calibration": sentence("calibration of a detection instrument"),
    "detection_response": sentence("response of a detector"),
    "public_event_plan": sentence("plan of a public event"),
    "public_event_row": sentence("row of an event plan"),
    "public_event_step": sentence("decision on an event plan"),
    "public_event_check": sentence("check of an instrument at an event"),
    "public_event_survey": sentence("background survey of a venue"),
    "public_event_sweep": sentence("sweep of a venue"),
    "public_event_spot": sentence("spot found in a sweep"),
    "public_event_lock": sentence("lock of a venue"),
    "public_event_alarm": sentence("alarm at an event"),
    "public_event_release": sentence("release of information at an event"),
    "public_event_lesson": sentence("lesson of an event"),
    "public_event_report": sentence("report of an event"),
}
"""Kinds of lines in words."""

ROLE_WORDS = (
    sentence("detection sites"),
    sentence("alarm cases"),
    sentence("public events"),
)
"""What a role may read."""
