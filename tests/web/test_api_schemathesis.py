"""The API against its own description: whatever is sent, no server error and nothing undocumented.

Schemathesis makes requests from the OpenAPI document, sound ones and wrong ones, against a served
site; once as an officer whose program may write, once as an accountant whose program may read.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from keiryo.errors import Finding, Severity
from keiryo.journal.model import Draft
from keiryo.journal.posting import post
from keiryo.journal.tables import finding_values
from keiryo.web.rate import RateLimits
from web.api_client import program, token_of
from web.site import Site, copy_of, demonstration_books, make_site, serving

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    negative_data_rejection,
]
OPENAPI = "/api/v1/schema/openapi.json"
POSTS_NOTHING = ("/check", "/prepare", "/correction-plan", "/what-if", "/study")
"""Ends of paths of what is only asked, with too much to ask for an address."""
QUICK = settings(
    max_examples=3,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
LONG = settings(QUICK, max_examples=300, derandomize=False)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Site, str]]:
    """Return a site and the address at which it is served."""
    folder: Path = tmp_path_factory.mktemp("schemathesis")
    site = make_site(copy_of(demonstration_books(), folder))
    site.app.state.server.rates = RateLimits(10**9, 10**9)
    draft = Draft("finding.record", "question")
    finding = Finding("TEST-ASKED", Severity.INCONSISTENCY, "a question", mba="XAFA")
    draft.add("finding", finding_values(finding, "XA/XAF-/XAFA"))
    post(site.database, draft, site.actor("officer"))
    with serving(site) as address:
        yield site, address
    site.database.close()


def violations(served: tuple[Site, str], how: settings, name: str, *abilities: str) -> list[str]:
    """Return what went wrong, after sound and wrong requests of every operation."""
    site, address = served
    headers = {"Authorization": f"Bearer {token_of(site, name, *abilities)}"}
    document = requests.get(f"{address}{OPENAPI}", headers=headers, timeout=30).json()
    return violated(document, address, how, headers)


def violated(
    document: dict[str, Any], address: str, how: settings, headers: dict[str, str]
) -> list[str]:
    """Return what went wrong with the operations of a description."""
    schema = schemathesis.openapi.from_dict(document)
    schema.config.update(base_url=address)
    found = []
    for one in schema.get_all_operations():
        operation = one.ok()
        for mode in GenerationMode:
            with suppress(Unsatisfiable):  # nothing wrong can be sent where nothing is asked
                try:
                    _asked(operation, mode, how, headers)
                except (FailureGroup, Failure) as failure:
                    found.append(f"{operation.label} ({mode.value}): {failure}")
    return found


def _asked(operation: Any, mode: GenerationMode, how: settings, headers: dict[str, str]) -> None:
    @how
    @given(operation.as_strategy(generation_mode=mode))
    def ask(case: Any) -> None:
        case.call_and_validate(headers=headers, checks=CHECKS)

    ask()


def test_as_officer(served: tuple[Site, str]) -> None:
    assert violations(served, QUICK, "officer", "read", "write") == []


def test_as_accountant(served: tuple[Site, str]) -> None:
    few = settings(QUICK, max_examples=1)
    assert violations(served, few, "accountant", "read") == []


@pytest.mark.soak
def test_as_officer_for_long(served: tuple[Site, str]) -> None:
    assert violations(served, LONG, "officer", "read", "write") == []


@pytest.mark.soak
def test_as_accountant_for_long(served: tuple[Site, str]) -> None:
    assert violations(served, LONG, "accountant", "read") == []


def test_the_description(site: Site) -> None:
    """It is sound OpenAPI 3.1, of the API only, and says of each route what it may answer."""
    document = program(site, "officer").get("/schema/openapi.json").json()
    schemathesis.openapi.from_dict(document).validate()
    assert document["openapi"].startswith("3.1")
    assert document["paths"] and all(path.startswith("/api/v1/") for path in document["paths"])
    names = []
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            place = f"{method} {path}"
            names.append(operation["operationId"])
            assert operation["description"] and operation["tags"], place
            statuses = set(operation["responses"])
            assert {"401", "403", "404", "429", "503"} <= statuses, place
            if method == "get":
                assert {"200", "304", "400"} <= statuses, place
            if method == "post":
                assert {"400", "409", "412", "413", "415", "422", "428"} <= statuses, place
            given = {parameter["name"] for parameter in operation.get("parameters", ())}
            if method == "get":
                assert "If-None-Match" in given, place
            if method == "post":
                assert "requestBody" in operation, place
                posts = not path.endswith(POSTS_NOTHING)
                assert not posts or {"Idempotency-Key", "If-Match"} <= given, place
            for parameter in operation.get("parameters", ()):
                assert parameter.get("description"), (place, parameter["name"])
            assert operation["security"][0] == {"token": []}, place
    assert len(names) == len(set(names))
    assert set(document["components"]["securitySchemes"]) == {"token", "session", "form"}
    for name, schema in document["components"]["schemas"].items():
        for field, described_field in schema["properties"].items():
            said = described_field.get("description") or "$ref" in described_field
            assert said or "allOf" in described_field, (name, field)


def test_no_page_shows_the_description(site: Site) -> None:
    """Nothing is loaded from elsewhere: there is the document and no page around it."""
    officer = program(site, "officer")
    for path in ("/schema", "/schema/swagger", "/schema/redoc", "/schema/scalar"):
        answer = officer.get(path)
        assert "://" not in answer.text.partition("{")[0], path
        assert "<script" not in answer.text, path
        assert answer.status_code == 404 or "json" in answer.headers["content-type"], path
