// Dashboard: table of runs, their curves as they grow, and replays of their policies.
"use strict";
(() => {
  const { element, brief, colour } = Charts;
  const by = (id) => document.getElementById(id);
  const body = document.querySelector("#runs tbody");
  const charts = Charts.mount(by("curves"));
  const player = Replay.mount(by("replay"));
  // Runs by name, the names of those that are ticked with their colours, and what is known of their curves.
  const state = { rows: [], ticked: new Map(), curves: new Map(), chosen: false };
  by("curves").hidden = by("replay").hidden = by("chooser").hidden = true;

  async function ask(path, parameters) {
    const answer = await fetch(`${path}?${new URLSearchParams(parameters)}`);
    if (!answer.ok) throw new Error(await answer.text());
    return answer.json();
  }

  function ago(seconds) {
    const passed = Math.max(0, Date.now() / 1000 - seconds);
    if (passed < 60) return `${Math.floor(passed)} s ago`;
    if (passed < 3600) return `${Math.floor(passed / 60)} min ago`;
    if (passed < 172800) return `${Math.floor(passed / 3600)} h ago`;
    return `${Math.floor(passed / 86400)} d ago`;
  }

  const text = (row) => [row.name, row.state, row.algo, row.env, ...row.changed].join(" ").toLowerCase();

  function line(row) {
    const box = element("input", { type: "checkbox", "aria-label": `Show ${row.name}` });
    box.checked = state.ticked.has(row.name);
    box.disabled = row.state === "damaged";
    box.addEventListener("change", () => tick(row.name, box.checked));
    const mark = element("i", { class: "swatch" });
    if (box.checked) mark.style.background = colour(state.ticked.get(row.name));
    const link = element("a", { href: `/report?${new URLSearchParams({ run: row.name })}`, target: "_blank", rel: "noopener", title: "Open its report" }, row.name);
    const cell = (value, kind = "") => element("td", kind ? { class: kind } : {}, value);
    const badge = element("span", { class: `state ${row.state}` }, row.state);
    const words = row.error == null ? row.changed.join(" ") : row.error;
    const made = element("tr", { "data-run": row.name },
      cell(element("label", {}, box, mark)), cell(row.error == null ? link : row.name, "name"), cell(badge), cell(row.algo), cell(row.env),
      cell(row.error == null ? String(row.seed) : "", "number"), cell(words, "keys"),
      cell(row.updates.toLocaleString("en"), "number"), cell(row.env_steps.toLocaleString("en"), "number"),
      cell(brief(row.mean_return), "number"), cell(row.modified ? ago(row.modified) : "", "when"));
    return made;
  }

  function table() {
    const focused = document.activeElement?.closest("tr")?.dataset.run;
    const words = by("filter").value.toLowerCase().split(/\s+/).filter(Boolean);
    const shown = state.rows.filter((row) => words.every((word) => text(row).includes(word)));
    body.replaceChildren(...shown.map(line));
    const all = state.rows.length;
    by("count").textContent = all === 0 ? "No run yet: it appears here when it begins." : shown.length === all ? `${all} runs` : `${shown.length} of ${all} runs`;
    if (focused) body.querySelector(`tr[data-run="${CSS.escape(focused)}"] input`)?.focus();
  }

  function tick(name, on) {
    if (on) {
      const taken = new Set(state.ticked.values());
      let free = 0;
      while (taken.has(free)) free += 1;
      state.ticked.set(name, free);
    } else {
      state.ticked.delete(name);
      state.curves.delete(name);
    }
    table();
    refresh();
  }

  // Asks for the curves of ticked runs that have changed, and draws all.
  async function refresh() {
    const faults = [];
    await Promise.all([...state.ticked.keys()].map(async (name) => {
      const row = state.rows.find((row) => row.name === name);
      if (!row) {
        state.ticked.delete(name);
        return;
      }
      const version = `${row.updates} ${row.state} ${row.modified}`;
      if (state.curves.get(name)?.version === version) return;
      try {
        const curves = await ask("/api/curves", { run: name });
        if (state.ticked.has(name)) state.curves.set(name, { version, ...curves });
      } catch (error) {
        faults.push(`${name}: ${error.message}`);
      }
    }));
    const runs = [...state.ticked].filter(([name]) => state.curves.get(name)?.series)
      .map(([name, colour]) => ({ name, colour, series: state.curves.get(name).series }));
    by("fault").hidden = faults.length === 0;
    by("fault").textContent = faults.join("; ");
    by("hint").hidden = runs.length > 0;
    by("curves").hidden = runs.length === 0;
    if (runs.length) charts.show(runs);
    choices();
  }

  function choices() {
    const runs = [...state.ticked.keys()].filter((name) => state.curves.has(name));
    by("chooser").hidden = runs.length === 0;
    const [run, policy] = [by("replay-run"), by("replay-policy")];
    const fill = (select, options) => {
      const wanted = JSON.stringify(options);
      if (select.dataset.options === wanted) return;
      const chosen = select.value;
      select.replaceChildren(...options.map(([value, text]) => element("option", { value }, text)));
      if (options.some(([value]) => value === chosen)) select.value = chosen;
      select.dataset.options = wanted;
    };
    fill(run, runs.map((name) => [name, name]));
    const kept = state.curves.get(run.value)?.policies ?? [];
    fill(policy, [["", "first, middle, best, last"], ...kept.map((update) => [String(update), update === 0 ? "before training" : `after update ${update}`])]);
  }

  async function load() {
    const told = by("replay-told");
    const parameters = { run: by("replay-run").value, seed: by("replay-seed").value || 0 };
    if (by("replay-policy").value !== "") parameters.update = by("replay-policy").value;
    told.textContent = "playing …";
    try {
      const replay = await ask("/api/replay", parameters);
      by("replay").hidden = false;
      player.show(replay);
      told.textContent = "";
    } catch (error) {
      told.textContent = error.message;
    }
  }

  by("filter").addEventListener("input", table);
  by("replay-run").addEventListener("change", choices);
  by("replay-load").addEventListener("click", load);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", table);
  setInterval(() => {
    body.querySelectorAll("tr").forEach((made) => {
      const row = state.rows.find((row) => row.name === made.dataset.run);
      if (row?.modified) made.querySelector(".when").textContent = ago(row.modified);
    });
  }, 1000);

  const news = new EventSource("/events");
  const live = (words, kind) => {
    by("live").textContent = words;
    by("live").className = `state ${kind}`;
  };
  news.addEventListener("open", () => live("live", "finished"));
  news.addEventListener("error", () => live("no connection", "failed"));
  news.addEventListener("runs", (event) => {
    state.rows = JSON.parse(event.data);
    // A run that is the only one needs no tick.
    if (!state.chosen && state.rows.length === 1 && state.rows[0].error == null) state.ticked.set(state.rows[0].name, 0);
    state.chosen ||= state.rows.length > 0;
    table();
    refresh();
  });
})();
