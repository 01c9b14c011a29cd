"use strict";
(function () {
  const heat = document.getElementById("heat");
  const readout = document.getElementById("heat-readout");
  if (!heat || !readout) return;
  const layers = heat.dataset.layers.split(",");
  const loads = heat.dataset.loads.split(";").map(row => row.split(","));
  const idle = "Point at a cell for its load.";
  readout.hidden = false;
  readout.textContent = idle;
  heat.addEventListener("mousemove", event => {
    const box = heat.getBoundingClientRect();
    const layer = Math.floor((event.clientY - box.top) / box.height * layers.length);
    const row = loads[layer];
    if (!row) return;
    const expert = Math.min(row.length - 1, Math.max(0, Math.floor((event.clientX - box.left) / box.width * row.length)));
    const load = parseInt(row[expert], 36) / 100;
    readout.textContent = "Layer " + layers[layer] + ", expert " + expert + ": " + load.toFixed(2) + " times the mean";
  });
  heat.addEventListener("mouseleave", () => { readout.textContent = idle; });
})();
