"""Reads one of our Envoy configurations and changes only what a test must: ports, paths, policy."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from .paths import ENVOY_DIR

ECDS_FILE = "ecds-toolgate.yaml"
HTTP2 = {
    "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
        "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
        "explicit_http_config": {"http2_protocol_options": {}},
    }
}


@dataclass(frozen=True)
class Bootstrap:
    """A configuration as written to disk."""

    path: Path
    listener: str
    """The name of the configuration's own listener."""
    listeners: int
    """How many listeners there are."""
    ecds: Path | None
    """The filter's own file, when the configuration reads one."""


@dataclass(frozen=True)
class Site:
    """One more listener of the same Envoy, with a server and a configuration of its own."""

    upstream: tuple[str, int]
    plugin: dict[str, Any] | str


def write(
    name: str,
    folder: Path,
    *,
    module: Path,
    upstream: tuple[str, int],
    records: Path,
    plugin: dict[str, Any] | str | None = None,
    listen: tuple[str, int] = ("127.0.0.1", 0),
    upstream_http2: bool = False,
    upstream_tls: bool = False,
    operators: dict[str, Any] | None = None,
    sites: Mapping[str, Site] | None = None,
    rate_limit: tuple[str, int] | None = None,
    edit: Callable[[dict[str, Any]], None] | None = None,
) -> Bootstrap:
    """Writes the configuration `name` (a file of envoy/) into `folder` with what differs here.

    Ports are 0, so that the system chooses. `plugin` is the plugin's configuration: an object, or the exact text to
    give Envoy; None keeps the one in the file. `operators` is the same for the operators' listener. The cluster becomes
    one endpoint at `upstream`. Each of `sites` is a listener of that name besides; not with a configuration that reads
    its filter from a file. `rate_limit` is the address of the cluster of that name, which comes from
    envoy-global-limits.yaml where the configuration has none. `edit` changes whatever else a test must, last.
    """
    document = yaml.safe_load((ENVOY_DIR / name).read_text())
    document["admin"]["address"]["socket_address"]["port_value"] = 0
    listener = document["static_resources"]["listeners"][0]
    listener["address"]["socket_address"].update(address=listen[0], port_value=listen[1])
    manager = listener["filter_chains"][0]["filters"][0]["typed_config"]
    manager["access_log"][0]["typed_config"]["path"] = str(records)
    cluster = document["static_resources"]["clusters"][0]
    endpoint = cluster["load_assignment"]["endpoints"][0]["lb_endpoints"][0]["endpoint"]
    endpoint["address"]["socket_address"].update(address=upstream[0], port_value=upstream[1])
    if upstream_http2:
        cluster["typed_extension_protocol_options"] = HTTP2
    if upstream_tls:
        _use_tls(document, cluster, upstream[0])

    folder.mkdir(parents=True, exist_ok=True)
    ecds = None
    toolgate = next(entry for entry in manager["http_filters"] if entry["name"] == "toolgate")
    if "config_discovery" in toolgate:
        source = toolgate["config_discovery"]["config_source"]["path_config_source"]
        ecds = folder / ECDS_FILE
        source["path"] = str(ecds)
        source["watched_directory"]["path"] = str(folder)
        write_ecds(ecds, module=module, plugin=plugin)
    else:
        _fill(toolgate["typed_config"]["config"], module, plugin)
    for extra in document["static_resources"]["listeners"][1:]:
        extra["address"]["socket_address"]["port_value"] = 0
        filters = extra["filter_chains"][0]["filters"][0]["typed_config"]["http_filters"]
        _fill(filters[0]["typed_config"]["config"], module, operators)
    for name_, site in (sites or {}).items():
        _add_site(document, name_, site, module)
    if rate_limit is not None:
        _use_rate_limit(document, rate_limit)
    if edit is not None:
        edit(document)
    path = folder / name
    path.write_text(yaml.safe_dump(document, sort_keys=False))
    return Bootstrap(path=path, listener=listener["name"], listeners=len(document["static_resources"]["listeners"]), ecds=ecds)


def _use_rate_limit(document: dict[str, Any], address: tuple[str, int]) -> None:
    """Points the cluster `rate_limit` there, and has one."""
    clusters = document["static_resources"]["clusters"]
    if not any(cluster["name"] == "rate_limit" for cluster in clusters):
        example = yaml.safe_load((ENVOY_DIR / "envoy-global-limits.yaml").read_text())["static_resources"]["clusters"]
        clusters.extend(cluster for cluster in example if cluster["name"] == "rate_limit")
    cluster = next(cluster for cluster in clusters if cluster["name"] == "rate_limit")
    endpoint = cluster["load_assignment"]["endpoints"][0]["lb_endpoints"][0]["endpoint"]
    endpoint["address"]["socket_address"].update(address=address[0], port_value=address[1])


def _add_site(document: dict[str, Any], name: str, site: Site, module: Path) -> None:
    """Adds a listener like the first one, with a cluster of its own."""
    resources = document["static_resources"]
    listener, cluster = copy.deepcopy(resources["listeners"][0]), copy.deepcopy(resources["clusters"][0])
    listener["name"] = cluster["name"] = cluster["load_assignment"]["cluster_name"] = name
    listener["address"]["socket_address"]["port_value"] = 0
    manager = listener["filter_chains"][0]["filters"][0]["typed_config"]
    for route in manager["route_config"]["virtual_hosts"][0]["routes"]:
        route["route"]["cluster"] = name
    toolgate = next(entry for entry in manager["http_filters"] if entry["name"] == "toolgate")
    _fill(toolgate["typed_config"]["config"], module, site.plugin)
    endpoint = cluster["load_assignment"]["endpoints"][0]["lb_endpoints"][0]["endpoint"]
    endpoint["address"]["socket_address"].update(address=site.upstream[0], port_value=site.upstream[1])
    resources["listeners"].append(listener)
    resources["clusters"].append(cluster)


def write_ecds(path: Path, *, module: Path, plugin: dict[str, Any] | str | None) -> None:
    """Writes the filter's own file and renames it into place, as a user should."""
    document = yaml.safe_load((ENVOY_DIR / ECDS_FILE).read_text())
    _fill(document["resources"][0]["typed_config"]["config"], module, plugin)
    fresh = path.with_suffix(".new")
    fresh.write_text(yaml.safe_dump(document, sort_keys=False))
    fresh.replace(path)


def _fill(config: dict[str, Any], module: Path, plugin: dict[str, Any] | str | None) -> None:
    config["vm_config"]["code"]["local"]["filename"] = str(module)
    given = config["configuration"]
    if plugin is None:
        return
    if given["@type"].endswith(".Struct"):
        if isinstance(plugin, str):
            plugin = json.loads(plugin)
        given["value"] = plugin
    else:
        given["value"] = plugin if isinstance(plugin, str) else json.dumps(plugin, indent=2)


def _use_tls(document: dict[str, Any], cluster: dict[str, Any], host: str) -> None:
    """Speaks TLS to the server, checks its certificate, and names the server it expects."""
    cluster["transport_socket"] = {
        "name": "envoy.transport_sockets.tls",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext",
            "sni": host,
            "common_tls_context": {
                "validation_context": {
                    "trusted_ca": {"filename": _system_roots()},
                    "match_typed_subject_alt_names": [{"san_type": "DNS", "matcher": {"exact": host}}],
                }
            },
        },
    }
    manager = document["static_resources"]["listeners"][0]["filter_chains"][0]["filters"][0]["typed_config"]
    for route in manager["route_config"]["virtual_hosts"][0]["routes"]:
        # A server elsewhere answers to its own name only.
        route["route"]["auto_host_rewrite"] = True


def _system_roots() -> str:
    import ssl

    return ssl.get_default_verify_paths().cafile or "/etc/ssl/certs/ca-certificates.crt"
