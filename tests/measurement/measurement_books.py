"""Books of one small area with measurements behind them, for tests."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

from keiryo.accounts.model import NOW, Knowledge
from keiryo.capabilities import builtin_registry
from keiryo.errors import Finding, RefusedError
from keiryo.journal.posting import system_clock
from keiryo.measurement import in_force
from keiryo.measurement.intake import Imported, import_table
from keiryo.storage.engine import Database
from small_books import ACTOR, PLANT, SmallBooks

SOURCES = """\
source,method,kind,basis,relative_sd,valid_from,valid_to
TI-r,TI,random,concentration,0.001,,
TI-s,TI,long,concentration,0.001,,
EB-r,EB,random,mass,0.0005,,2025-06-30
EB-r,EB,random,mass,0.0004,2025-07-01,
"""
STRATA = """\
mba,stratum,rank,codes,mdc,element_sources
XHA-,receipts,1,RF,O/G/?/?,"EB-r,TI-r,TI-s"
XHA-,rest,9,,,"EB-r,TI-r"
"""
RESULTS = """\
result,mba,batch,method,basis,instrument,measured_on,value,unit
LAB-1,XHA-,LEU-1,TI,concentration,T1,2025-01-10,0.8755,g/g
LAB-2,XHA-,LEU-1,TI,concentration,T1,2025-02-20,0.8757,g/g
SCALE-1,XHA-,LEU-1,EB,mass,,2025-01-10,1142.2,g
"""
CALIBRATIONS = """\
method,instrument,calibrated_on,standard
TI,T1,2025-01-02,S-1
TI,T1,2025-02-01,S-1
TI,T2,2025-02-10,S-1
"""
DIFFERENCES = ((.4, .1, -.2, .3), (-.5, -.1, -.3, -.6), (.2, .5, .1, 0))  # fmt: skip
"""Relative differences operator − inspector of three inspections, in per cent."""

PAIRS = "series,kind,method,session,item,measured_on,measured,reference,unit\n" + "".join(
    f"P,paired,TI,{session},{item},2025-0{session}-01,1000,{1000 - 10 * percent:.0f},g\n"
    for session, group in enumerate(DIFFERENCES, start=1)
    for item, percent in enumerate(group)
)
STANDARDS = "series,kind,method,session,item,measured_on,measured,reference,unit\n" + "".join(
    f"S,standard,TI,{n // 3},S-1,2025-03-{n + 1:02},{value},10,g\n"
    for n, value in enumerate(
        ("10.02", "10.03", "10.01", "10.03", "10.02", "10.04", "10.01", "10.02", "10.02")
    )
)
FILES = {
    "sources": SOURCES,
    "strata": STRATA,
    "results": RESULTS,
    "calibrations": CALIBRATIONS,
    "controls": PAIRS,
}


@cache
def plant_books() -> Path:
    """Return a folder with the SQLite books of the plant, without any measurement."""
    folder = Path(tempfile.mkdtemp(prefix="keiryo-measured-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    books = SmallBooks(f"sqlite:///{folder / 'books.sqlite'}", **{"XHA-": PLANT})
    books.database.close()
    return folder


class MeasuredBooks(SmallBooks):
    """A plant XHA- whose measurements are recorded on request."""

    def __init__(self, url: str, *forms: str) -> None:
        if not url.startswith("sqlite:///"):
            super().__init__(url, **{"XHA-": PLANT})
        else:  # what most tests begin with is made once and copied
            self.clock = system_clock
            shutil.copytree(plant_books(), Path(url.removeprefix("sqlite:///")).parent,
                            dirs_exist_ok=True)  # fmt: skip
            self.database = Database(url, builtin_registry())
        for form in forms:
            self.measure(form, FILES[form])

    def measure(
        self, form: str, text: str, name: str = "table.csv", *, again: bool = False
    ) -> Imported:
        """Import a table."""
        return import_table(self.database, ACTOR, form, name, text.encode(), again=again)

    def refused(self, form: str, text: str, name: str = "table.csv") -> tuple[Finding, ...]:
        """Import a table that is refused, and return the findings."""
        before = self.last_act()
        try:
            self.measure(form, text, name)
        except RefusedError as error:
            assert self.last_act() == before, "a refused file left an act"
            return error.findings
        raise AssertionError("the table was not refused")

    def last_act(self) -> int:
        """Return the number of the last act."""
        from sqlalchemy import text

        with self.database.reading() as connection:
            return int(connection.execute(text("SELECT max(act_id) FROM act")).scalar_one())

    def known(self, what: str, *arguments: Any, knowledge: Knowledge = NOW, **more: Any) -> Any:
        """Ask what is in force."""
        with self.database.reading() as connection:
            ask = getattr(in_force, what)
            return ask(connection, self.database.metadata, *arguments, knowledge=knowledge, **more)
