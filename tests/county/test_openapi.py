"""Everything that the OpenAPI document allows, and much that it does not, thrown at the service.

By devices with a right to call and by strangers. Whatever comes: an answer that the document names, and never a fault.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, given
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from sync.county.ledger import Ledger
from sync.county.limits import Limits
from sync.county.office import County
from sync.county.service import create_service
from sync.crypto import Signer
from sync.requests import Call, authorization
from sync.transports.frames import join_segments
from tests.conftest import Chain
from tests.county.served import admit
from tests.effort import examples

ENDLESS = Limits(device_burst=10**9, stranger_burst=10**9)
TOKEN = "a-token-for-this-test"
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
REAL = st.sets(st.sampled_from(["scope", "stream", "body"]))
TRIES = examples(20, deadline=None, suppress_health_check=list(HealthCheck))


class Place(NamedTuple):
    county: County
    chain: Chain
    app: Any


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    database = request.getfixturevalue("postgres").database() if request.param == "postgresql" else None
    url = database.__enter__() if database else None
    county, chain = County.init(tmp_path_factory.mktemp("place") / "county", "青禾县", url), Chain()
    admit(county, chain.device, chain.scope_key.scope)
    county.store.append(chain.scope_key.scope, chain(2))
    ledger = Ledger(county.engine, 100)
    app = create_service(
        county.store, county.server.id, county.server_paper, limits=ENDLESS, ledger=ledger, metrics_token=TOKEN
    )
    yield Place(county, chain, app)
    county.close()
    if database:
        database.__exit__(None, None, None)


def tried(place: Place, attempt: Callable[[Any, set[str], bool], None]) -> int:
    """Try every call, with what the document allows and with what it does not; returns how many calls there are."""
    document = schemathesis.openapi.from_asgi("/openapi.json", place.app)
    operations: list[Any] = [found.ok() for found in document.get_all_operations()]  # type: ignore[union-attr]
    for operation in operations:
        kinds = [operation.as_strategy(generation_mode=mode) for mode in GenerationMode if can_be(operation, mode)]
        TRIES(given(st.one_of(kinds), REAL, st.sampled_from([True, True, True, False]))(attempt))()
    return len(operations)


def can_be(operation: Any, mode: GenerationMode) -> bool:
    """A call that takes nothing cannot be called wrongly."""
    return mode is GenerationMode.POSITIVE or bool([*operation.iter_parameters(), *operation.body])


class Signed(requests.auth.AuthBase):
    """Proves a request by a device, whatever else it is."""

    def __init__(self, place: Place, signer: Signer) -> None:
        self._place = place
        self._signer = signer

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        body: Any = request.body or b""
        data = body.encode() if isinstance(body, str) else body
        # Pieces are proved by their address, which names the digest of what they make up.
        signed = b"" if request.method == "PUT" else data
        call = Call(self._place.county.server.id, request.method or "", request.path_url, signed)
        request.headers["Authorization"] = authorization(call, self._signer)
        return request


def make_real(case: Any, place: Place, wanted: set[str]) -> None:
    """Put what exists in place of what was made up."""
    scope = place.chain.scope_key.scope
    if "scope" in wanted and "scope" in (case.path_parameters or {}):
        case.path_parameters["scope"] = scope.hex()
    if "stream" in wanted and "stream" in (case.query or {}):
        case.query["stream"] = next(iter(place.county.store.overview(scope).vector)).hex()
    if "body" in wanted and case.method == "POST":
        case.body = join_segments(place.chain(2))


@pytest.mark.soak
def test_whoever_signs_gets_an_answer_that_is_documented(place: Place) -> None:
    def attempt(case: Any, real: set[str], member: bool) -> None:
        make_real(case, place, real)
        signer = place.chain.device if member else place.chain.stranger
        case.validate_response(case.call(auth=Signed(place, signer)), checks=CHECKS)

    assert tried(place, attempt) > 8


@pytest.mark.soak
def test_whoever_proves_nothing_gets_an_answer_that_is_documented(place: Place) -> None:
    def attempt(case: Any, real: set[str], token: bool) -> None:
        make_real(case, place, real)
        headers = {"Authorization": f"Bearer {TOKEN}"} if token else {}
        case.validate_response(case.call(headers=headers), checks=CHECKS)

    assert tried(place, attempt) > 8
