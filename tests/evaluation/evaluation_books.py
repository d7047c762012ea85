"""Small books with measurements: error sources, strata, results and calibrations as lines."""

from __future__ import annotations

import datetime
import itertools
import json
from typing import Any

import typer
from typer.testing import CliRunner

from cases.making import Entry, listed
from keiryo.cli.evaluate import register
from keiryo.evaluation.model import Evaluation
from keiryo.evaluation.service import Options, evaluate_balance
from keiryo.journal.model import Draft, Value
from keiryo.journal.posting import post
from small_books import ACTOR, SmallBooks

MBA = "XHFA"
_numbers = itertools.count()


class EvaluationBooks(SmallBooks):
    """Books of a State XH whose measurements are written line by line.

    Several tests may share one database: each takes a new area, whose error sources and methods
    get a prefix of their own.
    """

    mba = MBA
    prefix = ""

    def new_area(self, context: dict[str, Any]) -> EvaluationBooks:
        """Go on in a new area."""
        number = next(_numbers)
        self.mba, self.prefix = f"X{number:03d}", f"{number}-"
        assert self.begin({self.mba: context}).context_act is not None
        return self

    def _named(self, words: str | None) -> str | None:
        names = [self.prefix + name.strip() for name in (words or "").split(",") if name]
        return ",".join(names) or None

    def line(self, table: str, /, **values: Value) -> int:
        """Record one line and return its act."""
        made = Draft(f"test.{table}", f"test:{next(_numbers)}")
        values.setdefault("state", "in force")
        made.add(table, values, scope="XH")
        return post(self.database, made, ACTOR).act.act_id

    def source(self, source: str, kind: str = "random", sd: str = "0.01", **more: Value) -> int:
        """Record an error source, relative unless `more` says otherwise."""
        values: dict[str, Value] = {"basis": "mass", "relative_sd": sd, **more}
        if "method" in values:
            values["method"] = self._named(str(values["method"]))
        return self.line("error_source", source=self._named(source), kind=kind, **values)

    def stratum(self, stratum: str, sources: str = "", **more: Value) -> int:
        """Record a stratum with its element sources."""
        values: dict[str, Value] = {"rank": 10, "element_sources": self._named(sources), **more}
        if "isotope_sources" in values:
            values["isotope_sources"] = self._named(str(values["isotope_sources"]))
        return self.line("stratum_method", mba=self.mba, stratum=stratum, **values)

    def result(self, result: str, batch: str, day: int, **more: Value) -> int:
        """Record a measured value of a batch."""
        values: dict[str, Value] = {
            "method": "M", "basis": "mass", "value": "1", "unit": "kg", "mba": self.mba, **more
        }  # fmt: skip
        values["method"] = self._named(str(values["method"]))
        return self.line(
            "measurement_result", result=result, batch=batch, measured_on=day, **values
        )

    def calibration(self, method: str, day: int, **more: Value) -> int:
        """Record a calibration."""
        return self.line("calibration", method=self._named(method), calibrated_on=day, **more)

    def take_inventory(self, number: int, day: str, *entries: Entry) -> None:
        """Import the listing of a taking; `day` as 20251231."""
        outcome = self.send(
            self.mba, number, *entries, date=day, period=day, kind="P", reason="test"
        )
        assert outcome.outcome == "accepted", outcome.findings

    def change(self, number: int, *entries: Entry, period: str) -> int:
        """Import inventory changes of this area; `period` as 20250101/20250131."""
        here = {f"XH/{MBA}": f"XH/{self.mba}"}
        own = [[(label, here.get(value, value)) for label, value in entry] for entry in entries]
        outcome = self.send(
            self.mba, number, *own, date=period[9:], period=period, kind="I", reason="test"
        )
        assert outcome.outcome == "accepted", outcome.findings
        assert outcome.act_id is not None
        return outcome.act_id

    def evaluate(self, mba: str | None = None, **asked: Any) -> Evaluation:
        """Evaluate the main category."""
        options = Options(**{k: asked.pop(k) for k in ("alpha", "rules", "expected") if k in asked})
        for name in ("start", "end"):
            if isinstance(asked.get(name), str):
                asked[name] = datetime.date.fromisoformat(asked[name])
        return evaluate_balance(self.database, mba or self.mba, options=options, **asked)[0]

    def ask(self, *words: str, code: int = 0) -> Any:
        """Run a command of evaluation and return its JSON."""
        app = typer.Typer()
        register(app)
        place = self.database.url if self.database.path is None else str(self.database.path)
        done = CliRunner().invoke(app, [*words, "--db", place, "--format", "json"])
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        assert done.exit_code == code, done.output
        return json.loads(done.stdout)


def codes(evaluation: Evaluation) -> list[str]:
    """Return the codes of the findings."""
    return [finding.code for finding in evaluation.findings]


def kilograms(name: str, kg: str, **more: Any) -> Entry:
    """Return a line of a listing of enriched uranium, without U-235."""
    return listed(name, f"630:{kg}000 670:0", **more)
