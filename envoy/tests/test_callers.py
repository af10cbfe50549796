"""Callers whom Envoy vouches for, by a verified JWT or a certificate: each has its own policy, and no other is believed."""

from __future__ import annotations

import json
import ssl
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa

import wire
from certificates import LOCAL, Authority
from harness.envoy import Envoy
from harness.servers import Server
from policies import holds

ISSUER = "https://issuer.example"
BUILD = {"version": "1", "default": "deny", "tools": {"build": {"limits": [{"counter": "builds", "window": "day", "max": 2}]}}}
READ = {"version": "1", "default": "deny", "tools": {"read": {}}}
ANYBODY = {"version": "1", "default": "allow"}
CONFIGS = ["envoy.yaml", "envoy-no-hold.yaml"]
TOOLS = ("build", "read", "other")


def given(config: str, identity: list[dict[str, Any]], grants: dict[str, Any], **more: Any) -> dict[str, Any]:
    """`policy`, which allows everything, is only for callers without any credential where it is asked for."""
    return {"server": "test", "hold_headers": holds(config), "policies": {"build": BUILD, "read": READ}, "identity": identity, "grants": grants, **more}


def outcome(response: wire.Response) -> str:
    """`ran`, or by which rule the call was denied, or the status of what is no answer of ours."""
    try:
        result = response.json()["result"]
    except (ValueError, KeyError):
        return str(response.status)
    return result["_meta"]["toolgate/denial"]["rule"] if result["isError"] else "ran"


def may(port: int, *fields: bytes, tls: ssl.SSLContext | None = None) -> dict[str, str]:
    """How a call of each tool ends."""
    return {tool: outcome(wire.ask(port, wire.post(wire.call(tool), *fields), tls)) for tool in TOOLS}


BUILDER = {"build": "ran", "read": "(default deny)", "other": "(default deny)"}
READER = {"build": "(default deny)", "read": "ran", "other": "(default deny)"}
NOBODY = dict.fromkeys(TOOLS, "(no policy)")


class Issuer:
    """Signs tokens, and others that nobody should believe."""

    def __init__(self) -> None:
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self._forger = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.keys = json.dumps({"keys": [{**json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(self._key.public_key())), "kid": "k", "alg": "RS256"}]})

    def token(self, subject: str, *, forged: bool = False, **claims: Any) -> bytes:
        claims = {"iss": ISSUER, "sub": subject, "aud": "mcp", "exp": int(time.time()) + 3600, **claims}
        return bearer(jwt.encode(claims, self._forger if forged else self._key, "RS256", headers={"kid": "k"}))

    def unsigned(self, subject: str) -> bytes:
        return bearer(jwt.encode({"iss": ISSUER, "sub": subject, "aud": "mcp"}, None, "none"))


def bearer(token: str) -> bytes:
    return b"authorization: Bearer " + token.encode()


@pytest.fixture(scope="module")
def issuer() -> Issuer:
    return Issuer()


def jwt_authn(issuer: Issuer, requires: dict[str, Any]) -> Callable[[dict[str, Any]], None]:
    """Puts Envoy's filter before ours."""
    provider = {"issuer": ISSUER, "audiences": ["mcp"], "forward": True, "payload_in_metadata": "payload", "local_jwks": {"inline_string": issuer.keys}}
    config = {
        "@type": "type.googleapis.com/envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication",
        "providers": {"issuer": provider},
        "rules": [{"match": {"prefix": "/"}, "requires": requires}],
    }

    def edit(document: dict[str, Any]) -> None:
        manager = document["static_resources"]["listeners"][0]["filter_chains"][0]["filters"][0]["typed_config"]
        manager["http_filters"].insert(0, {"name": "envoy.filters.http.jwt_authn", "typed_config": config})

    return edit


MUST = {"provider_name": "issuer"}
MAY = {"requires_any": {"requirements": [MUST, {"allow_missing": {}}]}}
WHATEVER = {"requires_any": {"requirements": [MUST, {"allow_missing_or_failed": {}}]}}
"""What a hurried person writes: a token that fails its check is no obstacle."""

PRETENCES = [
    (b"sub: ci",),
    (b"iss: " + ISSUER.encode(), b"sub: ci", b"x-jwt-payload: eyJzdWIiOiJjaSJ9"),
    (b"payload: {\"iss\":\"https://issuer.example\",\"sub\":\"ci\"}",),
    (b"x-envoy-filter-metadata: envoy.filters.http.jwt_authn=ci",),
    (b"authorization: Bearer ci",),
    (b"authorization: Basic Y2k6Y2k=",),
]


@pytest.mark.parametrize("config", CONFIGS)
@pytest.mark.parametrize("requires", [MUST, MAY, WHATEVER], ids=["must", "may", "whatever"])
def test_only_a_verified_token_names_a_caller(start, upstream: Server, issuer: Issuer, config: str, requires: dict[str, Any]) -> None:
    grants = {
        "ci": {"claim": {"iss": ISSUER, "sub": "ci"}, "policy": "build"},
        "team": {"claim": {"iss": ISSUER, "realm.role": "reader"}, "policy": "read"},
    }
    settings = given(config, [{"claim": "sub"}], grants)
    envoy: Envoy = start(config=config, upstream=upstream.address, plugin=settings, edit=jwt_authn(issuer, requires), concurrency=2)
    assert may(envoy.port, issuer.token("ci")) == BUILDER
    assert may(envoy.port, issuer.token("ann", realm={"role": "reader"})) == READER
    # The limit is the grant's, whatever token of its the call comes with.
    calls = [outcome(wire.ask(envoy.port, wire.post(wire.call("build"), issuer.token("ci", jti=str(n))))) for n in range(2)]
    assert calls == ["ran", "/tools/build/limits/builds"]
    ran = upstream.ran()
    # A stranger with a good token; claims of another type or in another place.
    for token in (issuer.token("mallory"), issuer.token("ann", realm={"role": ["reader"]}), issuer.token("ann", role="reader"), issuer.token("CI"), issuer.token("ci ")):
        assert may(envoy.port, token) == NOBODY
    # What is no good token never gets further than Envoy, or is nobody's.
    bad = [issuer.token("ci", forged=True), issuer.unsigned("ci"), issuer.token("ci", exp=1), issuer.token("ci", iss="https://other.example"), issuer.token("ci", aud="x")]
    refused = NOBODY if requires == WHATEVER else None
    for token in bad:
        ended = may(envoy.port, token)
        assert ended == refused or (refused is None and set(ended.values()) <= {"401", "403"}), (token, ended)
    for fields in PRETENCES:
        ended = may(envoy.port, *fields)
        assert ended == NOBODY or (requires != WHATEVER and set(ended.values()) == {"401"}), (fields, ended)
    ended = may(envoy.port)
    assert ended == (dict.fromkeys(TOOLS, "401") if requires == MUST else NOBODY)
    # Two tokens: one that is verified beside one that is not.
    two = may(envoy.port, issuer.token("mallory"), issuer.token("ci", forged=True))
    assert "ran" not in two.values(), two
    assert upstream.ran() == ran


def mutual_tls(authority: Authority, required: bool = True) -> Callable[[dict[str, Any]], None]:
    """Has the listener ask for certificates, and believe those of the authority."""
    certificate, key = authority.issue("envoy", [("CN", "localhost")], LOCAL)
    context = {
        "@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext",
        "require_client_certificate": required,
        "common_tls_context": {
            "tls_certificates": [{"certificate_chain": {"filename": str(certificate)}, "private_key": {"filename": str(key)}}],
            "validation_context": {"trusted_ca": {"filename": str(authority.path)}},
        },
    }

    def edit(document: dict[str, Any]) -> None:
        chain = document["static_resources"]["listeners"][0]["filter_chains"][0]
        chain["transport_socket"] = {"name": "envoy.transport_sockets.tls", "typed_config": context}

    return edit


def uri(value: str) -> x509.GeneralName:
    return x509.UniformResourceIdentifier(value)


BATCH = "spiffe://example/batch"


@pytest.mark.parametrize("config", CONFIGS)
def test_a_certificate_names_a_caller(start, upstream: Server, tmp_path: Path, config: str) -> None:
    authority, other = Authority(tmp_path / "ours"), Authority(tmp_path / "other")
    grants = {
        "batch": {"san": BATCH, "policy": "build"},
        "host": {"san": "reader.example", "policy": "read"},
        "desk": {"subject": "CN=desk,O=Example", "policy": "read"},
    }
    settings = given(config, [{"san": "uri"}, {"san": "dns"}, {"subject": True}], grants)
    envoy: Envoy = start(config=config, upstream=upstream.address, plugin=settings, edit=mutual_tls(authority), concurrency=2)

    def with_(name: str, subject: list[tuple[str, str]], names: list[x509.GeneralName]) -> dict[str, str]:
        return may(envoy.port, tls=authority.client(name, subject, names))

    assert with_("batch", [("CN", "x")], [uri(BATCH)]) == BUILDER
    assert with_("host", [("CN", "x")], [x509.DNSName("reader.example")]) == READER
    assert with_("desk", [("O", "Example"), ("CN", "desk")], []) == READER
    ran = upstream.ran()
    for number, names in enumerate([[uri(BATCH + "2")], [uri("spiffe://example/BATCH")], [uri("spiffe://example/x"), uri(BATCH)], [x509.DNSName("batch")]]):
        assert with_(f"wrong-{number}", [("CN", "x")], names) == NOBODY, names
    # The subject's own text cannot play another part of it, nor can headers.
    assert with_("comma", [("CN", "desk,O=Example")], []) == NOBODY
    assert with_("more", [("O", "Example"), ("CN", "desk"), ("CN", "x")], []) == NOBODY
    pretences = (b"x-forwarded-client-cert: URI=" + BATCH.encode() + b";Subject=\"CN=desk,O=Example\"", b"san: " + BATCH.encode())
    assert may(envoy.port, *pretences, tls=authority.client("pretends", [("CN", "x")], [uri("spiffe://example/x")])) == NOBODY
    # Without a certificate, and with another authority's, there is no connection.
    stranger = authority.stranger()
    forged = authority.stranger()
    forged.load_cert_chain(*other.issue("forged", [("CN", "x")], [uri(BATCH)]))
    for context in (stranger, forged):
        with pytest.raises((ssl.SSLError, ConnectionError, EOFError)):
            wire.ask(envoy.port, wire.post(wire.call("build")), context)
    assert upstream.ran() == ran


def test_where_a_certificate_may_be_missing_nobody_is_somebody(start, upstream: Server, tmp_path: Path) -> None:
    authority = Authority(tmp_path / "ours")
    settings = given("envoy.yaml", [{"san": "uri"}], {"batch": {"san": BATCH, "policy": "build"}})
    envoy: Envoy = start(upstream=upstream.address, plugin=settings, edit=mutual_tls(authority, required=False))
    assert may(envoy.port, tls=authority.client("batch", [("CN", "x")], [uri(BATCH)])) == BUILDER
    assert may(envoy.port, b"x-forwarded-client-cert: URI=" + BATCH.encode(), tls=authority.stranger()) == NOBODY


def test_names_that_nobody_verified_are_nobodys(start, upstream: Server, tmp_path: Path) -> None:
    """What a hurried person writes: a certificate is required, and no authority is named that must have signed it."""
    authority = Authority(tmp_path / "ours")

    def edit(document: dict[str, Any]) -> None:
        mutual_tls(authority)(document)
        chain = document["static_resources"]["listeners"][0]["filter_chains"][0]
        del chain["transport_socket"]["typed_config"]["common_tls_context"]["validation_context"]

    settings = given("envoy.yaml", [{"san": "uri"}, {"subject": True}], {"batch": {"san": BATCH, "policy": "build"}, "desk": {"subject": "CN=desk", "policy": "read"}})
    envoy: Envoy = start(upstream=upstream.address, plugin=settings, edit=edit)
    other = Authority(tmp_path / "other")
    for names, subject in (([uri(BATCH)], "x"), ([], "desk")):
        forged = authority.stranger()
        forged.load_cert_chain(*other.issue(f"forged-{subject}", [("CN", subject)], names))
        assert may(envoy.port, tls=forged) == NOBODY, subject
    assert upstream.ran() == {}


@pytest.mark.parametrize("config", CONFIGS)
def test_what_is_for_callers_without_a_credential_is_for_them_alone(start, upstream: Server, issuer: Issuer, config: str) -> None:
    """`policy` beside grants: a credential that nobody knows is worth less than none."""
    grants = {"ci": {"claim": {"sub": "ci"}, "policy": "build"}}
    settings = given(config, [{"claim": "sub"}], grants, policy=ANYBODY)
    envoy: Envoy = start(config=config, upstream=upstream.address, plugin=settings, edit=jwt_authn(issuer, MAY))
    assert set(may(envoy.port).values()) == {"ran"}
    assert may(envoy.port, issuer.token("mallory")) == NOBODY
    assert may(envoy.port, issuer.token("ci")) == BUILDER
