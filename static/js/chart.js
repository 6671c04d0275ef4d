// Draws the last 24 hours as stacked bars with uPlot; the table under it holds the same figures.

const QUARTER_SECONDS = 900;
const drawn = new WeakSet();

// Custom properties keep light-dark() unresolved, so colours are read from elements that use them.
function colourOf(element, property) {
  return getComputedStyle(element)[property];
}

function hourWords(seconds, zone) {
  const options = { hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone: zone };
  return new Intl.DateTimeFormat("en-GB", options).format(new Date(seconds * 1000));
}

function stacked(points) {
  const [times, ...series] = points;
  const sums = series.map((row, place) => row.map((_, at) => series.slice(0, place + 1).reduce((sum, one) => sum + one[at], 0)));
  return [times, ...sums];
}

function draw(element) {
  if (drawn.has(element) || !window.uPlot) return;
  drawn.add(element);
  const card = element.closest("section");
  const colours = [...card.querySelectorAll("[data-series]")].map((swatch) => colourOf(swatch, "backgroundColor"));
  const axis = colourOf(element, "color");
  const line = colourOf(card, "borderTopColor");
  const [times, delivered, held, failed] = stacked(JSON.parse(element.dataset.points));
  const bars = window.uPlot.paths.bars({ size: [0.8, 14], align: 1 });
  // The highest sum is drawn first; the lower ones lie over it.
  const plot = new window.uPlot(
    {
      width: element.clientWidth - 16,
      height: 180,
      legend: { show: false },
      cursor: { show: false },
      tzDate: (seconds) => window.uPlot.tzDate(new Date(seconds * 1000), element.dataset.zone),
      scales: { x: { range: (_, low, high) => [low, high + QUARTER_SECONDS] }, y: { range: (_, low, high) => [0, Math.max(4, high)] } },
      axes: [
        { stroke: axis, font: "11px Inter Variable, sans-serif", grid: { show: false }, ticks: { show: false },
          values: (plot, splits) => splits.map((at) => hourWords(at, element.dataset.zone)) },
        { stroke: axis, font: "11px Inter Variable, sans-serif", size: 36, grid: { stroke: line, width: 1 }, ticks: { show: false },
          incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 5000] },
      ],
      series: [
        {},
        { fill: colours[2], stroke: colours[2], width: 0, paths: bars, points: { show: false } },
        { fill: colours[1], stroke: colours[1], width: 0, paths: bars, points: { show: false } },
        { fill: colours[0], stroke: colours[0], width: 0, paths: bars, points: { show: false } },
      ],
    },
    [times, failed, held, delivered],
    element,
  );
  new ResizeObserver(() => plot.setSize({ width: element.clientWidth - 16, height: 180 })).observe(element);
}

function drawAll() {
  document.querySelectorAll(".chart[data-points]").forEach(draw);
}

drawAll();
document.addEventListener("htmx:afterSettle", drawAll);
