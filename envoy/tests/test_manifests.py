"""The manifests for Istio and Envoy Gateway fit the published schemas, enforce the example's policy, and fail closed.

Needs PyYAML, node and npm. The schemas are npm packages, pinned by version and integrity in manifest_schemas/ and
installed into the checkout's .cache/; when they cannot be had, the tests fail. What a schema cannot tell, that a
gateway filters with these manifests, is not tested here.
"""

import copy
import hashlib
import json
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
SCHEMAS = Path(__file__).resolve().parent / "manifest_schemas"
ISTIO = ROOT / "envoy/istio/wasmplugin.yaml"
GATEWAY = ROOT / "envoy/gateway/envoyextensionpolicy.yaml"
KINDS = {
    ISTIO: ["WasmPlugin"],
    GATEWAY: ["EnvoyExtensionPolicy", "HTTPRoute", "Backend", "ClientTrafficPolicy"],
}

# The catalogue's rule for this server, as examples/workprotocol has it.
POLICY = {
    "version": "1",
    "default": "deny",
    "tools": {
        "claim_job": {
            "limits": [{"counter": "claim_job_rate", "window": "minute", "max": 10, "scope": "grant"}],
        },
    },
}
CONFIG_MEMBERS = {
    "server", "policy", "policies", "grants", "identity", "max_body_bytes", "hold_headers", "audit", "metrics", "global_limits",
}


class StrictLoader(yaml.SafeLoader):
    """YAML in which a duplicate key is an error, as it is to `kubectl apply` and is not to PyYAML."""

    def construct_mapping(self, node, deep=False):
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        assert len(keys) == len(set(keys)), f"duplicate key among {keys}{node.start_mark}"
        return super().construct_mapping(node, deep)


def load(path):
    return list(yaml.load_all(path.read_text(encoding="utf-8"), StrictLoader))


def by_kind(path):
    return {manifest["kind"]: manifest for manifest in load(path)}


def plugin_config(path):
    if path == ISTIO:
        return by_kind(path)["WasmPlugin"]["spec"]["pluginConfig"]
    (wasm,) = by_kind(path)["EnvoyExtensionPolicy"]["spec"]["wasm"]
    return wasm["config"]


@pytest.fixture(scope="session")
def schema_folder():
    """Where the schemas are installed: one folder for each content of manifest_schemas/, made whole or not at all."""
    sources = sorted(path for path in SCHEMAS.iterdir() if path.is_file())
    digest = hashlib.sha256(b"\0".join(path.read_bytes() for path in sources)).hexdigest()[:16]
    folder = ROOT / ".cache" / f"manifest-schemas-{digest}"
    if folder.is_dir():
        return folder
    folder.parent.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="manifest-schemas-", dir=folder.parent) as scratch:
        made = Path(scratch) / "made"
        made.mkdir()
        for path in sources:
            shutil.copy(path, made)
        install = subprocess.run(
            ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
            cwd=made, capture_output=True, text=True, timeout=300, check=False,
        )
        assert install.returncode == 0, f"the schemas could not be installed:\n{install.stderr}"
        try:
            os.rename(made, folder)
        except OSError:
            assert folder.is_dir(), f"could not create {folder}"  # else another run was quicker
    return folder


def check(schema_folder, manifests):
    """The errors of each manifest, by the published schemas."""
    ran = subprocess.run(
        ["node", "check.mjs"],
        cwd=schema_folder, input=json.dumps(manifests), capture_output=True, text=True, timeout=120, check=False,
    )
    assert ran.returncode == 0, ran.stderr
    errors = json.loads(ran.stdout)
    assert len(errors) == len(manifests)
    return errors


def test_the_manifests_fit_the_published_schemas(schema_folder):
    manifests = []
    for path, kinds in KINDS.items():
        found = load(path)
        assert [manifest["kind"] for manifest in found] == kinds
        manifests += found
    assert check(schema_folder, manifests) == [[] for _ in manifests]


ABSENT = object()
WASM = ("EnvoyExtensionPolicy", GATEWAY, ["spec", "wasm", 0])
# What is changed (kind, file, path to the object), the member and its new value, and a part of the error expected.
MUTANTS = {
    "istio: misspelt field": (("WasmPlugin", ISTIO, ["spec"]), "failStrategie", "FAIL_CLOSE", '"failStrategie"'),
    "istio: misspelt deep field": (("WasmPlugin", ISTIO, ["spec", "match", 0]), "mod", "CLIENT", '"mod"'),
    "istio: misspelt metadata": (("WasmPlugin", ISTIO, ["metadata"]), "namespaces", "mcp", '"namespaces"'),
    "istio: wrong enum": (("WasmPlugin", ISTIO, ["spec"]), "failStrategy", "FAIL_CLOSED", "FAIL_CLOSED"),
    "istio: wrong phase": (("WasmPlugin", ISTIO, ["spec"]), "phase", "AUTHORIZATION", "phase"),
    "istio: wrong digest": (("WasmPlugin", ISTIO, ["spec"]), "sha256", "sha256:00", "sha256"),
    "istio: wrong type": (("WasmPlugin", ISTIO, ["spec"]), "pluginConfig", "{}", "pluginConfig"),
    "istio: no url": (("WasmPlugin", ISTIO, ["spec"]), "url", ABSENT, "url"),
    "istio: wrong version": (("WasmPlugin", ISTIO, []), "apiVersion", "extensions.istio.io/v1", "no schema"),
    "gateway: misspelt field": (WASM, "failOpened", False, '"failOpened"'),
    "gateway: field it lacks": (WASM, "allowOnHeadersStopIteration", True, '"allowOnHeadersStopIteration"'),
    "gateway: wrong type": (WASM, "failOpen", "false", "failOpen"),
    "gateway: no code": (WASM, "code", ABSENT, "code"),
    "gateway: wrong enum": ((*WASM[:2], [*WASM[2], "code"]), "type", "OCI", "OCI"),
    "gateway: misspelt deep field": ((*WASM[:2], [*WASM[2], "code", "image"]), "sha265", "00", '"sha265"'),
    "gateway: misspelt target": (
        ("EnvoyExtensionPolicy", GATEWAY, ["spec", "targetRefs", 0]), "names", "workprotocol", '"names"'),
    "gateway: misspelt buffer": (
        ("ClientTrafficPolicy", GATEWAY, ["spec", "connection"]), "bufferLimits", "2Mi", '"bufferLimits"'),
    "gateway: misspelt endpoint": (
        ("Backend", GATEWAY, ["spec", "endpoints", 0, "fqdn"]), "host", "workprotocol", '"host"'),
    "gateway: wrong path type": (
        ("HTTPRoute", GATEWAY, ["spec", "rules", 0, "matches", 0, "path"]), "type", "Prefix", "Prefix"),
    "gateway: misspelt backend": (
        ("HTTPRoute", GATEWAY, ["spec", "rules", 0, "backendRefs", 0]), "ports", 8080, '"ports"'),
}


def mutated(target, member, value):
    kind, path, way = target
    manifest = copy.deepcopy(by_kind(path)[kind])
    place = manifest
    for step in way:
        place = place[step]
    if value is ABSENT:
        del place[member]
    else:
        place[member] = value
    return manifest


@pytest.fixture(scope="session")
def mutant_errors(schema_folder):
    manifests = [mutated(*mutant[:3]) for mutant in MUTANTS.values()]
    return dict(zip(MUTANTS, check(schema_folder, manifests), strict=True))


@pytest.mark.parametrize("mutant", MUTANTS)
def test_a_mutated_manifest_is_refused(mutant_errors, mutant):
    errors = mutant_errors[mutant]
    assert any(MUTANTS[mutant][3] in error for error in errors), errors


@pytest.mark.parametrize("path", KINDS, ids=lambda path: path.name)
def test_the_plugin_is_configured_with_the_example_policy(path):
    config = plugin_config(path)
    assert config["policy"] == POLICY
    assert config["server"] == "workprotocol"
    # Neither control plane can set allow_on_headers_stop_iteration, without which holding headers hangs.
    assert config["hold_headers"] is False
    assert set(config) <= CONFIG_MEMBERS
    example = ROOT / "examples/workprotocol/policy.json"
    if example.exists():
        assert json.loads(example.read_text(encoding="utf-8")) == POLICY


@pytest.mark.parametrize("path", KINDS, ids=lambda path: path.name)
def test_no_number_of_the_configuration_is_lost_on_the_way(path):
    def numbers(value):
        if isinstance(value, dict):
            return [number for member in value.values() for number in numbers(member)]
        if isinstance(value, list):
            return [number for member in value for number in numbers(member)]
        return [value] if isinstance(value, int | float) else []

    assert all(float(number) == number and abs(number) <= 2**53 for number in numbers(plugin_config(path)))


@pytest.mark.parametrize("path", KINDS, ids=lambda path: path.name)
def test_the_manifest_says_that_it_has_not_been_run(path):
    assert "not yet run on a cluster" in path.read_text(encoding="utf-8").lower()
    assert "not yet run on a cluster" in (path.parent / "README.md").read_text(encoding="utf-8").lower()


def test_istio_fails_closed_on_a_gateway():
    spec = by_kind(ISTIO)["WasmPlugin"]["spec"]
    assert spec["failStrategy"] in ("FAIL_CLOSE", "FAIL_RELOAD")
    assert spec["url"].startswith("oci://registry.example.com/")
    assert re.fullmatch("[0-9a-f]{64}", spec["sha256"])
    # A rule of the CRD in CEL: one or the other.
    assert ("targetRefs" in spec) != ("selector" in spec)
    # SERVER matches nothing on a gateway, and a list of ports leaves the others unfiltered.
    assert spec["match"] == [{"mode": "CLIENT"}]


def test_envoy_gateway_fails_closed_on_the_route_to_the_server():
    manifests = by_kind(GATEWAY)
    spec = manifests["EnvoyExtensionPolicy"]["spec"]
    (wasm,) = spec["wasm"]
    assert wasm["failOpen"] is False
    # The rules of the CRD in CEL: the member that `type` names is set, and no other.
    assert wasm["code"]["type"] == "Image"
    assert "http" not in wasm["code"]
    assert re.fullmatch("[0-9a-f]{64}", wasm["code"]["image"]["sha256"])

    route = manifests["HTTPRoute"]
    assert spec["targetRefs"] == [
        {"group": "gateway.networking.k8s.io", "kind": "HTTPRoute", "name": route["metadata"]["name"]},
    ]
    (rule,) = route["spec"]["rules"]
    assert [ref["name"] for ref in rule["backendRefs"]] == [manifests["Backend"]["metadata"]["name"]]
    gateways = route["spec"]["parentRefs"]
    assert manifests["ClientTrafficPolicy"]["spec"]["targetRefs"] == gateways
    assert {manifest["metadata"]["namespace"] for manifest in manifests.values()} == {"mcp"}


def test_envoy_gateway_buffers_more_than_the_filter_admits():
    spec = by_kind(GATEWAY)["ClientTrafficPolicy"]["spec"]
    limits = [spec["connection"]["bufferLimit"], *spec["http2"].values()]
    assert all(re.fullmatch("[0-9]+Mi", limit) for limit in limits), limits
    assert all(int(limit[:-2]) * 2**20 > plugin_config(GATEWAY)["max_body_bytes"] for limit in limits)
