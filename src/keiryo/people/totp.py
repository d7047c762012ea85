"""The second factor: codes of six digits that change every 30 s (TOTP, RFC 6238).

The secret is shared with the person's authenticator once, as a picture, and lies in the database
only sealed under the server's secret. A code is good for its own step and the ones before and after
(RFC 6238 section 5.2), and only once. Who lost the authenticator has ten recovery codes, of which
only keyed digests are kept, each good once.
"""

from __future__ import annotations

import base64
import hmac
import io
import json
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection, select, update

from keiryo.errors import ConflictError, NotFoundError
from keiryo.people.accounts import account_row
from keiryo.people.errors import SignInError
from keiryo.people.keys import seal, unseal
from keiryo.people.passwords import PRODUCT
from keiryo.people.secret import keyed_digest, server_secret
from keiryo.people.tables import ACCOUNT
from keiryo.storage.engine import Database

STEP_S = 30
DIGITS = 6
DRIFT_STEPS = 1
RECOVERY_CODES = 10
NO_SECOND_FACTOR: Mapping[str, int | None] = {
    "totp_sealed": None,
    "totp_last_step": None,
    "totp_confirmed": 0,
    "recovery_hashes": None,
}
"""What an account without a second factor has in its columns."""
_SECRET_BYTES = 20  # RFC 4226 section 4, R6: 160 bits
_PURPOSE = "totp"
_CODE = re.compile(r"[0-9]{6}")
_RECOVERY_CODE = re.compile(r"[a-z2-7]{16}")


@dataclass(frozen=True, slots=True)
class NewSecondFactor:
    """A second factor that was begun: what the authenticator has to take over.

    Attributes
    ----------
    secret : str
        Base32, for typing.
    uri : str
        ``otpauth://``, for authenticators on the same machine.
    qr_svg : str
        The same as a picture, SVG without style or script.
    """

    secret: str = field(repr=False)
    uri: str = field(repr=False)
    qr_svg: str = field(repr=False)


def begin_totp(database: Database, person: str, label: str) -> NewSecondFactor:
    """Begin a second factor; it counts from `confirm_totp` on.

    Parameters
    ----------
    label : str
        What the authenticator shows, such as the sign-in name.

    Raises
    ------
    NotFoundError
        If there is no such account.
    ConflictError
        If there is a confirmed second factor; it has to be removed first.
    """
    table = database.metadata.tables[ACCOUNT]
    secret = base64.b32encode(secrets.token_bytes(_SECRET_BYTES)).decode()
    sealed = seal(secret.encode(), server_secret(database), f"{_PURPOSE} {person}")
    with database.writing() as connection:
        row = account_row(connection, database.metadata, person, held=True)
        if row["totp_confirmed"]:
            raise ConflictError(
                "there is a second factor already", "Remove it first, then set up the new one."
            )
        connection.execute(
            update(table)
            .where(table.c.person == person)
            .values(totp_sealed=sealed, totp_last_step=None, recovery_hashes=None)
        )
    uri = provisioning_uri(secret, label)
    return NewSecondFactor(secret, uri, qr_svg(uri))


def confirm_totp(database: Database, person: str, code: str, now: datetime) -> list[str]:
    """Take a second factor into use, and return the recovery codes, which are shown this once.

    Raises
    ------
    NotFoundError
        If there is no such account.
    SignInError
        If the code is not the authenticator's, or no second factor was begun.
    """
    table = database.metadata.tables[ACCOUNT]
    with database.writing() as connection:
        row = account_row(connection, database.metadata, person, held=True)
        if row["totp_confirmed"] or not use_totp(connection, database, person, code, now):
            raise SignInError(
                "this is not the code of the authenticator",
                "Check that the clock of your device is right, and type the next code.",
            )
        codes, digests = _recovery_codes(database, person)
        connection.execute(
            update(table)
            .where(table.c.person == person)
            .values(totp_confirmed=1, recovery_hashes=digests)
        )
    return codes


def new_recovery_codes(database: Database, person: str) -> list[str]:
    """Replace the recovery codes; return the new ones, which are shown this once.

    Raises
    ------
    NotFoundError
        If there is no such account, or no second factor in use.
    """
    table = database.metadata.tables[ACCOUNT]
    codes, digests = _recovery_codes(database, person)
    with database.writing() as connection:
        if not account_row(connection, database.metadata, person, held=True)["totp_confirmed"]:
            raise NotFoundError("there is no second factor", "Set one up first.")
        connection.execute(
            update(table).where(table.c.person == person).values(recovery_hashes=digests)
        )
    return codes


def recovery_codes_left(database: Database, person: str) -> int:
    """Return how many recovery codes were not used yet."""
    table = database.metadata.tables[ACCOUNT]
    with database.reading() as connection:
        query = select(table.c.recovery_hashes).where(table.c.person == person)
        return len(json.loads(connection.execute(query).scalar() or "[]"))


def end_totp(database: Database, person: str) -> None:
    """Remove the second factor of a person, confirmed or only begun."""
    table = database.metadata.tables[ACCOUNT]
    with database.writing() as connection:
        connection.execute(update(table).where(table.c.person == person).values(NO_SECOND_FACTOR))


def use_second_factor(
    connection: Connection, database: Database, person: str, code: str, now: datetime
) -> bool:
    """Use a code of the authenticator or a recovery code up within a transaction."""
    written = re.sub(r"[\s-]", "", code).lower()
    if _CODE.fullmatch(written):
        return use_totp(connection, database, person, written, now)
    return _use_recovery_code(connection, database, person, written)


def use_totp(
    connection: Connection, database: Database, person: str, code: str, now: datetime
) -> bool:
    """Use a code of the authenticator up within a transaction; return whether it was good.

    A code is refused if it, or a later one, was used before (RFC 6238 section 5.2).
    """
    row = account_row(connection, database.metadata, person)
    written = re.sub(r"[\s-]", "", code)
    if row["totp_sealed"] is None or _CODE.fullmatch(written) is None:
        return False
    purpose = f"{_PURPOSE} {person}"
    secret = unseal(bytes(row["totp_sealed"]), server_secret(database), purpose)
    if secret is None:
        return False
    last = row["totp_last_step"]
    step = step_of(secret.decode(), written, now)
    if step is None or (last is not None and step <= last):
        return False
    table = database.metadata.tables[ACCOUNT]
    earlier = table.c.totp_last_step.is_(None) | (table.c.totp_last_step < step)
    mine = (table.c.person == person) & (table.c.totp_sealed == row["totp_sealed"])
    used = connection.execute(update(table).where(mine, earlier).values(totp_last_step=step))
    return used.rowcount == 1


def step_of(secret: str, code: str, now: datetime) -> int | None:
    """Return the step for which a code is good at an instant, or None.

    Parameters
    ----------
    secret : str
        Base32.
    """
    current = int(now.timestamp()) // STEP_S
    found = None
    for step in range(max(0, current - DRIFT_STEPS), current + DRIFT_STEPS + 1):
        if hmac.compare_digest(code_at(secret, step).encode(), code.encode("utf-8", "replace")):
            found = step
    return found


def code_at(secret: str, step: int) -> str:
    """Return the code of a step, six digits.

    References
    ----------
    RFC 6238 section 4.2 and RFC 4226 section 5.3, with HMAC-SHA-1.
    """
    import pyotp

    return pyotp.TOTP(secret, digits=DIGITS, interval=STEP_S).generate_otp(step)


def provisioning_uri(secret: str, label: str) -> str:
    """Return the ``otpauth://`` address that authenticators take over."""
    import pyotp

    totp = pyotp.TOTP(secret, digits=DIGITS, interval=STEP_S)
    return totp.provisioning_uri(name=label, issuer_name=PRODUCT)


def qr_svg(text: str) -> str:
    """Return a QR code (ISO/IEC 18004) as SVG, dark on white whatever the theme."""
    import segno

    picture = io.BytesIO()
    code = segno.make(text, error="m", micro=False)
    code.save(
        picture,
        kind="svg",
        scale=4,
        border=4,
        light="#fff",
        xmldecl=False,
        svgns=False,
        nl=False,
        svgclass="qr",
        lineclass=None,
    )
    return picture.getvalue().decode()


def _use_recovery_code(connection: Connection, database: Database, person: str, code: str) -> bool:
    row = account_row(connection, database.metadata, person)
    if not row["totp_confirmed"] or _RECOVERY_CODE.fullmatch(code) is None:
        return False
    digest = _recovery_digest(server_secret(database), person, code)
    kept: list[str] = json.loads(row["recovery_hashes"] or "[]")
    left = [other for other in kept if not hmac.compare_digest(other, digest)]
    if len(left) == len(kept):
        return False
    table = database.metadata.tables[ACCOUNT]
    same = (table.c.person == person) & (table.c.recovery_hashes == row["recovery_hashes"])
    used = connection.execute(update(table).where(same).values(recovery_hashes=json.dumps(left)))
    return used.rowcount == 1


def _recovery_codes(database: Database, person: str) -> tuple[list[str], str]:
    """Return new recovery codes (80 random bits each) and the JSON list of their digests."""
    secret = server_secret(database)
    raw = [
        base64.b32encode(secrets.token_bytes(10)).decode().lower() for _ in range(RECOVERY_CODES)
    ]
    digests = [_recovery_digest(secret, person, code) for code in raw]
    return ["-".join(c[i : i + 4] for i in range(0, 16, 4)) for c in raw], json.dumps(digests)


def _recovery_digest(secret: bytes, person: str, code: str) -> str:
    return keyed_digest(secret, f"recovery code {person} {code}")
