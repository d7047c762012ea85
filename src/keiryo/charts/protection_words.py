"""What the pictures of physical protection say, in English, and how a page says it otherwise.

A page in another language gives its own sentences under the same names; what it leaves out stays
English. Values come in as ``%(name)s``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

MEASURES = (
    "min_cumulative_detection",
    "min_delay_s",
    "min_p_interruption_deterministic",
    "min_p_interruption",
)
WORDS = {
    # the four measures
    "min_cumulative_detection": "Least cumulative detection",
    "min_delay_s": "Least delay",
    "min_p_interruption_deterministic": "Least probability of interruption, deterministic",
    "min_p_interruption": "Least probability of interruption, EASI",
    "seconds": "%(value)s s",
    # what values rest on
    "evidence.none": "no evidence",
    "evidence.expired": "evidence expired",
    "evidence.stale": "evidence stale",
    "evidence.out_of_service": "out of service",
    "evidence.valid": "with evidence",
    # the facility as a graph
    "graph.title": "The facility and the least protected path by each measure",
    "graph.empty": "There is nothing to draw: the facility has no area.",
    "graph.size": "%(areas)s areas and %(elements)s elements, drawn from outside (left) to the "
    "targets (right).",
    "graph.left_out": "Only what lies on the four paths is drawn; %(areas)s areas and %(elements)s "
    "elements are left out.",
    "graph.too_long": "The four paths pass more than %(most)s areas, too many to draw.",
    "graph.path": "%(measure)s: %(value)s on %(path)s; critical detection point %(cdp)s.",
    "graph.path_no_cdp": "%(measure)s: %(value)s on %(path)s; no detection there is in time.",
    "graph.evidence": "%(count)s of %(all)s elements: %(state)s.",
    "graph.detection": "detection %(p)s (%(where)s), delay %(mean)s s",
    "graph.from_to": "from %(origin)s to %(destination)s",
    "graph.on_paths": "on path %(paths)s",
    "graph.values_key": "0.8 B, 40 s: probability of detection; at the beginning (B), in the "
    "middle (M) or at the end (E); mean delay",
    "graph.on_path_key": "on the path with this number",
    "graph.cdp_key": "critical detection point of that path: the last detection in time",
    "graph.dead_key": "on no route from outside to a target",
    "graph.target_key": "target",
    # a path along time
    "profile.title": "Detection and time along the path %(path)s",
    "profile.empty": "There is nothing to draw: the path has no task.",
    "profile.axis": "Mean delay that remains to the end of the path, s",
    "profile.probability": "Probability",
    "profile.detection": "detection at a task",
    "profile.cumulative": "detection so far",
    "profile.in_time": "response in time (R) after an alarm there",
    "profile.response": "response time %(mean)s s",
    "profile.spread": "response time ± its standard deviation",
    "profile.late": "too late on average",
    "profile.cdp": "critical detection point: %(name)s",
    "profile.no_cdp": "No detection leaves more delay than the response takes on average.",
    "profile.told": "%(tasks)s tasks, %(delay)s s of delay on average; the response takes "
    "%(response)s s.",
    "profile.p": "Probability of interruption (EASI): %(value)s.",
    "profile.certain": "Deterministic: %(value)s, counted up to %(name)s.",
    "profile.task": "%(number)s %(name)s: detection %(p)s with %(mean)s s remaining; in time %(r)s",
    "profile.more": "%(count)s more tasks are left out of the list.",
    # the two-person rule
    "staffing.title": "Two-person rule: when zones were not sufficiently staffed",
    "staffing.empty": "There is nothing to draw: no zone has an interval.",
    "staffing.quiet": "no interval",
    "staffing.ok": "sufficiently staffed, or empty",
    "staffing.short": "not sufficiently staffed, within the grace time",
    "staffing.violation": "violation",
    "staffing.low": "confidence low (clock)",
    "staffing.open": "not ended in the log",
    "staffing.binned": "Zones with a + have too many intervals to draw each: a bar is as high as "
    "the share of its time that was not sufficiently staffed.",
    "staffing.left_out": "The %(shown)s zones with the most violations are drawn; %(count)s zones "
    "are left out.",
    "staffing.axis": "Time (UTC)",
    "staffing.counts": "%(violations)s of %(intervals)s",
    "staffing.counts_head": "Violations",
    "staffing.told": "%(zone)s: %(intervals)s intervals not sufficiently staffed, of them "
    "%(violations)s violations and %(low)s of low confidence.",
    # upgrades
    "upgrade.title": "What options to strengthen the facility are worth",
    "upgrade.cost": "Cost",
    "upgrade.least": "Least probability of interruption",
    "upgrade.none": "without any option",
    "upgrade.single": "one option",
    "upgrade.best": "best set",
    "upgrade.best_found": "best set that was found",
    "upgrade.greedy": "greedy: one after the other by gain for cost",
    "upgrade.frontier": "the most that can be reached at each cost",
    "upgrade.budget": "budget %(value)s",
    "upgrade.no_options": "no option",
    "upgrade.left_out": "The options with the greatest gain are shown; %(count)s are left out.",
    "upgrade.told": "%(kind)s: %(options)s, cost %(cost)s, least probability of interruption "
    "%(value)s (change %(gain)s).",
    "upgrade.frontier_told": "From cost %(cost)s: %(value)s with %(options)s.",
    # changes of one input
    "swing.title": "What 10 % less and 10 % more of each input change",
    "swing.empty": "There is nothing to draw: no input was changed.",
    "swing.axis": "Change of the probability of interruption, from %(value)s",
    "swing.less": "10 % less",
    "swing.more": "10 % more",
    "swing.left_out": "The %(shown)s inputs with the greatest changes; %(count)s are left out.",
    "swing.told": "%(input)s: 10 %% less %(low)s, 10 %% more %(high)s.",
    "swing.of": "%(input)s, %(number)s %(name)s",
    "swing.p_detection": "detection",
    "swing.delay.mean_s": "mean delay",
    "swing.delay.sd_s": "spread of the delay",
    "swing.response.mean_s": "mean response time",
    "swing.response.sd_s": "spread of the response time",
    "swing.communication": "communication",
    # uncertainty
    "spread.title": "How far the probability of interruption is uncertain",
    "spread.axis": "Probability of interruption",
    "spread.range": "nine of ten draws",
    "spread.median": "median",
    "spread.mean": "mean",
    "spread.point": "without uncertainty",
    "spread.draws": "share of the draws",
    "spread.told": "%(draws)s draws: median %(median)s, nine of ten from %(low)s to %(high)s, mean "
    "%(mean)s; without uncertainty %(point)s.",
    # pages
    "page.easi": "Physical protection: one path",
    "page.two_person": "Physical protection: two-person rule",
    "page.paths": "Physical protection: least protected paths",
    "page.contents": "Contents",
    "page.sensitive": "SENSITIVE: PHYSICAL PROTECTION",
    "page.placeholder": "PLACEHOLDER: INVENTED VALUES, NO REAL SITE",
    "page.keep_sensitive": "This page shows where a site is weak. Keep it as sensitive "
    "information: only for named evaluators of the facility, on approved storage, never in mail or "
    "tickets; delete it when it is no longer needed.",
    "page.keep_placeholder": "The input says that its values are placeholders. A page made from "
    "values of a real site is sensitive and must be kept as such.",
    "page.result": "Result",
    "page.pictures": "Pictures",
    "page.profiles": "Along the paths",
    "page.upgrades": "Options",
    "page.sensitivity": "What the result reacts to",
    "page.uncertainty": "Uncertainty of the inputs",
    "page.assumptions": "Assumptions",
    "page.inputs": "What the values rest on",
    "page.warnings": "Warnings",
    "page.no_single_answer": "Four measures, four views: none of them alone is the answer.",
    "page.exact": "%(count)s paths; the minima are exact.",
    "page.not_exact": "%(count)s paths; too many to be certain: a lower value may exist.",
    "page.state": "State of the facility: %(state)s; communication mode %(mode)s.",
    "page.probability": "The probability of interruption on this path is %(value)s in mode "
    "%(mode)s (%(other)s in mode %(other_mode)s).",
    "page.stress": "If one common error moved all delays together it would be %(value)s: a stress "
    "value, not the result.",
    "page.evidence": "Elements, transits and target tasks, of %(all)s in all: %(counts)s.",
    "page.ties": "%(count)s more with the same value",
    # heads of tables
    "head.number": "No.",
    "head.measure": "Measure",
    "head.value": "Value",
    "head.path": "Path",
    "head.target": "Target",
    "head.cdp": "Critical detection point",
    "head.ties": "Ties",
    "head.task": "Task",
    "head.element": "Element",
    "head.from": "From",
    "head.to": "To",
    "head.p": "Detection",
    "head.where": "Where",
    "head.mean": "Mean delay, s",
    "head.sd": "SD, s",
    "head.source": "Source of values",
    "head.evidence": "Evidence",
    "head.on": "On paths",
    "head.remaining": "Remaining, s",
    "head.remaining_sd": "SD of it, s",
    "head.in_time": "In time (R)",
    "head.so_far": "Detection so far",
    "head.term": "Adds",
    "head.set": "Set",
    "head.options": "Options",
    "head.cost": "Cost",
    "head.gain": "Change",
    "head.per_cost": "Change for each unit of cost",
    "head.input": "Input",
    "head.code": "Code",
    "head.place": "Place",
    "head.words": "What it says",
    "head.kind": "Kind",
    "head.quantile": "Statistic",
    "table.measures": "Least protected path by each measure",
    "table.targets": "Each target by each measure",
    "table.elements": "Areas with a task, elements and targets",
    "table.profile": "Tasks of the path %(path)s",
    "table.upgrades": "Options alone, and sets",
    "table.frontier": "What a budget buys",
    "table.swings": "Changes of the probability of interruption, greatest first",
    "table.spread": "Draws of uncertain inputs",
    "table.warnings": "Warnings",
    "kind.area": "area",
    "kind.element": "element",
    "kind.target": "target",
}


@dataclass(frozen=True, slots=True)
class Words:
    """The sentences of one language; those it does not have are English.

    Examples
    --------
    >>> Words()("seconds", value=305)
    '305 s'
    >>> Words({"seconds": "%(value)s 秒"})("seconds", value=305)
    '305 秒'
    """

    texts: Mapping[str, str] = field(default_factory=dict)
    language: str = "en"

    def __call__(self, name: str, /, **values: object) -> str:
        """Return a sentence with its values put in."""
        text = self.texts.get(name) or WORDS[name]
        return text % values if values else text


ENGLISH = Words()
