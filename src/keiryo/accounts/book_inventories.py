"""The book inventories of all areas on a date at once, in one question to the database.

For each area that is what its last physical inventory taking left on the book, and every change
since (INFCIRC/153, paragraph 102): whole months from the projection `book_sum`, the days around
them from the lines. What a change does to the book of a category is that of `book_sign`, written
out in SQL. The answers are those of `keiryo.accounts.balance`, area by area.
"""

from __future__ import annotations

import datetime

from sqlalchemy import Connection, MetaData, case, func, or_, select

from keiryo.accounts import books
from keiryo.accounts.balance import REBATCHING, assembled, book_sign, opening_inventory
from keiryo.accounts.book_sums import NAME as BOOK_SUM_NAME
from keiryo.accounts.model import Amount, Knowledge, Lines
from keiryo.accounts.tables import INVENTORY_CHANGE, PHYSICAL_INVENTORY, effective, resolved
from keiryo.dates import Period, date_number, next_day
from keiryo.places.tables import areas
from keiryo.quantities import Category

Inventories = dict[str, dict[Category, Amount]]
