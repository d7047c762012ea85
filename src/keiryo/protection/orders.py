"""Orders of long columns: what stands in order already, or nearly, takes little time."""

from __future__ import annotations

import numpy as np


def order_of(first: np.ndarray, *others: np.ndarray) -> np.ndarray | None:
    """Return the order by some columns, the first of them above all; None: they stand so.

    Only where the first are equal are the others looked at.
    """
    if len(first) < 2:
        return None
    order = None
    if not (first[1:] >= first[:-1]).all():
        order = np.argsort(first, kind="stable")
        first = first[order]
    same = first[1:] == first[:-1]
    tied = np.zeros(len(first), dtype=bool)
    tied[1:] |= same
    tied[:-1] |= same
    places = np.flatnonzero(tied)
    rows = places if order is None else order[places]
    keys = [column[rows] for column in others]
    if _in_order(first[places], *keys):
        return order
    if order is None:
        order = np.arange(len(first))
    order[places] = rows[np.lexsort((*keys[::-1], first[places]))]
    return order


def _in_order(*columns: np.ndarray) -> bool:
    """Return whether rows stand by the columns, the first of them above all."""
    equal = np.ones(max(len(columns[0]) - 1, 0), dtype=bool)
    for column in columns:
        before, after = column[:-1], column[1:]
        if (equal & (after < before)).any():
            return False
        equal &= after == before
    return True


def stable_order(codes: np.ndarray, size: int) -> np.ndarray:
    """Return the order of codes below `size`, equal ones as they stand; small ones go faster."""
    if size < np.iinfo(np.int16).max:
        return np.argsort(codes.astype(np.int16), kind="stable")
    order = np.argsort((codes & 0xFFFF).astype(np.uint16), kind="stable")
    high = (codes >> 16).astype(np.int16)[order]
    return order[np.argsort(high, kind="stable")]
