// Page of a report: curves and replay of its run.
"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const curves = document.getElementById("curves");
  if (curves && data.series) {
    Charts.mount(curves).show([{ name: document.title, series: data.series }]);
  }
  const replay = document.getElementById("replay");
  if (replay && data.replay) Replay.mount(replay).show(data.replay);
})();
