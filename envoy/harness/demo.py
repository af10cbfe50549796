"""The demo: an agent calls the tools of a real MCP server through Envoy, and each step is checked while it is told."""

from __future__ import annotations

import json
import tempfile
import time
from pathlib import Path

from . import build, policy, setup, story
from .arguments import Options, Upstream
from .client import HANDSHAKE, STATELESS, Client
from .envoy import Envoy
from .paths import EXAMPLES, ROOT
from .process import ProcessError
from .servers import Server

LIMIT = 24 * 3600
"""Seconds that a server which somebody keeps may run."""


def main(options: Options) -> int:
    """Runs what the command line asks for and returns the exit code."""
    module = build.module_now()
    with tempfile.TemporaryDirectory(prefix="toolgate-demo-") as name:
        folder = Path(name)
        if options.policy:
            return _protect(options, module, folder)
        return _tell(options, module, folder)


def _tell(options: Options, module: Path, folder: Path) -> int:
    """The story, in acts."""
    workprotocol = EXAMPLES / "workprotocol" / "policy.json"
    arcane = policy.plugin_config(EXAMPLES / "arcane" / "policy.yaml", "arcane")
    with Server("python_server.py", log=folder / "server.log", limit=LIMIT) as server:
        envoy = None
        try:
            envoy = Envoy(
                config="envoy-ecds.yaml",
                module=module,
                upstream=server.address,
                plugin=policy.plugin_config(workprotocol, "workprotocol"),
                listen=options.listen,
                folder=folder / "envoy",
                limit=LIMIT,
            )
            _scene(server, envoy)
            _act_limit(server, envoy, folder)
            _act_stateless(server, envoy, folder)
            _act_others(server, envoy, folder)
            _act_arcane(server, envoy, arcane, folder)
            _act_faulty(envoy, folder)
            story.say()
            story.say("Every call went as the policies say.")
            if options.keep:
                _stay(envoy.url)
            return 0
        except (story.Surprise, ProcessError) as error:
            story.say()
            story.say(f"FAILED in \"{story.current()}\": {error}")
            if envoy is not None:
                story.say("\nThe end of Envoy's log:\n" + envoy.process.tail(25))
            story.say("\nThe end of the server's log:\n" + server.process.tail(10))
            return 1
        finally:
            if envoy is not None:
                envoy.stop()


def _scene(server: Server, envoy: Envoy) -> None:
    story.title("Toolgate: a policy between an agent and its tools")
    version = envoy.admin_get("/server_info")
    story.fact("MCP server", f"{server.url}, made with the official SDK for Python")
    story.fact("Envoy", f"{envoy.url}, {json.loads(version)['version'].split('/')[1]}, running toolgate.wasm")
    story.fact("agent", "the official SDK's client, which knows nothing of Envoy or Toolgate")


def _act_limit(server: Server, envoy: Envoy, folder: Path) -> None:
    story.act("An agent in a loop", EXAMPLES / "workprotocol" / "policy.json")
    with Client("python2", server.url, HANDSHAKE, log=folder / "client.log") as direct:
        before = direct.list()["tools"]
    with Client("python2", envoy.url, HANDSHAKE, log=folder / "client.log") as agent:
        story.expect(agent.version == HANDSHAKE, f"the agent speaks {agent.version}, not {HANDSHAKE}")
        story.fact("the agent connects", f"MCP {agent.version}, with the initialize handshake")
        after = agent.list()
        story.listing("tools/list, direct", before)
        story.listing("tools/list, Toolgate", after.get("tools", [after]))
        story.expect(len(before) > 1 and after.get("tools") == ["claim_job"], "the agent may see claim_job, and nothing else")
        _wait_for_room()
        for number in range(1, 11):
            story.allowed(agent, envoy, "claim_job", {"job_id": f"j-{number}"}, shown=number in (1, 2, 10))
            if number == 3:
                story.note("  ...")
        denial = story.denied(
            agent,
            envoy,
            "claim_job",
            {"job_id": "j-11"},
            rule="/tools/claim_job/limits/claim_job_rate",
            reads="Rate limit of 10 per minute reached. Try again later.",
        )
        retry = denial["meta"].get("toolgate/denial", {}).get("retry_after")
        story.expect(isinstance(retry, int) and 0 < retry <= 60, f"retry_after is {retry!r}, not 1 to 60 seconds")
        story.denied(
            agent,
            envoy,
            "delete_workspace",
            {"workspace_id": "w-1"},
            rule="(default deny)",
            reads='Tool "delete_workspace" is not permitted by policy',
        )
        story.expect("tools" in agent.list(), "the session did not survive the denials")
    _ran(server, {"claim_job": 10})


def _act_stateless(server: Server, envoy: Envoy, folder: Path) -> None:
    story.act("The same agent starts over, with the stateless protocol", None)
    with Client("python2", envoy.url, STATELESS, log=folder / "client.log") as agent:
        story.expect(agent.version == STATELESS, f"the agent speaks {agent.version}, not {STATELESS}")
        story.fact("the agent connects", f"MCP {agent.version}, no handshake, no session")
        story.note("The counter is the caller's, not the connection's:")
        story.denied(
            agent,
            envoy,
            "claim_job",
            {"job_id": "j-12"},
            rule="/tools/claim_job/limits/claim_job_rate",
            reads="Rate limit of 10 per minute reached. Try again later.",
        )
        story.denied(
            agent,
            envoy,
            "update_agent",
            {"name": "root"},
            rule="(default deny)",
            reads='Tool "update_agent" is not permitted by policy',
        )
    _ran(server, {"claim_job": 10})


def _act_others(server: Server, envoy: Envoy, folder: Path) -> None:
    for example, tool, arguments in (
        ("safebot", "claim_task", {"timeout_seconds": 1}),
        ("instanode", "claim_token", {"token": "t-1"}),
        ("aap-enterprise", "run_job", {"template_id": 7}),
    ):
        file = EXAMPLES / example / "policy.json"
        story.act("Another policy, without a restart", file)
        envoy.update(policy.plugin_config(file, example))
        with Client("python2", envoy.url, STATELESS, log=folder / "client.log") as agent:
            story.allowed(agent, envoy, tool, arguments)
            story.denied(
                agent,
                envoy,
                "claim_job",
                {"job_id": "j-13"},
                rule="(default deny)",
                reads='Tool "claim_job" is not permitted by policy',
            )
    _ran(server, {"claim_job": 10, "claim_task": 1, "claim_token": 1, "run_job": 1})


def _act_arcane(server: Server, envoy: Envoy, plugin: str, folder: Path) -> None:
    story.act("A policy in YAML that wants the required arguments", EXAMPLES / "arcane" / "policy.yaml")
    envoy.update(plugin)
    with Client("python2", envoy.url, HANDSHAKE, log=folder / "client.log") as agent:
        agent.list()
        story.note("The agent has listed the tools, so Toolgate knows what each requires.")
        denial = story.denied(agent, envoy, "arcane_job_run", {"environmentId": "prod"}, rule=None, reads=None)
        story.expect("jobId" in " ".join(denial["text"]), "the denial does not name the argument that is missing")
        story.allowed(agent, envoy, "arcane_job_run", {"environmentId": "prod", "jobId": "nightly"})
    _ran(server, {"claim_job": 10, "claim_task": 1, "claim_token": 1, "run_job": 1, "arcane_job_run": 1})


def _act_faulty(envoy: Envoy, folder: Path) -> None:
    story.act("A mistake in a policy", None)
    story.note('Someone writes {"version": "1", "defalt": "allow"}:')
    envoy.update('{"server": "arcane", "policy": {"version": "1", "defalt": "allow"}}')
    line = next((line for line in envoy.log().splitlines() if "defalt" in line), None)
    story.expect(line is not None, "Envoy's log does not name `defalt`")
    assert line is not None
    story.note("Envoy refuses it: " + line.rpartition("toolgate: ")[2])
    with Client("python2", envoy.url, HANDSHAKE, log=folder / "client.log") as agent:
        agent.list()
        story.denied(agent, envoy, "arcane_job_run", {}, rule=None, reads=None)
    story.note("The old policy stays in force.")


def _ran(server: Server, expected: dict[str, int]) -> None:
    """Asks the server what really ran: the denied calls must not be there."""
    ran = server.ran()
    told = ", ".join(f"{tool} {times}x" for tool, times in ran.items())
    story.fact("the server says it ran", told)
    story.expect(ran == expected, f"the server ran {ran}, not {expected}")


def _wait_for_room() -> None:
    """Limits count whole minutes of UTC: eleven calls must not be cut in two by the next one."""
    left = 60 - time.time() % 60
    if left < 20:
        setup.say(f"waiting {left:.0f} s for the next minute, because limits count whole minutes ...")
        time.sleep(left + 0.5)


def _protect(options: Options, module: Path, folder: Path) -> int:
    """Puts a server behind Toolgate with somebody's own policy."""
    assert options.policy is not None
    own = None
    upstream = options.upstream
    try:
        if upstream is None:
            own = Server("python_server.py", log=folder / "server.log", limit=LIMIT)
            upstream = Upstream(*own.address, "/mcp", False)
        plugin = policy.plugin_config(options.policy, options.policy.resolve().parent.name or "server")
        with Envoy(
            module=module,
            upstream=(upstream.host, upstream.port),
            upstream_tls=upstream.tls,
            plugin=plugin,
            listen=options.listen,
            folder=folder / "envoy",
            limit=LIMIT,
        ) as envoy:
            url = envoy.url.removesuffix("/mcp") + upstream.path
            shown = options.policy.resolve()
            story.title("Toolgate is in front of your server" if options.upstream else "Toolgate is in front of the demo's server")
            story.fact("policy", str(shown.relative_to(ROOT) if shown.is_relative_to(ROOT) else options.policy))
            story.fact("point your client at", url)
            story.fact("in a client's config", json.dumps({"mcpServers": {"toolgate": {"type": "http", "url": url}}}))
            with Client("python2", url, HANDSHAKE, log=folder / "client.log") as agent:
                answer = agent.list()
            if "tools" not in answer:
                story.say(f"\nThe server did not list its tools through Toolgate: {answer['message']}")
                return 1
            story.listing("tools/list, Toolgate", answer["tools"])
            if options.keep:
                _follow(envoy)
            return 0
    except ProcessError as error:
        story.say(f"\n{error}")
        return 1
    finally:
        if own is not None:
            own.stop()


def _stay(url: str) -> None:
    story.say(f"\nStaying at {url} until Ctrl-C.")
    try:
        while True:
            time.sleep(1)
    except KeyboardInterrupt:
        story.say("\nStopped.")


def _follow(envoy: Envoy) -> None:
    """Prints each decision as it is made, until Ctrl-C."""
    story.say("\nDecisions, as they are made, until Ctrl-C:")
    seen = len(envoy.records())
    try:
        while True:
            envoy.process.check()
            records = envoy.records()
            for record in records[seen:]:
                story.record(record)
            seen = len(records)
            time.sleep(0.2)
    except KeyboardInterrupt:
        story.say("\nStopped.")
