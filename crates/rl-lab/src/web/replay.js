// Episodes of policies side by side, drawn by the shapes of their environment.
"use strict";
const Replay = (() => {
  const { element } = Charts;
  const SPEEDS = [["0.25", "¼×"], ["0.5", "½×"], ["1", "1×"], ["2", "2×"], ["4", "4×"]];
  const ENDS = { terminated: "terminated", truncated: "time limit", cut: "later steps left out" };
  const UNITS = 10;

  const short = (x) => String(+x.toPrecision(3));
  const percent = (x) => `${(100 * x).toFixed(0)} %`;

  // Draws a frame: shapes in tenths of a pixel from the lower left corner, each above those before it.
  function draw(canvas, replay, frame) {
    const [width, height] = replay.size;
    const context = canvas.getContext("2d");
    const scale = canvas.width / width / UNITS;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.fillStyle = replay.background;
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.setTransform(scale, 0, 0, -scale, 0, scale * UNITS * height);
    context.lineCap = context.lineJoin = "round";
    for (const index of frame) {
      const [kind, colour, ...numbers] = replay.shapes[index];
      context.beginPath();
      if (kind === 1) {
        const [radius, x, y] = numbers;
        context.arc(x, y, Math.max(0, radius), 0, 2 * Math.PI);
      } else {
        for (let i = kind === 2 ? 1 : 0; i < numbers.length; i += 2) context.lineTo(numbers[i], numbers[i + 1]);
      }
      if (kind === 2) {
        context.lineWidth = numbers[0];
        context.strokeStyle = replay.colours[colour];
        context.stroke();
      } else {
        context.fillStyle = replay.colours[colour];
        context.fill();
      }
    }
  }

  // Rows for what a policy makes of an observation; `say` fills them.
  function outlook(replay, player) {
    const box = element("div", { class: "outlook" });
    const rows = [];
    const row = (name, inner) => {
      const value = element("output");
      box.append(element("span", {}, name), inner, value);
      rows.push({ inner, value });
    };
    const { discrete } = replay.actions;
    const bars = player.outlook_kind !== "mode_and_deviation";
    if (bars) {
      box.append(element("b", {}, player.outlook_kind === "probabilities" ? "probability of each action" : "value of each action"));
      for (let i = 0; i < discrete; i++) row(`${i}`, element("div", { class: "bar" }, element("i")));
    } else {
      box.append(element("b", {}, "likeliest action ± deviation of drawn ones"));
      replay.actions.box.forEach((_, i) => row(`${i}`, element("div", { class: "track" }, element("i"), element("u"))));
    }
    const worth = element("output");
    if (player.values.length) box.append(element("b", {}, "value of the state"), element("span"), element("span"), worth);
    const all = player.outlook.flat().filter(Number.isFinite);
    const [least, largest] = [Math.min(...all), Math.max(...all)];
    const ends = (i) => {
      const [low, high] = replay.actions.box[i];
      const reach = Math.max(1e-9, ...player.outlook.map((numbers) => Math.abs(numbers[i]) + numbers[replay.actions.box.length + i]));
      return [low ?? -reach, high ?? reach];
    };
    const spans = bars ? [] : replay.actions.box.map((_, i) => ends(i));
    const say = (step) => {
      const numbers = player.outlook[step];
      const action = player.actions[step];
      if (player.values.length) worth.textContent = short(player.values[step]);
      rows.forEach(({ inner, value }, i) => {
        if (bars) {
          const chances = player.outlook_kind === "probabilities";
          const share = chances ? numbers[i] : (numbers[i] - least) / Math.max(1e-9, largest - least);
          inner.firstChild.style.width = `${100 * share}%`;
          inner.classList.toggle("taken", action != null && action[0] === i);
          value.textContent = chances ? percent(numbers[i]) : short(numbers[i]);
          return;
        }
        const [low, high] = spans[i];
        const at = (x) => 100 * Math.min(1, Math.max(0, (x - low) / (high - low)));
        const [mode, deviation] = [numbers[i], numbers[rows.length + i]];
        const [spread, middle] = inner.children;
        spread.style.left = `${at(mode - deviation)}%`;
        spread.style.width = `${at(mode + deviation) - at(mode - deviation)}%`;
        middle.style.left = `${at(mode)}%`;
        value.textContent = `${short(mode)} ± ${short(deviation)}`;
      });
    };
    return { box, say };
  }

  // Puts a player into an element; `show` takes a replay.
  function mount(host) {
    const state = { replay: null, cards: [], step: 0, time: 0, playing: false, length: 0 };
    const button = element("button", { type: "button" }, "Play");
    const slider = element("input", { type: "range", min: 0, max: 0, step: 1, value: 0, "aria-label": "Step" });
    const speed = element("select", { "aria-label": "Speed" }, ...SPEEDS.map(([value, text]) => element("option", { value }, text)));
    speed.value = "1";
    const told = element("output");
    const stage = element("div", { class: "stage" });
    host.replaceChildren(element("div", { class: "controls" }, button, slider, told, element("label", {}, "speed ", speed)), stage);

    function card(replay, player) {
      const [width, height] = replay.size;
      const canvas = element("canvas", { width: 2 * width, height: 2 * height, role: "img", "aria-label": `Picture of the ${player.role} policy at play` });
      const remark = element("span");
      const after = (update) => (update === 0 ? "before training" : `after update ${update.toLocaleString("en")}`);
      const update = player.update == null ? "" : after(player.update);
      const title = element("h3", {}, `${player.role} policy`, element("output", {}, update));
      const { box, say } = outlook(replay, player);
      const sums = [0];
      for (const reward of player.rewards) sums.push(sums.at(-1) + reward);
      stage.append(element("figure", { "data-role": player.role }, title, canvas, element("p", { class: "remark" }, remark), box));
      return (step) => {
        const at = Math.min(step, player.length);
        draw(canvas, replay, player.frames[at]);
        const ended = at === player.length;
        const end = ended ? `: ${ENDS[player.end]}` : "";
        const sum = ended ? player.total_reward : sums[at];
        remark.textContent = `step ${at} of ${player.length}${end}, return ${+sum.toFixed(1)}`;
        canvas.classList.toggle("over", ended && step > at);
        say(at);
      };
    }

    function paint() {
      state.step = Math.min(state.length, Math.floor(state.time));
      slider.value = state.step;
      told.textContent = `${state.step} / ${state.length}`;
      for (const at of state.cards) at(state.step);
    }

    function play(playing) {
      if (playing && state.step >= state.length) state.time = 0;
      if (playing && !state.playing) requestAnimationFrame((now) => turn(now, now));
      state.playing = playing;
      button.textContent = playing ? "Pause" : "Play";
    }

    function turn(before, now) {
      if (!state.playing) return;
      // A page that was hidden goes on where it was.
      const seconds = Math.min(0.25, (now - before) / 1000);
      state.time = Math.min(state.length, state.time + seconds * state.replay.steps_per_second * speed.value);
      paint();
      if (state.time >= state.length) play(false);
      else requestAnimationFrame((next) => turn(now, next));
    }

    function show(replay) {
      play(false);
      stage.replaceChildren();
      Object.assign(state, { replay, time: 0, length: Math.max(...replay.players.map((player) => player.length)) });
      slider.max = state.length;
      state.cards = replay.players.map((player) => card(replay, player));
      paint();
    }

    button.addEventListener("click", () => play(!state.playing));
    slider.addEventListener("input", () => {
      play(false);
      state.time = +slider.value;
      paint();
    });
    return { show, state };
  }

  return { mount };
})();
