"""Times of records of access, read by columns: many texts at once, in all forms that are allowed.

What is not certainly a time of one of the usual forms is left to
`keiryo.protection.instants.time_ns`, which says what is wrong with it.
"""

from __future__ import annotations

import datetime

import numpy as np
import polars as pl

from keiryo.protection.instants import NS

SHORTEST, LONGEST = 16, 35
"""Bytes of ``2027-05-31T08:00`` and ``2027-05-31T08:00:00.123456789+09:00``."""
_DAY_S = 86_400
_FIRST_S = int(datetime.datetime(1701, 1, 1, tzinfo=datetime.UTC).timestamp())
_LAST_S = int(datetime.datetime(2249, 12, 31, tzinfo=datetime.UTC).timestamp())
_MONTHS = (
    np.arange("0000-01", "10000-02", dtype="datetime64[M]").astype("datetime64[D]").astype(np.int32)
)
"""The first day of each month from year 0, counted from 1970."""
_LOCAL = 0
"""How long the offset of a local time is; 1 is ``Z``, others are ``+09``, ``+0900``, ``+09:00``."""


def read_times(texts: pl.Series, timezone: datetime.tzinfo) -> tuple[np.ndarray, np.ndarray]:
    """Return instants in nanoseconds, and of which texts they are known.

    Parameters
    ----------
    texts : Series of str
    timezone : tzinfo
        Of times without an offset.
    """
    lengths = texts.str.len_bytes().fill_null(0).to_numpy()
    found = np.zeros(len(texts), dtype=np.int64)
    sound = np.zeros(len(texts), dtype=bool)
    for length in np.flatnonzero(np.bincount(np.minimum(lengths, LONGEST + 1))).tolist():
        if not SHORTEST <= length <= LONGEST:
            continue
        places = np.flatnonzero(lengths == length)
        every = len(places) == len(texts)
        alike = texts if every else texts.gather(places)
        kind = pl.Array(pl.UInt8, length)
        signs = alike.cast(pl.Binary).bin.reinterpret(dtype=kind).to_numpy()
        for ending, rows in _by_ending(signs):
            times, known = _of_one_form(signs if rows is None else signs[rows], ending, timezone)
            at = places if rows is None else places[rows]
            found[at], sound[at] = times, known
    return found, sound


def _by_ending(signs: np.ndarray) -> list[tuple[int, np.ndarray | None]]:
    """Return the lengths of offsets with the rows that have them; None: all have."""
    length = signs.shape[1]
    zulu = np.isin(signs[:, -1], np.frombuffer(b"Zz", dtype=np.uint8))
    if zulu.all():
        return [(1, None)]
    ending = np.where(zulu, 1, _LOCAL).astype(np.int8)
    for size in (3, 5, 6):
        if length - size >= SHORTEST:
            sign = signs[:, length - size]
            ending[(sign == ord("+")) | (sign == ord("-"))] = size
    sizes = np.flatnonzero(np.bincount(ending)).tolist()
    if len(sizes) == 1:
        return [(sizes[0], None)]
    return [(size, np.flatnonzero(ending == size)) for size in sizes]


def _of_one_form(
    signs: np.ndarray, ending: int, timezone: datetime.tzinfo
) -> tuple[np.ndarray, np.ndarray]:
    """Return the instants of texts of one length whose offsets are of one length."""
    size = signs.shape[1] - ending
    sound = np.ones(len(signs), dtype=bool)
    if size not in (16, 19) and not 21 <= size <= 29:
        return np.zeros(len(signs), dtype=np.int64), ~sound

    def number(first: int, after: int) -> np.ndarray:
        total = np.zeros(len(signs), dtype=np.int32)
        for place in range(first, after):
            digit = signs[:, place] - np.uint8(48)
            np.logical_and(sound, digit <= 9, out=sound)
            total *= np.int32(10)
            total += digit
        return total

    def has(place: int, allowed: bytes) -> None:
        column = signs[:, place]
        fits = column == allowed[0]
        for sign in allowed[1:]:
            fits |= column == sign
        np.logical_and(sound, fits, out=sound)

    for place, allowed in ((4, b"-"), (7, b"-"), (10, b"T t"), (13, b":")):
        has(place, allowed)
    year, month, day = number(0, 4), number(5, 7), number(8, 10)
    hour, minute = number(11, 13), number(14, 16)
    second, part = np.zeros(1, dtype=np.int32), np.zeros(1, dtype=np.int64)
    if size > 16:
        has(16, b":")
        second = number(17, 19)
    if size > 19:
        has(19, b".,")
        part = number(20, size) * np.int64(10 ** (29 - size))
    late = (hour > 23) & ((hour > 24) | (minute > 0) | (second > 0) | (part > 0))
    sound &= (month >= 1) & (month <= 12) & (year >= 1) & ~late & (minute <= 59) & (second <= 59)
    months = np.where(sound, year * 12 + month - 1, 0)
    first_day = _MONTHS[months]
    sound &= (day >= 1) & (day <= _MONTHS[months + 1] - first_day)
    at = (first_day + day - 1) * np.int64(_DAY_S) + hour * 3_600 + minute * 60 + second
    sound &= (at >= _FIRST_S) & (at <= _LAST_S)
    at[~sound] = 0
    if ending == _LOCAL:
        offset, certain = _offsets(at, timezone)
        sound &= certain
        at -= offset
    elif ending > 1:
        ahead, rest = number(size + 1, size + 3), np.zeros(1, dtype=np.int32)
        if ending > 3:
            rest = number(signs.shape[1] - 2, signs.shape[1])
            sound &= (ending == 5) | (signs[:, size + 3] == ord(":"))
        sound &= (ahead <= 23) & (rest <= 59)
        offset = ahead * np.int64(3_600) + rest * 60
        at -= np.where(signs[:, size] == ord("-"), -offset, offset)
    return np.where(sound, at * NS + part, 0), sound


def _offsets(local_s: np.ndarray, timezone: datetime.tzinfo) -> tuple[np.ndarray, np.ndarray]:
    """Return how far local times are ahead of UTC, and which times exist just once.

    The offset is asked for once for each day. Only a day on which it changes is looked at hour by
    hour, an hour minute by minute, and a minute second by second.
    """
    offset = np.zeros(len(local_s), dtype=np.int64)
    certain = np.ones(len(local_s), dtype=bool)
    if timezone is datetime.UTC:
        return offset, certain
    places = np.arange(len(local_s))
    for width in (_DAY_S, 3_600, 60, 1):
        blocks = local_s[places] // width
        known = np.sort(pl.Series(blocks).unique().to_numpy())
        which = np.searchsorted(known, blocks)
        told = [_one_offset(block * width, width, timezone) for block in known.tolist()]
        steady = np.array([one is not None for one in told], dtype=bool)
        offset[places] = np.array([one or 0 for one in told], dtype=np.int64)[which]
        places = places[~steady[which]]
        if not places.size:
            return offset, certain
    certain[places] = False
    return offset, certain


def _one_offset(first_s: int, width: int, timezone: datetime.tzinfo) -> int | None:
    """Return the offset of a stretch of local time; None if it is not the same throughout."""
    epoch = datetime.datetime(1970, 1, 1)
    told = set()
    for at in {first_s, first_s + width - 1}:
        local = (epoch + datetime.timedelta(seconds=at)).replace(tzinfo=timezone)
        told |= {local.utcoffset(), local.replace(fold=1).utcoffset()}
    (one, *others) = told
    return None if others or one is None else int(one.total_seconds())
