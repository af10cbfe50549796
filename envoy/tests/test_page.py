"""The page of a scan in a headless Chromium: usable with 2,000 tools, and deaf to what a server says. Runs with --full."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from harness import process, setup
from harness.paths import ROOT

BROWSER = Path(__file__).parent / "browser"


@pytest.fixture
def chromium() -> str:
    """Debian's Chromium, which is installed where it is absent."""
    setup.node(BROWSER, "what drives a browser")
    if not shutil.which("chromium"):
        assert os.geteuid() == 0, "Chromium is not installed: apt-get install chromium"
        process.run(["apt-get", "update", "-qq"], limit=300)
        process.run(["apt-get", "install", "-y", "-qq", "--no-install-recommends", "chromium"], limit=900)
    return shutil.which("chromium") or "chromium"


@pytest.mark.full
def test_two_thousand_tools_are_searched_and_nothing_of_the_servers_runs(host_test: Path, tmp_path: Path, chromium: str) -> None:
    verbs = ["get", "list", "update", "run", "delete"]
    tools = [{"name": f"{verb}_item_{n}", "description": f"Does it, {n}"} for n in range(400) for verb in verbs]
    hostile = "</script><script>document.title='gone'</script><img src=x onerror=\"document.title='gone'\"> \u200bhidden"
    tools.append({"name": "evil\u202etool</script>", "description": hostile})
    listed, page = tmp_path / "tools.json", tmp_path / "page.html"
    listed.write_text(json.dumps(tools))
    process.run([host_test, "scan", "--quiet", "--tools", listed, "--report", page], cwd=ROOT, limit=120)

    said = process.run(["node", BROWSER / "page.mjs", chromium, page, tmp_path / "page.png"], cwd=BROWSER, limit=120)
    seen = json.loads(said)
    assert seen["problems"] == []
    assert seen["requests"] == [page.as_uri()]
    assert seen["title"] == "What these tools may do"
    assert (seen["elements"], seen["scripts"]) == (0, 2)
    assert (seen["first"], seen["cards"], seen["more"]) == ("2001 of 2001 tools, 60 shown", 60, 120)
    assert seen["search"] == "11 of 2001 tools"
    assert seen["critical"].startswith("400 of 2001 tools")
    assert "evil⟨U+202E⟩tool</script>" in seen["poisoned"] and "⟨U+200B⟩hidden" in seen["poisoned"]
    assert (tmp_path / "page.png").stat().st_size > 10_000
