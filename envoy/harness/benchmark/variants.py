"""The variants: the filters of each, what is sent through them, and what must come back."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import workload

WASM = "type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm"
FILTERS = "type.googleapis.com/envoy.extensions.filters.http"
JSON = "content-type: application/json"


@dataclass(frozen=True)
class Variant:
    name: str
    about: str
    filters: tuple[dict[str, Any], ...]
    log: str = "%REQ(:METHOD)% %REQ(:PATH)% %RESPONSE_CODE% %BYTES_RECEIVED% %DURATION%"
    """Its line in the access log; every variant writes one."""
    body: str = "call"
    """What is sent: `call`, `denied` or `list`."""
    header: str = JSON
    status: int = 2
    """The first digit of every answer's status."""
    sizes: tuple[int, ...] | None = None
    """The sizes that it is measured with; all when None."""


def every(module: Path, floor: Path) -> list[Variant]:
    """All of them, bare Envoy first."""
    record = "%FILTER_STATE(wasm.toolgate:PLAIN)%"

    def toolgate(policy: str) -> tuple[dict[str, Any], ...]:
        return (_wasm(f"toolgate-{policy}", module, workload.plugin(policy)),)

    return [
        Variant("bare", "Envoy with nothing but its router", ()),
        Variant("floor", "a Wasm filter that buffers the body and reads it, and does nothing with it", (_wasm("floor", floor, ""),)),
        Variant("toolgate allow-all", "Toolgate with a policy that allows everything: parsing, record and metrics", toolgate("allow-all"), record),
        Variant("toolgate name-only", "Toolgate with a list of tools", toolgate("name-only"), record),
        Variant("toolgate full", "Toolgate with argument rules, two limits and hidden tools", toolgate("full"), record),
        Variant("toolgate denied", "a call that Toolgate denies by its name", toolgate("full"), record, body="denied", sizes=(1000,)),
        Variant("toolgate refused", "a call that Toolgate refuses at its headers", toolgate("full"), record, header="content-type: text/plain", status=4, sizes=(1000,)),
        Variant("bare list", "tools/list through bare Envoy", (), body="list", sizes=(1000,)),
        Variant("toolgate list", "tools/list, three of four tools removed", toolgate("full"), record, body="list", sizes=(1000,)),
        Variant("native", "Envoy's mcp, rbac on the tool's name, and local_ratelimit", _native()),
        Variant("lua", "a Lua filter that looks for the tool's name with a pattern", (_lua(),)),
    ]


def with_tools(module: Path, tools: int) -> Variant:
    """Toolgate with a policy that lists so many tools, the called one among them."""
    listed = {f"tool_{number}": {} for number in range(tools - 1)} | {"create_refund": {}}
    plugin = json.dumps({"server": "shop", "policy": {"version": "1", "default": "deny", "tools": listed}})
    return Variant(f"toolgate {tools} tools", f"Toolgate with {tools} tools", (_wasm(f"tools-{tools}", module, plugin),))


def _wasm(name: str, module: Path, configuration: str) -> dict[str, Any]:
    config = {
        "name": name,
        "root_id": name,
        "vm_config": {"vm_id": name, "runtime": "envoy.wasm.runtime.v8", "code": {"local": {"filename": str(module)}}},
        "failure_policy": "FAIL_RELOAD",
        "allow_on_headers_stop_iteration": True,
        "configuration": {"@type": "type.googleapis.com/google.protobuf.StringValue", "value": configuration},
    }
    return {"name": name, "typed_config": {"@type": WASM, "config": config}}


def _native() -> tuple[dict[str, Any], ...]:
    """What Envoy itself offers: a list of tools and one limit, as near to `name-only` as it comes."""

    def named(tool: str) -> dict[str, Any]:
        path = [{"key": "params"}, {"key": "name"}]
        return {"metadata": {"filter": "envoy.filters.http.mcp", "path": path, "value": {"string_match": {"exact": tool}}}}

    tools = [named(tool) for tool in ("search_orders", "get_order", "create_refund", "list_customers")]
    policy = {"permissions": [{"any": True}], "principals": [{"or_ids": {"ids": tools}}]}
    bucket = {"max_tokens": 1_000_000_000, "tokens_per_fill": 1_000_000_000, "fill_interval": "60s"}
    all_of_them = {"default_value": {"numerator": 100, "denominator": "HUNDRED"}}
    limit = {"stat_prefix": "limit", "token_bucket": bucket, "filter_enabled": all_of_them, "filter_enforced": all_of_them}
    return (
        # 0 is no bound: the default of 8 KiB would leave larger bodies unread.
        {"name": "envoy.filters.http.mcp", "typed_config": {"@type": f"{FILTERS}.mcp.v3.Mcp", "traffic_mode": "REJECT_NO_MCP", "max_request_body_size": 0}},
        {"name": "envoy.filters.http.rbac", "typed_config": {"@type": f"{FILTERS}.rbac.v3.RBAC", "rules": {"action": "ALLOW", "policies": {"tools": policy}}}},
        {"name": "envoy.filters.http.local_ratelimit", "typed_config": {"@type": f"{FILTERS}.local_ratelimit.v3.LocalRateLimit", **limit}},
    )


def _lua() -> dict[str, Any]:
    code = {"inline_string": (workload.FOLDER / "name.lua").read_text()}
    return {"name": "envoy.filters.http.lua", "typed_config": {"@type": f"{FILTERS}.lua.v3.Lua", "default_source_code": code}}
