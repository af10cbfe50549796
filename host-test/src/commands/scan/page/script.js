"use strict";
(() => {
  // Everything from the server goes in as text, never as markup.
  const data = JSON.parse(document.getElementById("data").textContent);
  const RISKS = ["Critical", "High", "Medium", "Low"];
  const CATEGORIES = ["Destructive", "Financial", "Execute", "Write", "Read"];
  const STEP = 60;
  const byId = (id) => document.getElementById(id);
  const make = (name, text, className) => {
    const element = document.createElement(name);
    if (text !== undefined) element.textContent = text;
    if (className) element.className = className;
    return element;
  };
  // What a person cannot see is shown as its code, so that nothing hides in a name.
  const seen = (text) => text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff]|[\u{e0000}-\u{e007f}]/gu,
    (c) => `\u27e8U+${c.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}\u27e9`);

  const tools = data.tools.map((tool) => ({
    tool,
    text: [tool.name, tool.description, tool.category, tool.risk, ...tool.reasons.map((r) => r.text),
      ...tool.signals.map((s) => `${s.kind} ${s.evidence}`)].join("\n").toLowerCase(),
  }));
  tools.sort((a, b) => RISKS.indexOf(a.tool.risk) - RISKS.indexOf(b.tool.risk) || (a.tool.name < b.tool.name ? -1 : 1));
  const chosen = { risk: "", category: "", signal: "", words: [] };
  let matching = tools;
  let shown = 0;

  byId("server").textContent = seen(data.server) || "this server";
  byId("about").textContent = `${tools.length} tools; the policy is the preset \u201c${data.preset}\u201d.` + (data.protocol ? ` Listed with MCP ${seen(data.protocol)}.` : "");

  const bars = [];
  const chart = (id, key, names) => {
    const most = Math.max(1, ...names.map((name) => data.totals[key][name]));
    for (const name of names) {
      const bar = make("button", undefined, `bar ${name}`);
      bar.type = "button";
      bar.setAttribute("aria-pressed", "false");
      const progress = make("progress");
      progress.max = most;
      progress.value = data.totals[key][name];
      bar.append(make("span", name), progress, make("span", String(data.totals[key][name])));
      bar.addEventListener("click", () => {
        chosen[key] = chosen[key] === name ? "" : name;
        show();
      });
      bars.push({ bar, key, name });
      byId(id).append(bar);
    }
  };
  chart("risk", "risk", RISKS);
  chart("category", "category", CATEGORIES);

  const kinds = [...new Set(tools.flatMap(({ tool }) => tool.signals.map((s) => s.kind)))].sort();
  for (const kind of kinds) {
    const option = make("option", kind);
    option.value = kind;
    byId("signal").append(option);
  }

  const card = (tool) => {
    const element = make("article", undefined, `card ${tool.risk}`);
    element.append(make("h3", seen(tool.name)));
    const verdict = make("div", undefined, "verdict");
    verdict.append(make("span", `${tool.risk} risk`, `tag ${tool.risk}`), make("span", tool.category, "tag"), make("span", seen(tool.action), "tag"));
    element.append(verdict);
    if (tool.description) element.append(make("p", seen(tool.description), "description"));
    const reasons = make("ul");
    for (const reason of tool.reasons) reasons.append(make("li", seen(`${reason.source}: ${reason.text}`)));
    for (const signal of tool.signals) reasons.append(make("li", seen(`signal ${signal.kind}: ${signal.source}, ${signal.evidence}`)));
    element.append(reasons);
    element.append(make("pre", tool.rule === null ? `"${seen(tool.name)}" is not let pass` : seen(`${JSON.stringify(tool.name)}: ${JSON.stringify(tool.rule, null, 2)}`)));
    if (tool.suggestions.length) {
      const details = make("details");
      details.append(make("summary", `${tool.suggestions.length} suggested`));
      for (const suggestion of tool.suggestions) {
        details.append(make("p", seen(`${suggestion.signal}: ${suggestion.about}`)));
        if (suggestion.rule) details.append(make("pre", seen(JSON.stringify(suggestion.rule, null, 2))));
      }
      element.append(details);
    }
    return element;
  };

  const more = () => {
    const part = document.createDocumentFragment();
    for (const { tool } of matching.slice(shown, shown + STEP)) part.append(card(tool));
    byId("cards").append(part);
    shown = Math.min(shown + STEP, matching.length);
    byId("more").hidden = shown >= matching.length;
    byId("count").textContent = `${matching.length} of ${tools.length} tools` + (shown < matching.length ? `, ${shown} shown` : "");
  };

  const show = () => {
    for (const { bar, key, name } of bars) bar.setAttribute("aria-pressed", String(chosen[key] === name));
    matching = tools.filter(({ tool, text }) =>
      (!chosen.risk || tool.risk === chosen.risk) && (!chosen.category || tool.category === chosen.category) &&
      (!chosen.signal || tool.signals.some((s) => s.kind === chosen.signal)) && chosen.words.every((word) => text.includes(word)));
    byId("cards").replaceChildren();
    shown = 0;
    more();
  };

  byId("search").addEventListener("input", (event) => {
    chosen.words = event.target.value.toLowerCase().split(/\s+/).filter(Boolean);
    show();
  });
  byId("signal").addEventListener("change", (event) => {
    chosen.signal = event.target.value;
    show();
  });
  byId("clear").addEventListener("click", () => {
    Object.assign(chosen, { risk: "", category: "", signal: "", words: [] });
    byId("search").value = "";
    byId("signal").value = "";
    show();
  });
  byId("more").querySelector("button").addEventListener("click", more);
  show();
})();
