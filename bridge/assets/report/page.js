/**
 * The report's own script: draws the chart and sorts and filters the ledger. Everything it shows is already on the page or in its data block; without
 * it the page reads the same, minus the chart.
 */
(() => {
  /** @type {{currency: string, t_s: number[], without: number[], with: number[]}} */
  const data = JSON.parse(document.getElementById("data")?.textContent ?? "");

  drawCharts();
  makeLedger();

  function drawCharts() {
    /** @type {typeof import("uplot")} */
    const UPlot = /** @type {any} */ (globalThis).uPlot;
    /** @type {{plot: import("uplot"), box: HTMLElement}[]} */
    let drawn = [];

    const equity = /** @type {import("uplot").AlignedData} */ ([data.t_s, data.without, data.with]);
    const fall = /** @type {import("uplot").AlignedData} */ ([
      data.t_s,
      underwater(data.without),
      underwater(data.with),
    ]);

    function draw() {
      for (const { plot } of drawn) plot.destroy();
      drawn = [];
      add("equity-chart", equity, (value) => money(value), 320);
      add("drawdown-chart", fall, (value) => `${(value * 100).toFixed(1)} %`, 200);
    }

    /**
     * @param {string} id
     * @param {import("uplot").AlignedData} series
     * @param {(value: number) => string} format
     * @param {number} height
     */
    function add(id, series, format, height) {
      const box = document.getElementById(id);
      if (box === null) return;
      const style = getComputedStyle(document.documentElement);
      const color = (/** @type {string} */ name) => style.getPropertyValue(name).trim();
      const line = { stroke: color("--line"), width: 1 };
      const axis = { stroke: color("--soft"), grid: line, ticks: line };
      const shown = (/** @type {unknown} */ _plot, /** @type {number | null} */ value) =>
        value === null || value === undefined ? "–" : format(value);
      const plot = new UPlot(
        {
          width: box.clientWidth,
          height,
          tzDate: (seconds) => UPlot.tzDate(new Date(seconds * 1000), "Etc/UTC"),
          cursor: { sync: { key: "replay" } },
          scales: { x: { time: true } },
          axes: [
            { ...axis, values: (_plot, splits, _axis, _space, step) => splits.map((at) => date(at, step)) },
            { ...axis, size: 76, values: (_plot, values) => values.map(format) },
          ],
          series: [
            { label: "Time (UTC)", value: (_plot, at) => (at === null || at === undefined ? "–" : date(at, 0)) },
            { label: "Without the gate", stroke: color("--without"), width: 1.5, dash: [6, 3], value: shown },
            { label: "With the gate", stroke: color("--with"), width: 2, value: shown },
          ],
        },
        series,
        box,
      );
      drawn.push({ plot, box });
    }

    draw();
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
    addEventListener("beforeprint", () => {
      document.documentElement.dataset.print = "";
      draw();
    });
    addEventListener("afterprint", () => {
      delete document.documentElement.dataset.print;
      draw();
    });
    addEventListener("resize", () => {
      for (const { plot, box } of drawn) plot.setSize({ width: box.clientWidth, height: plot.height });
    });
  }

  /** @param {number[]} equity */
  function underwater(equity) {
    let high = Number.NEGATIVE_INFINITY;
    return equity.map((value) => {
      high = Math.max(high, value);
      return value / high - 1;
    });
  }

  /**
   * @param {number} at_s
   * @param {number} step_s distance of two dates; 0: to the minute
   */
  function date(at_s, step_s) {
    const text = new Date(at_s * 1000).toISOString().replace("T", " ");
    if (step_s >= 28 * 86400) return text.slice(0, 7);
    return step_s >= 86400 ? text.slice(5, 10) : text.slice(step_s === 0 ? 0 : 5, 16);
  }

  /** @param {number} value */
  function money(value) {
    return value.toLocaleString("en-US", { maximumFractionDigits: Math.abs(value) < 100 ? 4 : 0 });
  }

  function makeLedger() {
    const table = document.getElementById("ledger");
    const body = table?.querySelector("tbody");
    const count = document.getElementById("shown");
    const search = /** @type {HTMLInputElement | null} */ (document.getElementById("search"));
    if (!table || !body || !count || !search) return;
    const rows = [...body.rows];
    const texts = rows.map((row) => (row.textContent ?? "").toLowerCase());
    const choices = /** @type {HTMLSelectElement[]} */ ([...document.querySelectorAll("select[data-column]")]);

    function filter() {
      const wanted = search?.value.trim().toLowerCase() ?? "";
      let visible = 0;
      rows.forEach((row, index) => {
        const fits =
          (wanted === "" || texts[index]?.includes(wanted)) &&
          choices.every(
            (choice) => choice.value === "" || row.cells[Number(choice.dataset.column)]?.textContent === choice.value,
          );
        row.hidden = !fits;
        if (fits) visible += 1;
      });
      if (count) count.textContent = `${visible} of ${rows.length} shown`;
    }

    /** @param {HTMLTableCellElement} heading */
    function sort(heading) {
      const descending = heading.ariaSort === "ascending";
      for (const other of table?.querySelectorAll("th") ?? []) other.removeAttribute("aria-sort");
      heading.ariaSort = descending ? "descending" : "ascending";
      const column = heading.cellIndex;
      const numeric = heading.classList.contains("num");
      const keys = new Map(rows.map((row) => [row, key(row.cells[column]?.textContent ?? "", numeric)]));
      const sorted = [...rows].sort((a, b) => compare(keys.get(a), keys.get(b)) * (descending ? -1 : 1));
      body?.append(...sorted);
    }

    search.addEventListener("input", filter);
    for (const choice of choices) choice.addEventListener("change", filter);
    for (const button of table.querySelectorAll("th button")) {
      button.addEventListener("click", () => {
        if (button.parentElement instanceof HTMLTableCellElement) sort(button.parentElement);
      });
    }
    filter();
  }

  /**
   * @param {string} text
   * @param {boolean} numeric
   */
  function key(text, numeric) {
    if (!numeric) return text;
    const value = Number.parseFloat(text.replaceAll(",", "").replace("−", "-").replace("+", ""));
    return Number.isNaN(value) ? Number.NEGATIVE_INFINITY : value;
  }

  /**
   * @param {string | number | undefined} a
   * @param {string | number | undefined} b
   */
  function compare(a, b) {
    if (a === undefined || b === undefined || a === b) return 0;
    return a < b ? -1 : 1;
  }
})();
