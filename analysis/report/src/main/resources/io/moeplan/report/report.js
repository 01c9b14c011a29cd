"use strict";
(function () {
  const heat = document.getElementById("heat");
  const readout = document.getElementById("heat-readout");
  if (!heat || !readout) return;
  const layers = heat.dataset.layers.split(",");
  const loads = heat.dataset.loads.split(";").map(row => row.split(","));
  const idle = "Point at a cell for its load, or reach it with the arrow keys.";
  const within = (value, cells) => Math.min(cells - 1, Math.max(0, value));
  const cursor = document.createElementNS(heat.namespaceURI, "rect");
  let layer = 0;
  let expert = 0;
  function show() {
    const load = parseInt(loads[layer][expert], 36) / 100;
    readout.textContent = "Layer " + layers[layer] + ", expert " + expert + ": " + load.toFixed(2) + " times the mean";
    cursor.setAttribute("x", expert);
    cursor.setAttribute("y", layer);
    cursor.setAttribute("class", "cursor");
  }
  function hide() {
    readout.textContent = idle;
    cursor.setAttribute("class", "cursor idle");
  }
  cursor.setAttribute("width", 1);
  cursor.setAttribute("height", 1);
  heat.append(cursor);
  heat.setAttribute("tabindex", "0");
  heat.setAttribute("aria-describedby", "heat-readout");
  readout.setAttribute("aria-live", "polite");
  readout.hidden = false;
  hide();
  heat.addEventListener("pointermove", event => {
    const box = heat.getBoundingClientRect();
    layer = within(Math.floor((event.clientY - box.top) / box.height * layers.length), layers.length);
    expert = within(Math.floor((event.clientX - box.left) / box.width * loads[layer].length), loads[layer].length);
    show();
  });
  heat.addEventListener("pointerleave", hide);
  heat.addEventListener("blur", hide);
  heat.addEventListener("focus", show);
  heat.addEventListener("keydown", event => {
    const step = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key];
    if (!step) return;
    event.preventDefault();
    layer = within(layer + step[0], layers.length);
    expert = within(expert + step[1], loads[layer].length);
    show();
  });
})();
