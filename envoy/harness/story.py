"""How the demo tells what happens: short lines for a person, each checked against what the policy says."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

from .client import Client
from .envoy import Envoy
from .paths import ROOT

WIDTH = 88
_act = "starting"
_colour = sys.stdout.isatty() and "NO_COLOR" not in os.environ


class Surprise(Exception):
    """Something happened that the policy does not say."""


def expect(condition: bool, otherwise: str) -> None:
    """Raises when something is not as it should be."""
    if not condition:
        raise Surprise(otherwise)


def current() -> str:
    """The act that is being told."""
    return _act


def say(text: str = "") -> None:
    print(text, flush=True)


def title(text: str) -> None:
    say(f"\n{_paint('1', text)}\n{'=' * len(text)}\n")


def act(name: str, policy: Path | None) -> None:
    """Begins an act; shows the policy file that it plays under."""
    global _act
    _act = name
    say(f"\n{_paint('1', name)}\n{'-' * len(name)}")
    if policy is not None:
        fact("policy", str(policy.relative_to(ROOT)))
        for line in policy.read_text().rstrip().splitlines():
            say(f"      {_paint('2', line)}")
        say()


def fact(what: str, text: str) -> None:
    say(f"  {what:<22} {text}")


def note(text: str) -> None:
    say(f"  {text}")


def listing(what: str, tools: list[Any]) -> None:
    """Names, as many to a line as fit."""
    lines = [""]
    for tool in tools:
        if len(lines[-1]) + len(str(tool)) > WIDTH - 26:
            lines.append("")
        lines[-1] += f"{tool}  "
    fact(what, lines[0].rstrip() or "(none)")
    for line in lines[1:]:
        fact("", line.rstrip())


def allowed(agent: Client, envoy: Envoy, tool: str, arguments: dict[str, Any], *, shown: bool = True) -> dict[str, Any]:
    """The agent calls a tool, and it must run; `shown` or not, it is checked."""
    answer, record = _call(agent, envoy, tool, arguments)
    expect(answer.get("is_error") is False, f"the agent got {json.dumps(answer)} instead of a result")
    expect(record.get("outcome") == "allow", f"the record says {json.dumps(record)}, not allow")
    if shown:
        say(f"  {_paint('32', 'allow')}  {_spell(tool, arguments):<42} {' '.join(answer['text'])}")
    return answer


def denied(agent: Client, envoy: Envoy, tool: str, arguments: dict[str, Any], *, rule: str | None, reads: str | None) -> dict[str, Any]:
    """The agent calls a tool, and the policy must deny it; None leaves the rule, or what the agent reads, open."""
    answer, record = _call(agent, envoy, tool, arguments)
    text = " ".join(answer.get("text", []))
    expect(answer.get("is_error") is True, f"the agent got {json.dumps(answer)} instead of a denial that it can read")
    expect(text.startswith("[POLICY DENIED] "), f"the agent reads `{text}`, which does not begin with [POLICY DENIED]")
    expect(record.get("outcome") == "deny", f"the record says {json.dumps(record)}, not deny")
    expect(rule is None or record.get("rule") == rule, f"the rule is `{record.get('rule')}`, not `{rule}`")
    expect(reads is None or f"[POLICY DENIED] {reads}" in text, f"the agent reads `{text}`, not `{reads}`")
    say(f"  {_paint('31', 'DENY')}   {_spell(tool, arguments):<42} by {record.get('rule')}")
    retry = answer["meta"].get("toolgate/denial", {}).get("retry_after")
    for part in answer["text"]:
        say(f"         the agent reads: {part}")
    if retry is not None:
        say(f"         and, for its program: try again after {retry} s")
    return answer


def record(entry: dict[str, Any]) -> None:
    """One decision, for somebody who watches."""
    outcome = entry.get("outcome", "(none)")
    colour = {"allow": "32", "deny": "31"}.get(outcome, "33")
    what = " ".join(str(entry[key]) for key in ("method", "tool") if entry.get(key))
    why = f"  by {entry['rule']}: {entry.get('message', '')}" if entry.get("rule") else f"  {entry.get('message', '')}"
    say(f"  {_paint(colour, f'{outcome:<7}')} {what:<34}{why.rstrip()}")


def _call(agent: Client, envoy: Envoy, tool: str, arguments: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """What the agent got, and what Envoy's access log recorded about it."""
    before = len(envoy.records(tool=tool))
    answer = agent.call(tool, arguments)
    return answer, envoy.records(before + 1, tool=tool)[-1]


def _spell(tool: str, arguments: dict[str, Any]) -> str:
    return f"{tool}({', '.join(f'{key}={json.dumps(value)}' for key, value in arguments.items())})"


def _paint(code: str, text: str) -> str:
    return f"\033[{code}m{text}\033[0m" if _colour else text
