"""Configurations: ours all work, a bad one is refused with every fault named, an update takes effect at once."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

import wire
from harness import process, setup
from harness.envoy import Envoy
from harness.paths import ENVOY_DIR
from harness.process import ProcessError
from harness.servers import Server
from policies import GATE, limit, plugin

ELSEWHERE = ["envoy-global-limits.yaml", "envoy-native-limits.yaml"]
"""Their limits are not Toolgate's alone: test_global_limits.py and test_native_limits.py run them."""
CONFIGS = ["envoy.yaml", "envoy-struct.yaml", "envoy-no-hold.yaml", "envoy-ecds.yaml"]
NOON = "2026-01-05T12:00:00Z"


def outcome(port: int, body: bytes, *fields: bytes) -> bool | str:
    """Whether the call was allowed; for what is not a tool's result, its text."""
    answer = wire.ask(port, wire.post(body, *fields))
    try:
        return not answer.json()["result"]["isError"]
    except (KeyError, ValueError):
        return answer.body.decode()


def test_every_configuration_file_is_tested() -> None:
    assert sorted(file.name for file in ENVOY_DIR.glob("envoy*.yaml")) == sorted([*CONFIGS, *ELSEWHERE])


@pytest.mark.parametrize("config", CONFIGS)
def test_a_shipped_configuration_enforces_the_policy_in_it(start, clock, upstream: Server, config: str) -> None:
    envoy = start(config=config, upstream=upstream.address, clock_file=clock(NOON))
    job = wire.call("claim_job", {"job_id": "j-1"})
    assert [outcome(envoy.port, job) for _ in range(11)] == [True] * 10 + [False]
    assert outcome(envoy.port, wire.call("delete_workspace")) is False
    clock("2026-01-05T12:01:00Z")
    assert outcome(envoy.port, job) is True
    assert upstream.ran() == {"claim_job": 11}


@pytest.mark.parametrize("config", [*CONFIGS, *ELSEWHERE])
def test_envoy_finds_nothing_deprecated_or_unknown(module: Path, tmp_path: Path, config: str) -> None:
    from harness import bootstrap

    written = bootstrap.write(config, tmp_path, module=module, upstream=("127.0.0.1", 9), records=tmp_path / "records")
    said = process.run([setup.envoy_binary(), "--mode", "validate", "-c", written.path, "--use-dynamic-base-id"], limit=60)
    assert "OK" in said
    assert "deprecated" not in said.lower() and "unknown field" not in said.lower(), said


BAD: dict[str, tuple[dict[str, Any] | str, list[str]]] = {
    "not JSON": ("policy: yes", []),
    "empty": ("", []),
    "an unknown key": ({"server": "t", "polcy": {"version": "1", "default": "deny"}}, ["polcy", "policy"]),
    "an unknown key in the policy": (plugin({"default": "deny", "defualt": "allow"}), ["defualt", "default"]),
    "a wrong posture": (plugin({"default": "perhaps"}), ["perhaps"]),
    "a wrong version": ({"server": "t", "policy": {"version": "7", "default": "deny"}}, ["version", "7"]),
    "a duplicate key": ('{"server":"t","policy":{"version":"1","default":"deny","default":"allow"}}', ["default"]),
    "a bad regex": (plugin({"default": "allow", "tools": {"t": {"deny_if": [{"conditions": [{"path": "args.a", "op": "regex", "value": "("}], "on_deny": "no"}]}}}), ["/tools/t/deny_if/0"]),
    "several faults": (
        {
            "server": "t",
            "hold_haeders": True,
            "policy": {
                "version": "1",
                "default": "maybe",
                "tools": {
                    "a": {"limits": [{"counter": "c", "window": "fortnight", "max": 0, "scope": "planet"}]},
                    "b": {"require": [{"conditions": [{"path": "args.x", "op": "gretaer", "value": 1}], "on_deny": "no"}]},
                },
            },
        },
        ["hold_haeders", "maybe", "fortnight", "max", "planet", "gretaer"],
    ),
}


@pytest.mark.parametrize(("bad", "named"), BAD.values(), ids=BAD.keys())
def test_a_bad_configuration_keeps_envoy_from_starting(module: Path, upstream: Server, tmp_path: Path, bad: Any, named: list[str]) -> None:
    with pytest.raises(ProcessError, match="ended with exit code"):
        Envoy(module=module, upstream=upstream.address, plugin=bad, folder=tmp_path / "envoy")
    log = (tmp_path / "envoy" / "envoy.log").read_text()
    said = "\n".join(line for line in log.splitlines() if "wasm log" in line)
    assert said, f"the module said nothing:\n{log}"
    for word in named:
        assert word in said, f"the log does not name `{word}`:\n{said}"


def test_a_bad_update_keeps_the_old_policy(start, upstream: Server) -> None:
    envoy = start(config="envoy-ecds.yaml", upstream=upstream.address, plugin=plugin(GATE))
    for bad, named in BAD.values():
        already = len(envoy.log())
        envoy.update(bad)
        said = envoy.log()[already:]
        for word in named:
            assert word in said, f"the log does not name `{word}`:\n{said}"
        assert outcome(envoy.port, wire.call("open_tool")) is True
        assert outcome(envoy.port, wire.call("other_tool")) is False


def test_an_update_takes_effect_on_the_next_request_of_an_open_connection(start, upstream: Server) -> None:
    envoy = start(config="envoy-ecds.yaml", upstream=upstream.address, plugin=plugin(GATE))
    with wire.Connection(envoy.port) as connection:

        def allowed(tool: str) -> bool:
            return not connection.ask(wire.post(wire.call(tool))).json()["result"]["isError"]

        for _ in range(5):
            envoy.update(plugin({"default": "deny", "tools": {"other_tool": {}}}))
            assert (allowed("open_tool"), allowed("other_tool")) == (False, True)
            envoy.update(plugin(GATE))
            assert (allowed("open_tool"), allowed("other_tool")) == (True, False)


def test_an_update_keeps_the_counters(start, clock, upstream: Server) -> None:
    envoy = start(config="envoy-ecds.yaml", upstream=upstream.address, clock_file=clock(NOON), plugin=plugin(limit(10)))
    body = wire.call("open_tool")
    assert [outcome(envoy.port, body) for _ in range(6)] == [True] * 6
    envoy.update(plugin(limit(8)))
    assert [outcome(envoy.port, body) for _ in range(4)] == [True, True, False, False]
    envoy.update(plugin(limit(9)))
    assert [outcome(envoy.port, body) for _ in range(2)] == [True, False]


def test_a_refused_update_is_whole(start, upstream: Server) -> None:
    """The good half of a bad update must not take effect."""
    envoy = start(config="envoy-ecds.yaml", upstream=upstream.address, plugin=plugin(GATE))
    envoy.update(plugin({"default": "allow", "tools": {"open_tool": {"limits": [{"counter": "c", "window": "aeon", "max": 1, "scope": "grant"}]}}}))
    assert outcome(envoy.port, wire.call("other_tool")) is False


def test_a_caller_without_policy_is_denied(start, upstream: Server) -> None:
    token = "correct-horse"
    grants = {
        "server": "t",
        "policies": {"gate": {"version": "1", **GATE}},
        "grants": {"alice": {"token_sha256": hashlib.sha256(token.encode()).hexdigest(), "policy": "gate"}},
        "identity": [{"bearer": True}],
    }
    envoy = start(upstream=upstream.address, plugin=grants)
    assert outcome(envoy.port, wire.call("open_tool")) is False
    assert envoy.records(1)[0]["rule"] == "(no policy)"
    assert outcome(envoy.port, wire.call("open_tool"), b"authorization: Bearer wrong") is False
    assert outcome(envoy.port, wire.call("open_tool"), b"authorization: Bearer " + token.encode()) is True
    assert outcome(envoy.port, wire.call("other_tool"), b"authorization: Bearer " + token.encode()) is False


def test_a_configuration_that_lets_nobody_in_is_refused(module: Path, upstream: Server, tmp_path: Path) -> None:
    with pytest.raises(ProcessError, match="`policy` is missing"):
        Envoy(module=module, upstream=upstream.address, plugin={"server": "t"}, folder=tmp_path / "envoy")


def test_a_struct_means_what_the_string_means(start, upstream: Server) -> None:
    policy = {
        "default": "deny",
        "tools": {"open_tool": {"require": [{"conditions": [{"path": "args.n", "op": "lte", "value": 2147483647}], "on_deny": "too much"}]}},
    }
    for config in ("envoy.yaml", "envoy-struct.yaml"):
        envoy = start(config=config, upstream=upstream.address, plugin=plugin(policy))
        for number, allowed in ((1, True), (2147483647, True), (2147483648, False)):
            assert outcome(envoy.port, wire.call("open_tool", {"n": number})) is allowed, f"{config}: {number}"


def test_a_struct_that_cannot_have_kept_a_number_is_refused(module: Path, upstream: Server, tmp_path: Path) -> None:
    """Envoy's YAML reader makes strings of integers beyond 32 bits; JSON's may round beyond 2^53."""
    policy = {"default": "deny", "tools": {"t": {"require": [{"conditions": [{"path": "args.n", "op": "lte", "value": 2147483648}], "on_deny": "no"}]}}}
    with pytest.raises(ProcessError, match="ended with exit code"):
        Envoy(config="envoy-struct.yaml", module=module, upstream=upstream.address, plugin=plugin(policy), folder=tmp_path / "envoy")
    assert "/policy/tools/t/require/0/conditions/0/value: expected a number, found a string" in (tmp_path / "envoy" / "envoy.log").read_text()


def test_every_decision_leaves_a_record(start, upstream: Server) -> None:
    envoy = start(upstream=upstream.address, plugin=plugin(GATE))
    for body in (wire.call("open_tool"), wire.call("other_tool"), b"{"):
        wire.ask(envoy.port, wire.post(body))
    allowed, denied, refused = envoy.records(3)
    assert (allowed["v"], allowed["outcome"], allowed["method"], allowed["tool"]) == (1, "allow", "tools/call", "open_tool")
    assert (denied["outcome"], denied["tool"], denied["rule"]) == ("deny", "other_tool", "(default deny)")
    assert denied["message"] == 'Tool "other_tool" is not permitted by policy'
    assert refused["outcome"] == "reject"


def test_records_hold_one_json_object_a_line_whatever_the_caller_sends(start, upstream: Server) -> None:
    envoy = start(upstream=upstream.address, plugin=plugin({"default": "allow"}))
    for name in ('a"b', "a\nb", "a\\", "a\x1b[31mb", "\u2028", "a" * 1000):
        wire.ask(envoy.port, wire.post(wire.call(name)))
    assert len(envoy.records(6)) == 6
    assert all(json.dumps(entry) for entry in envoy.records())
