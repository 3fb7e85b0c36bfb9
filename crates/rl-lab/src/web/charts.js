// Curves of one run or of several, by uPlot.
"use strict";
const Charts = (() => {
  const AXES = [["env_steps", "environment steps"], ["update", "updates"], ["wall_s", "seconds"]];
  const COUNTERS = ["update", "env_steps", "episodes", "wall_s"];
  const COLOURS = 7;
  // Metrics that the curves of a single run's return show together: lines, and the edges of an area.
  const LINES = ["return_mean", "eval_return_mean"];
  const EDGES = ["return_min", "return_max"];

  const token = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const colour = (i) => token(`--line-${i % COLOURS}`);

  function element(tag, attributes = {}, ...children) {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    made.append(...children);
    return made;
  }

  // The number in few letters.
  function brief(x) {
    if (x == null) return "";
    const size = Math.abs(x);
    if (size >= 1e6) return `${+(x / 1e6).toPrecision(4)}M`;
    if (size >= 1e4) return `${+(x / 1e3).toPrecision(4)}k`;
    if (size > 0 && size < 1e-3) return x.toExponential(2).replace(/\.?0+e/, "e");
    return String(+x.toPrecision(4));
  }

  // Exponential moving average over the values that there are, without the bias of its beginning.
  function smoothed(ys, weight) {
    if (!weight) return ys;
    let sum = 0, total = 0;
    return ys.map((y) => {
      if (y == null) return null;
      sum = weight * sum + (1 - weight) * y;
      total = weight * total + (1 - weight);
      return sum / total;
    });
  }

  const known = (series, name) => series.mean[name]?.some((y) => y != null);

  // Panels of the runs: a title and the metrics in it.
  function panels(runs) {
    const names = [];
    for (const { series } of runs) {
      for (const name of series.names) {
        if (!names.includes(name) && !COUNTERS.includes(name) && known(series, name)) names.push(name);
      }
    }
    const together = runs.length === 1 ? names.filter((name) => LINES.includes(name)) : ["return_mean"];
    const first = names.includes("return_mean") ? [{ title: "return", metrics: together, wide: true }] : [];
    const shown = first.length ? [...together, ...(runs.length === 1 ? EDGES : [])] : [];
    const others = names.filter((name) => !shown.includes(name));
    return [...first, ...others.map((name) => ({ title: name, metrics: [name], wide: false }))];
  }

  // Lines of a panel: label, colour, points, and the edges of the area around them.
  function linesOf(panel, runs, x, weight) {
    const lines = [];
    runs.forEach((run, i) => {
      panel.metrics.forEach((metric, j) => {
        const { series } = run;
        if (!known(series, metric) || !series.mean[x]) return;
        const single = runs.length === 1;
        const inner = series.low[metric] ? [series.low[metric], series.high[metric]] : null;
        const outer = EDGES.every((edge) => series.mean[edge]) ? EDGES.map((edge) => series.mean[edge]) : null;
        const edges = single && metric === "return_mean" && outer ? outer : inner;
        lines.push({
          label: single ? metric : run.name,
          colour: colour(single ? j : run.colour ?? i),
          xs: series.mean[x],
          raw: series.mean[metric],
          ys: smoothed(series.mean[metric], weight),
          edges: single ? edges : null,
        });
      });
    });
    return lines;
  }

  // The columns of uPlot and its series for some lines.
  function columns(lines, weight) {
    const series = [], bands = [], tables = [];
    for (const line of lines) {
      const table = [line.xs];
      const add = (ys, options) => {
        table.push(ys);
        series.push({ spanGaps: true, points: { show: false }, ...options });
        return series.length;
      };
      if (line.edges) {
        const [low, high] = line.edges;
        const upper = add(high, { label: `${line.label} largest`, width: 0, area: true });
        const lower = add(low, { label: `${line.label} least`, width: 0, area: true });
        bands.push({ series: [upper, lower], fill: `${line.colour}26` });
      }
      if (weight) add(line.raw, { label: `${line.label} raw`, stroke: `${line.colour}55`, width: 1, faint: true });
      const count = line.ys.filter((y) => y != null).length;
      add(line.ys, {
        label: line.label, stroke: line.colour, width: 1.75, main: true,
        points: { show: count <= 40, size: 5, fill: line.colour },
      });
      tables.push(table);
    }
    return { data: tables.length === 1 ? tables[0] : uPlot.join(tables), series, bands };
  }

  function axes() {
    const style = {
      stroke: token("--soft"), font: "12px system-ui, sans-serif",
      grid: { stroke: token("--grid"), width: 1 }, ticks: { stroke: token("--grid"), width: 1, size: 5 },
      values: (_, xs) => xs.map(brief),
    };
    return [{ ...style, space: 64, size: 32 }, { ...style, size: 60, space: 36 }];
  }

  // Puts curves into an element; `show` takes the runs, each with a name and a series.
  function mount(host) {
    const state = { runs: [], x: "env_steps", weight: 0, plots: [], shape: "" };
    const axis = element("select", { "aria-label": "Horizontal axis" });
    const slider = element("input", { type: "range", min: 0, max: 0.98, step: 0.02, value: 0, "aria-label": "Smoothing" });
    const told = element("output", {}, "none");
    const grid = element("div", { class: "charts" });
    const hint = element("span", { class: "remark" }, "drag over a curve to zoom, double-click to see all");
    host.replaceChildren(
      element("div", { class: "controls" }, element("label", {}, "over ", axis), element("label", {}, "smoothing ", slider, told), hint),
      grid,
    );

    const width = (panel) => Math.max(200, Math.floor(panel.clientWidth));

    function build() {
      for (const { plot } of state.plots) plot.destroy();
      grid.replaceChildren();
      state.plots = panels(state.runs).map((panel) => {
        const value = element("output");
        const title = element("h3", {}, panel.title, value);
        const box = element("div", { class: "plot" });
        const card = element("figure", { class: panel.wide ? "wide" : "", "data-metric": panel.title }, title, box);
        grid.append(card);
        const { data, series, bands } = columns(linesOf(panel, state.runs, state.x, state.weight), state.weight);
        const main = series.findIndex((one) => one.main) + 1;
        const say = (u) => {
          const ys = u.data[main];
          const last = ys.findLast((y) => y != null);
          value.textContent = brief(u.cursor.idx == null ? last : ys[u.cursor.idx]);
        };
        const xName = AXES.find(([name]) => name === state.x)[1];
        const plot = new uPlot({
          width: width(box), height: panel.wide ? 300 : 170,
          scales: { x: { time: false } },
          series: [{ label: xName, value: (_, x) => brief(x) }, ...series.map((one) => ({ ...one, value: (_, y) => brief(y) }))],
          bands, axes: axes(),
          cursor: { sync: { key: "curves" }, points: { size: 6 }, y: false },
          legend: { show: panel.wide },
          hooks: { setCursor: [say], setData: [say], ready: [say] },
        }, data, box);
        // The legend names lines, not the edges of areas.
        plot.root.querySelectorAll(".u-legend .u-series").forEach((row, i) => {
          if (i > 0 && !series[i - 1].main) row.hidden = true;
        });
        return { panel, plot, box };
      });
    }

    function refresh() {
      for (const { panel, plot } of state.plots) {
        plot.setData(columns(linesOf(panel, state.runs, state.x, state.weight), state.weight).data);
      }
    }

    // What a change of needs other plots, and not only other points in them.
    function shape() {
      const of = (line) => [line.label, line.colour, line.edges != null, line.ys.filter((y) => y != null).length <= 40];
      const lines = panels(state.runs).map((panel) => [panel.title, linesOf(panel, state.runs, state.x, 0).map(of)]);
      return JSON.stringify([state.x, state.weight > 0, lines]);
    }

    function update() {
      const wanted = shape();
      if (wanted === state.shape) refresh();
      else build();
      state.shape = wanted;
    }

    function show(runs) {
      state.runs = runs;
      const has = AXES.filter(([name]) => runs.every(({ series }) => known(series, name)));
      if (has.length && !has.some(([name]) => name === state.x)) state.x = has[0][0];
      axis.replaceChildren(...has.map(([name, text]) => element("option", { value: name }, text)));
      axis.value = state.x;
      update();
    }

    axis.addEventListener("change", () => { state.x = axis.value; update(); });
    slider.addEventListener("input", () => {
      state.weight = +slider.value;
      told.textContent = state.weight ? slider.value : "none";
      update();
    });
    new ResizeObserver(() => {
      for (const { panel, plot, box } of state.plots) {
        if (plot.width !== width(box)) plot.setSize({ width: width(box), height: panel.wide ? 300 : 170 });
      }
    }).observe(grid);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", build);
    return { show, state };
  }

  return { mount, element, brief, colour };
})();
