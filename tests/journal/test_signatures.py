"""Acts are signed: both verifiers check each signature, and name the act that lacks one.

The test vectors are those of RFC 8032, section 7.1.
"""

from __future__ import annotations

import copy
import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection
from typer.testing import CliRunner

import keiryo
from journal.tampering import copied, rewrite_chain, script_finds, unguarded
from journal.toy_books import TOYS, SteadyClock, toy_draft
from keiryo.cli.app import app
from keiryo.journal import signatures, standalone
from keiryo.journal.act_scopes import act_scopes
from keiryo.journal.canonical import signed_bytes
from keiryo.journal.model import Actor, Draft
from keiryo.journal.opening import open_journal
from keiryo.journal.posting import post
from keiryo.journal.proofs import proof_problems, prove, signers
from keiryo.journal.registry import Capability, Registry
from keiryo.journal.tables import JOURNAL
from keiryo.journal.verify import Verification, verify
from keiryo.people.keys import SigningKey, released_bytes
from keiryo.people.tables import LINE_KINDS
from keiryo.storage.engine import Database

# People's lines without their gate, so that what the gate refuses can be posted and found.
CAPABILITIES = (JOURNAL, TOYS, Capability("people", line_kinds=LINE_KINDS))
REGISTRY = Registry((*CAPABILITIES, act_scopes(CAPABILITIES)))
ONE, TWO, NEW = (SigningKey.from_secret(bytes([number]) * 32) for number in (1, 2, 3))
CONTENT = "ab" * 32

MESSAGE_1024 = (
    "08b8b2b733424243760fe426a4b54908632110a66c2f6591eabd3345e3e4eb98fa6e264bf09efe12ee50f8f54e9f"
    "77b1e355f6c50544e23fb1433ddf73be84d879de7c0046dc4996d9e773f4bc9efe5738829adb26c81b37c93a1b27"
    "0b20329d658675fc6ea534e0810a4432826bf58c941efb65d57a338bbd2e26640f89ffbc1a858efcb8550ee3a5e1"
    "998bd177e93a7363c344fe6b199ee5d02e82d522c4feba15452f80288a821a579116ec6dad2b3b310da903401aa6"
    "2100ab5d1a36553e06203b33890cc9b832f79ef80560ccb9a39ce767967ed628c6ad573cb116dbefefd75499da96"
    "bd68a8a97b928a8bbc103b6621fcde2beca1231d206be6cd9ec7aff6f6c94fcd7204ed3455c68c83f4a41da4af2b"
    "74ef5c53f1d8ac70bdcb7ed185ce81bd84359d44254d95629e9855a94a7c1958d1f8ada5d0532ed8a5aa3fb2d17b"
    "a70eb6248e594e1a2297acbbb39d502f1a8c6eb6f1ce22b3de1a1f40cc24554119a831a9aad6079cad88425de6bd"
    "e1a9187ebb6092cf67bf2b13fd65f27088d78b7e883c8759d2c4f5c65adb7553878ad575f9fad878e80a0c9ba63b"
    "cbcc2732e69485bbc9c90bfbd62481d9089beccf80cfe2df16a2cf65bd92dd597b0707e0917af48bbb75fed413d2"
    "38f5555a7a569d80c3414a8d0859dc65a46128bab27af87a71314f318c782b23ebfe808b82b0ce26401d2e22f04d"
    "83d1255dc51addd3b75a2b1ae0784504df543af8969be3ea7082ff7fc9888c144da2af58429ec96031dbcad3dad9"
    "af0dcbaaaf268cb8fcffead94f3c7ca495e056a9b47acdb751fb73e666c6c655ade8297297d07ad1ba5e43f1bca3"
    "2301651339e22904cc8c42f58c30c04aafdb038dda0847dd988dcda6f3bfd15c4b4c4525004aa06eeff8ca61783a"
    "acec57fb3d1f92b0fe2fd1a85f6724517b65e614ad6808d6f6ee34dff7310fdc82aebfd904b01e1dc54b2927094b"
    "2db68d6f903b68401adebf5a7e08d78ff4ef5d63653a65040cf9bfd4aca7984a74d37145986780fc0b16ac451649"
    "de6188a7dbdf191f64b5fc5e2ab47b57f7f7276cd419c17a3ca8e1b939ae49e488acba6b965610b5480109c8b17b"
    "80e1b7b750dfc7598d5d5011fd2dcc5600a32ef5b52a1ecc820e308aa342721aac0943bf6686b64b2579376504cc"
    "c493d97e6aed3fb0f9cd71a43dd497f01f17c0e2cb3797aa2a2f256656168e6c496afc5fb93246f6b1116398a346"
    "f1a641f3b041e989f7914f90cc2c7fff357876e506b50d334ba77c225bc307ba537152f3f1610e4eafe595f6d9d9"
    "0d11faa933a15ef1369546868a7f3a45a96768d40fd9d03412c091c6315cf4fde7cb68606937380db2eaaa707b4c"
    "4185c32eddcdd306705e4dc1ffc872eeee475a64dfac86aba41c0618983f8741c5ef68d3a101e8a3b8cac60c905c"
    "15fc910840b94c00a0b9d0"
)
VECTORS = {  # secret, public key, message, signature
    "1": (
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
        "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    ),
    "2": (
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
        "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ),
    "3": (
        "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
        "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
    ),
    "1024": (
        "f5e5767cf153319517630f226876b86c8160cc583bc013744c6bf255f5cc0ee5",
        "278117fc144c72340f67d0f2316e8386ceffbf2b2428c9c51fef7c597f1d426e",
        MESSAGE_1024,
        "0aab4c900501b3e24d7cdf4663326a3a87df5e4843b2cbdb67cbf6e460fec350"
        "aa5371b1508f9f4528ecea23c436d94b5e8fcd4f681e30a6ac00a9704a188a03",
    ),
    "SHA(abc)": (
        "833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42",
        "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
        "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
        "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
        "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b589"
        "09351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331a704",
    ),
}


def both_say(key: str, message: bytes, signature: str) -> bool:
    """Return what both verifiers say of a signature; they must agree."""
    said = signatures.is_signed(key, message, signature)
    assert standalone.is_signed(key, message, signature) is said, (key, message, signature)
    return said


@pytest.mark.parametrize(("secret", "key", "message", "signature"), VECTORS.values(), ids=VECTORS)
def test_vectors_of_the_rfc(secret: str, key: str, message: str, signature: str) -> None:
    content = bytes.fromhex(message)
    made = SigningKey.from_secret(bytes.fromhex(secret))
    assert (made.key, made.sign(content).hex()) == (key, signature)
    assert both_say(key, content, signature)
    assert not both_say(key, content + b"\0", signature)
    assert not both_say(made.key[:-1] + "0", content, signature)


def flipped(text: str, bit: int) -> str:
    changed = bytearray(bytes.fromhex(text))
    changed[bit // 8 % len(changed)] ^= 1 << bit % 8
    return changed.hex()


@given(st.binary(min_size=32, max_size=32), st.binary(max_size=80), st.integers(0, 511))
@settings(max_examples=25)
def test_both_verifiers_agree(secret: bytes, message: bytes, bit: int) -> None:
    made = SigningKey.from_secret(secret)
    signature = made.sign(message).hex()
    assert both_say(made.key, message, signature)
    assert not both_say(made.key, message, flipped(signature, bit))
    assert not both_say(flipped(made.key, bit % 256), message, signature)
    assert not both_say(made.key, message + b"x", signature)


def little(number: int) -> str:
    return number.to_bytes(32, "little").hex()


def test_signatures_of_another_form() -> None:
    message, signature = b"m", ONE.sign(b"m").hex()
    half = int.from_bytes(bytes.fromhex(signature[64:]), "little")
    for wrong in (
        *("", "00", "zz", signature[:-2], signature + "00", signature[:64], "é" * 128),
        signature[:64] + little(half + standalone.L),
        signature[:64] + little(half + 8 * standalone.L),
        signature[:64] + little(standalone.L),
        signature[64:] + signature[:64],
    ):
        assert not both_say(ONE.key, message, wrong), wrong
    for wrong in ("", "00", ONE.key[:-2], ONE.key + "00", "zz" * 32):
        assert not both_say(wrong, message, signature), wrong
    for absent in (None, 5, b""):
        assert not both_say(ONE.key, message, absent)  # type: ignore[arg-type]


def test_points_in_another_encoding() -> None:
    """A point has one encoding (RFC 8032, section 5.1.3): y below p, no sign where x is 0."""
    prime, sign = standalone.P, 2**255
    neutral, seven = little(1), standalone.times(7, standalone.BASE)
    x, y = (part * pow(seven[2], -1, prime) % prime for part in seven[:2])
    signature = little(y | (x % 2) * sign) + little(7)
    assert both_say(neutral, b"m", signature)  # any signature holds under the neutral point
    for same in (little(prime + 1), little(1 + sign), little(prime + 1 + sign)):
        assert not both_say(same, b"m", signature), same
    assert both_say(neutral, b"m", neutral + little(0))
    for same in (little(prime + 1), little(1 + sign)):
        assert not both_say(neutral, b"m", same + little(0)), same
    for odd in (*range(prime - 1, prime + 19), *range(12)):
        for key in (odd, odd + sign):
            for first in (neutral, little(key)):
                both_say(little(key), b"m", first + little(0))


# --- journals whose acts are signed --------------------------------------------------------------


def actor(person: str, key: SigningKey | None) -> Actor:
    return Actor(person, "XA", signer=key)


def key_line(draft: Draft, person: str, key: SigningKey, state: str = "registered") -> Draft:
    draft.add("person_key", scope="XA", person=person, key=key.key, state=state)
    return draft


def release_draft(name: str, preparer: str, key: SigningKey, signer: SigningKey) -> Draft:
    """Return a draft whose content one person prepared, and somebody signed for."""
    draft = toy_draft(name, {"name": "tin", "w_mg": 5})
    draft.add(
        "release",
        {"scope": "XA", "prepared_by": preparer, "prepared_at": "2026-03-01T12:00:00.000000Z"},
        content_digest=CONTENT,
        preparer_key=key.key,
        preparer_signature=signer.sign(released_bytes(CONTENT)).hex(),
    )
    return draft


def signed_books(url: str) -> tuple[Database, SteadyClock]:
    """Return books of eight acts: all but the first are signed; ONE signs for P-1 up to act 7."""
    database, clock = Database(url, REGISTRY), SteadyClock()
    open_journal(database, "XA", actor("P-1", None), clock=clock)
    renewal = key_line(Draft("key.register", "seven"), "P-1", NEW)
    for draft, person, key in (
        (key_line(Draft("key.register", "two"), "P-1", ONE), "P-1", ONE),
        (toy_draft("three", {"name": "a", "w_mg": 3}), "P-1", ONE),
        (key_line(Draft("key.register", "four"), "P-2", TWO), "P-1", ONE),
        (toy_draft("five", {"name": "b", "w_mg": 5, "agreement": "XA/1"}), "P-2", TWO),
        (release_draft("six", "P-1", ONE, ONE), "P-2", TWO),
        (key_line(renewal, "P-1", ONE, "revoked"), "P-1", ONE),
        (toy_draft("eight", {"name": "c", "w_mg": 8}), "P-1", NEW),
    ):
        post(database, draft, actor(person, key), clock=clock)
    return database, clock


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("signed") / "books.sqlite"
    database, _ = signed_books(str(path))
    database.evidence.folder.mkdir(exist_ok=True)
    database.close()
    return path


@pytest.fixture
def books(base: Path, tmp_path: Path) -> Path:
    return copied(base, tmp_path)


@pytest.fixture
def finds(capsys: Any, monkeypatch: Any) -> Any:
    """Return what checks that both verifiers find a problem, and first of all in one act."""

    def check(path: Path, act_id: int | None, code: str) -> None:
        database = Database(path, REGISTRY)
        found = verify(database)
        database.close()
        assert found.first_wrong_act == act_id, found.problems
        first = [p.code for p in found.problems if p.act_id == act_id or code.startswith("PROJ")]
        assert code in first, found.problems
        status, words = script_finds(capsys, monkeypatch, path)
        named = "No act can be named." if act_id is None else f"The first wrong act is {act_id}."
        assert (status, words.splitlines()[-1]) == (1, named), words

    return check


def test_signed_books_are_sound(database_url: str, capsys: Any, monkeypatch: Any) -> None:
    database, _ = signed_books(database_url)
    found = verify(database)
    database.close()
    assert (found.problems, found.acts, found.signatures) == ((), 8, 7)
    if database.path is not None:
        status, words = script_finds(capsys, monkeypatch, database.path)
        assert (status, words[:34]) == (0, "Sound: 8 acts, 7 of them signed, t"), words


OF_ACT = "(SELECT {} FROM signature WHERE act_id = {})"
TAMPERING = {
    "removed": (5, "SIGNATURE-MISSING", "DELETE FROM signature WHERE act_id = 5"),
    "all removed": (3, "SIGNATURE-MISSING", "DELETE FROM signature"),
    "of another act": (
        4,
        "SIGNATURE-WRONG",
        f"UPDATE signature SET signature = {OF_ACT.format('signature', 3)} WHERE act_id = 4",
    ),
    "of no form": (8, "SIGNATURE-WRONG", "UPDATE signature SET signature = 'x' WHERE act_id = 8"),
    "key of another person": (
        3,
        "SIGNATURE-KEY-UNKNOWN",
        f"UPDATE signature SET key = {OF_ACT.format('key', 5)} WHERE act_id = 3",
    ),
    "key that came later": (
        3,
        "SIGNATURE-KEY-UNKNOWN",
        f"UPDATE signature SET key = {OF_ACT.format('key', 8)} WHERE act_id = 3",
    ),
    "revoked key": (
        8,
        "SIGNATURE-KEY-UNKNOWN",
        f"UPDATE signature SET key = {OF_ACT.format('key', 7)}, signature = 'REVOKED' "
        "WHERE act_id = 8",
    ),
    "another person": (
        3,
        "SIGNATURE-OF-ANOTHER",
        "UPDATE signature SET person = 'P-2' WHERE act_id = 3",
    ),
    "of no act": (
        99,
        "SIGNATURE-OF-NO-ACT",
        "INSERT INTO signature SELECT 99, person, key, signature FROM signature WHERE act_id = 8",
    ),
}


def with_revoked(statement: str, digest: str) -> str:
    return statement.replace("REVOKED", ONE.sign(signed_bytes(digest)).hex())


@pytest.mark.parametrize(("act_id", "code", "statement"), TAMPERING.values(), ids=list(TAMPERING))
def test_tampering(books: Path, finds: Any, act_id: int, code: str, statement: str) -> None:
    with unguarded(books) as connection:
        (digest,) = connection.execute("SELECT digest FROM act WHERE act_id = 8").fetchone()
        connection.execute(with_revoked(statement, digest))
    finds(books, act_id, code)


@pytest.fixture(scope="module")
def postgres_books() -> Iterator[Database]:
    import postgres

    with postgres.fresh_database() as url:
        database, _ = signed_books(url)
        yield database
        database.close()


def found_after(database: Database, monkeypatch: Any, *statements: str) -> Verification:
    """Verify inside a transaction that changes the books and is then rolled back."""

    @contextmanager
    def same_connection() -> Iterator[Connection]:
        yield connection

    with database.engine.connect() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)
        monkeypatch.setattr(database, "reading", same_connection)
        found = verify(database)
        monkeypatch.undo()
        connection.rollback()
    return found


@pytest.mark.postgres
@pytest.mark.parametrize(("act_id", "code", "statement"), TAMPERING.values(), ids=list(TAMPERING))
def test_tampering_on_postgres(
    postgres_books: Database, monkeypatch: Any, act_id: int, code: str, statement: str
) -> None:
    with postgres_books.reading() as connection:
        query = "SELECT digest FROM act WHERE act_id = 8"
        digest = connection.exec_driver_sql(query).scalar_one()
    off, on = ("SET LOCAL session_replication_role = " + role for role in ("replica", "origin"))
    changed = with_revoked(statement, digest)
    found = found_after(postgres_books, monkeypatch, off, changed, on)
    assert (found.first_wrong_act, found.problems[0].code) == (act_id, code), found.problems
    assert verify(postgres_books).sound


@pytest.mark.postgres
def test_missing_guard_on_postgres(postgres_books: Database, monkeypatch: Any) -> None:
    dropped = "DROP TRIGGER signature_new_act ON signature"
    found = found_after(postgres_books, monkeypatch, dropped)
    assert [p.code for p in found.problems] == ["GUARD-MISSING"]


@pytest.mark.parametrize("suffix", ["no_update", "no_delete", "new_act"])
def test_missing_guard(books: Path, finds: Any, suffix: str) -> None:
    connection = sqlite3.connect(books)
    connection.execute(f"DROP TRIGGER signature_{suffix}")
    connection.close()
    finds(books, None, "GUARD-MISSING")


def test_signatures_convict_a_rewritten_chain(books: Path, finds: Any) -> None:
    """Who computes the chain anew would need the keys of everybody who signed."""
    with unguarded(books) as connection:
        connection.execute("UPDATE act SET reason = 'another' WHERE act_id = 1")
        rewrite_chain(connection)
    finds(books, 2, "SIGNATURE-WRONG")


def test_table_that_is_gone(books: Path, finds: Any) -> None:
    with unguarded(books) as connection:
        connection.execute("DROP TABLE signature")
    finds(books, None, "TABLE-MISSING")


def test_books_that_are_older_than_signatures(books: Path) -> None:
    with unguarded(books) as connection:
        connection.execute("DROP TABLE signature")
        connection.execute("UPDATE schema_version SET version_num = '0003'")
    database = Database(books, REGISTRY)
    found = verify(database)
    database.close()
    assert (found.problems, found.signatures) == ((), 0)


@pytest.mark.parametrize(
    ("person", "key", "code"),
    [
        ("P-1", None, "SIGNATURE-MISSING"),
        ("P-2", None, "SIGNATURE-MISSING"),
        ("P-1", ONE, "SIGNATURE-KEY-UNKNOWN"),
        ("P-1", TWO, "SIGNATURE-KEY-UNKNOWN"),
        ("P-3", SigningKey.from_secret(b"3" * 32), "SIGNATURE-KEY-UNKNOWN"),
    ],
    ids=["no key", "the other's turn", "revoked", "another's", "a stranger's"],
)
def test_act_without_a_key_in_force(
    tmp_path: Path, finds: Any, person: str, key: SigningKey | None, code: str
) -> None:
    path = tmp_path / "books.sqlite"
    database, clock = signed_books(str(path))
    post(database, toy_draft("nine", {"name": "d"}), actor(person, key), clock=clock)
    database.close()
    finds(path, 9, code)


def test_strangers_are_silent_until_somebody_is_admitted(tmp_path: Path, finds: Any) -> None:
    path = tmp_path / "books.sqlite"
    database, clock = signed_books(str(path))
    stranger = actor("P-3", None)
    post(database, toy_draft("nine", {"name": "d"}), stranger, clock=clock)
    assert verify(database).sound
    draft = Draft("person.admit", "ten")
    draft.add("person_state", scope="XA", person="P-2", state="admitted")
    post(database, draft, actor("P-2", TWO), clock=clock)
    assert verify(database).sound
    post(database, toy_draft("eleven", {"name": "e"}), stranger, clock=clock)
    database.close()
    finds(path, 11, "SIGNATURE-MISSING")


def test_a_new_key_does_not_vouch_for_itself(tmp_path: Path, finds: Any) -> None:
    path = tmp_path / "books.sqlite"
    database, clock = signed_books(str(path))
    draft = key_line(Draft("key.register", "nine"), "P-1", ONE)
    post(database, draft, actor("P-1", ONE), clock=clock)
    database.close()
    finds(path, 9, "SIGNATURE-KEY-UNKNOWN")


def test_nobody_registers_a_key_for_another(tmp_path: Path, finds: Any) -> None:
    path = tmp_path / "books.sqlite"
    database, clock = signed_books(str(path))
    draft = key_line(Draft("person.admit", "nine"), "P-3", ONE)
    draft.add("person_state", scope="XA", person="P-1", state="admitted")
    post(database, draft, actor("P-1", NEW), clock=clock)
    post(database, toy_draft("ten", {"name": "d"}), actor("P-3", ONE), clock=clock)
    assert verify(database).sound  # the act that admits the first people may bring all their keys
    draft = key_line(Draft("key.register", "eleven"), "P-2", ONE)
    post(database, draft, actor("P-1", NEW), clock=clock)
    assert verify(database).sound
    post(database, toy_draft("twelve", {"name": "e"}), actor("P-2", ONE), clock=clock)
    database.close()
    finds(path, 12, "SIGNATURE-KEY-UNKNOWN")


@pytest.mark.parametrize(
    ("preparer", "key", "signer", "code"),
    [
        ("P-2", TWO, TWO, "RELEASE-BY-PREPARER"),
        ("P-1", NEW, TWO, "RELEASE-WRONG"),
        ("P-1", ONE, ONE, "RELEASE-WRONG"),
        ("P-1", TWO, TWO, "RELEASE-WRONG"),
    ],
    ids=["one person", "wrong signature", "revoked key", "the releaser's key"],
)
def test_release(
    tmp_path: Path, finds: Any, preparer: str, key: SigningKey, signer: SigningKey, code: str
) -> None:
    path = tmp_path / "books.sqlite"
    database, clock = signed_books(str(path))
    post(database, release_draft("nine", "P-1", NEW, NEW), actor("P-2", TWO), clock=clock)
    assert verify(database).sound
    wrong = release_draft("ten", preparer, key, signer)
    post(database, wrong, actor("P-2", TWO), clock=clock)
    database.close()
    finds(path, 10, code)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE act_scope SET scope = 'XB' WHERE act_id = 3",
        "UPDATE act_scope SET agreement = '' WHERE act_id = 5",
        "UPDATE act_scope SET through_act = 2 WHERE act_id = 5",
        "INSERT INTO act_scope VALUES (3, 'toys', 'XA', '', 'C', 3)",
        "DELETE FROM act_scope WHERE act_id = 8",
        "DELETE FROM act_scope",
    ],
)
def test_whose_lines_an_act_has(books: Path, finds: Any, statement: str) -> None:
    with sqlite3.connect(books) as connection:
        connection.execute(statement)
    connection.close()
    finds(books, None, "PROJECTION-DIFFERS")


# --- proofs and commands -------------------------------------------------------------------------


def test_a_proof_shows_who_signed(
    base: Path, tmp_path: Path, capsys: Any, monkeypatch: Any
) -> None:
    database = Database(base, REGISTRY)
    with database.reading() as connection:
        proof = prove(connection, database.metadata, 5, 1)
        unsigned = prove(connection, database.metadata, 1, 1)
    database.close()
    assert (unsigned["signatures"], signers(unsigned)) == ([], [])
    assert [s["key"] for s in proof["signatures"]] == [TWO.key]
    assert TWO.key in signers(proof)[0]

    def script(proof: dict[str, Any]) -> tuple[int, str]:
        (tmp_path / "proof.json").write_text(json.dumps(proof))
        return script_finds(capsys, monkeypatch, "--proof", tmp_path / "proof.json")

    assert proof_problems(proof) == []
    status, words = script(proof)
    assert status == 0
    assert f"signed by P-2 with the key {TWO.key}. That this key is theirs you must know" in words
    other = ONE.sign(signed_bytes(proof["act"]["digest"])).hex()
    for name, value in (
        *(("person", "P-1"), ("key", ONE.key), ("signature", other), ("signature", "")),
        *(("person", None), ("key", None), ("signature", 5)),
    ):
        forged = copy.deepcopy(proof)
        forged["signatures"][0][name] = value
        assert proof_problems(forged), name
        assert script(forged)[0] == 1, name
    for damaged in ([{}], [5], 5, {"person": "P-2"}):
        forged = {**proof, "signatures": damaged}
        assert proof_problems(forged), damaged
        assert script(forged)[0] == 1, damaged


def test_commands_say_who_signed(tmp_path: Path) -> None:
    place = tmp_path / "books.sqlite"
    made = keiryo.init(place, "XA", person="P-1")

    def run(*words: object) -> str:
        result = CliRunner().invoke(app, [*map(str, words)], env={"KEIRYO_DB": str(place)})
        assert result.exit_code == 0, result.output
        return result.output

    assert run("verify").startswith("Sound: 1 acts, 1 lines")
    draft = key_line(Draft("person.admit", "two"), "P-1", ONE)
    draft.add("person_state", scope="XA", person="P-1", state="admitted")
    post(made.database, draft, actor("P-1", ONE))
    made.database.close()
    assert run("verify").startswith("Sound: 2 acts (1 signed), 3 lines")
    assert json.loads(run("verify", "--format", "json"))["signatures"] == 1
    run("journal", "prove", 2, 1, "--out", tmp_path / "proof.json")
    words = " ".join(run("journal", "check-proof", tmp_path / "proof.json").split())
    assert f"The proof holds. Act 2 is signed by P-1 with the key {ONE.key}." in words
