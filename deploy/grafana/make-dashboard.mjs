/**
 * Grafana's dashboard from a list of panels: what is asked is here, how it is drawn is below. Writes deploy/grafana/dashboards/talebridge.json.
 * Usage: node deploy/grafana/make-dashboard.mjs [--check]; `--check` writes nothing and exits 1 when the file is out of date.
 */

import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** @typedef {{ expr: string, legend: string }} Query */
/** @typedef {{ title: string, kind: "stat" | "timeseries", unit: string, width: number, about: string, queries: readonly Query[], alarm?: number }} Panel alarm: red from there */

const WHERE = 'instance=~"$instance"';
const HEIGHT = { stat: 4, timeseries: 8 };
const COLUMNS = 24;

/** @param {string} metric @param {number} q */
const quantile = (metric, q) =>
  `histogram_quantile(${q}, sum by (le) (rate(${metric}_bucket{${WHERE}}[$__rate_interval])))`;
/** @param {string} metric */
const quantiles = (metric) => [0.5, 0.99, 0.999].map((q) => ({ expr: quantile(metric, q), legend: `p${q * 100}` }));
/** @param {string} metric @param {string} [by] */
const rate = (metric, by) =>
  `sum${by === undefined ? "" : ` by (${by})`} (rate(${metric}{${WHERE}}[$__rate_interval]))`;

/** @type {readonly Panel[]} */
export const PANELS = [
  {
    title: "Bridge",
    kind: "stat",
    unit: "bool_on_off",
    width: 4,
    about: "Whether it answers. Without it entries are denied, exits go on.",
    queries: [{ expr: `up{job="talebridge", ${WHERE}}`, legend: "" }],
  },
  {
    title: "Live sessions",
    kind: "stat",
    unit: "short",
    width: 8,
    about: "By manual state.",
    queries: [{ expr: `sum by (state) (talebridge_live_sessions{${WHERE}})`, legend: "{{state}}" }],
  },
  {
    title: "Sessions denied",
    kind: "stat",
    unit: "short",
    width: 4,
    about: "Sessions whose every entry is denied now.",
    alarm: 1,
    queries: [{ expr: `sum(talebridge_live_sessions_denied{${WHERE}}) or vector(0)`, legend: "" }],
  },
  {
    title: "Denied, last day",
    kind: "stat",
    unit: "percentunit",
    width: 4,
    about: "Share of entries. Compare with the profile's nominal share.",
    alarm: 0.5,
    queries: [
      {
        expr: `sum(increase(talebridge_decisions_total{verdict="deny", ${WHERE}}[1d])) / sum(increase(talebridge_decisions_total{${WHERE}}[1d]))`,
        legend: "",
      },
    ],
  },
  {
    title: "Journal failing",
    kind: "stat",
    unit: "short",
    width: 4,
    about: "1: entries are denied because they cannot be written down.",
    alarm: 1,
    queries: [{ expr: `max(talebridge_journal_failing{${WHERE}})`, legend: "" }],
  },
  {
    title: "Decisions",
    kind: "timeseries",
    unit: "short",
    width: 12,
    about: "Answers to gate questions in an hour, by verdict.",
    queries: [{ expr: `sum by (verdict) (increase(talebridge_decisions_total{${WHERE}}[1h]))`, legend: "{{verdict}}" }],
  },
  {
    title: "Reasons of denials and cuts",
    kind: "timeseries",
    unit: "short",
    width: 12,
    about: "In an hour, by the reason that bound.",
    queries: [
      {
        expr: `sum by (reason) (increase(talebridge_decisions_total{verdict!="allow", ${WHERE}}[1h]))`,
        legend: "{{reason}}",
      },
    ],
  },
  {
    title: "Sessions denied, by reason",
    kind: "timeseries",
    unit: "short",
    width: 12,
    about: "Which breaker holds.",
    queries: [{ expr: `sum by (reason) (talebridge_live_sessions_denied{${WHERE}})`, legend: "{{reason}}" }],
  },
  {
    title: "Requests",
    kind: "timeseries",
    unit: "reqps",
    width: 12,
    about: "By what they ask for. No annotate: no candle is judged.",
    queries: [{ expr: rate("talebridge_requests_total", "op"), legend: "{{op}}" }],
  },
  {
    title: "Gate, inside the daemon",
    kind: "timeseries",
    unit: "s",
    width: 12,
    about: "The shim waits 50 ms.",
    queries: quantiles("talebridge_gate_seconds"),
  },
  {
    title: "Annotate, inside the daemon",
    kind: "timeseries",
    unit: "s",
    width: 12,
    about: "One frame of candles, waiting included.",
    queries: quantiles("talebridge_annotate_seconds"),
  },
  {
    title: "Event loop delay",
    kind: "timeseries",
    unit: "s",
    width: 12,
    about: "What a request may wait before it is read.",
    queries: quantiles("talebridge_event_loop_delay_seconds"),
  },
  {
    title: "Journal",
    kind: "timeseries",
    unit: "s",
    width: 12,
    about: "Time of a sync, and the age of the oldest line not on the disk.",
    queries: [
      { expr: quantile("talebridge_journal_fsync_seconds", 0.99), legend: "sync p99" },
      { expr: `max(talebridge_journal_unsynced_seconds{${WHERE}})`, legend: "unsynced" },
    ],
  },
  {
    title: "Trouble",
    kind: "timeseries",
    unit: "short",
    width: 12,
    about: "In an hour: all of these are zero on a good day.",
    queries: [
      "errors",
      "late",
      "handler_errors",
      "malformed",
      "batches_busy",
      "replies_dropped",
      "clients_refused",
    ].map((name) => ({
      expr: `sum(increase(talebridge_${name}_total{${WHERE}${name === "errors" ? ', status="internal"' : ""}}[1h]))`,
      legend: name,
    })),
  },
  {
    title: "Process",
    kind: "timeseries",
    unit: "bytes",
    width: 12,
    about: "Memory.",
    queries: [
      { expr: `max(process_resident_memory_bytes{job="talebridge", ${WHERE}})`, legend: "resident" },
      { expr: `max(process_heap_bytes{job="talebridge", ${WHERE}})`, legend: "heap" },
    ],
  },
];

const DATASOURCE = { type: "prometheus", uid: "$datasource" };

/** All that Grafana's own types ask for: `npm run check:deploy` loads the dashboard into them. */
const OPTIONS = {
  stat: {
    reduceOptions: { calcs: ["lastNotNull"] },
    textMode: "auto",
    graphMode: "area",
    colorMode: "value",
    justifyMode: "auto",
    orientation: "auto",
    wideLayout: true,
    showPercentChange: false,
    percentChangeColorMode: "standard",
  },
  timeseries: {
    tooltip: { mode: "multi", sort: "none" },
    legend: { displayMode: "list", placement: "bottom", showLegend: true, calcs: [] },
  },
};

/** @param {Panel} panel @param {number} id @param {{ x: number, y: number }} place */
function draw(panel, id, place) {
  const red = panel.alarm === undefined ? [] : [{ color: "red", value: panel.alarm }];
  return {
    id,
    title: panel.title,
    description: panel.about,
    type: panel.kind,
    datasource: DATASOURCE,
    gridPos: { ...place, w: panel.width, h: HEIGHT[panel.kind] },
    fieldConfig: {
      defaults: {
        unit: panel.unit,
        min: 0,
        thresholds: { mode: "absolute", steps: [{ color: "green", value: null }, ...red] },
      },
      overrides: [],
    },
    options: OPTIONS[panel.kind],
    targets: panel.queries.map(({ expr, legend }, i) => ({
      refId: String.fromCharCode(65 + i),
      datasource: DATASOURCE,
      expr,
      legendFormat: legend === "" ? "__auto" : legend,
    })),
  };
}

/** @returns {string} the dashboard's JSON */
export function dashboard() {
  let x = 0;
  let y = 0;
  let height = 0;
  const panels = PANELS.map((panel, i) => {
    if (x + panel.width > COLUMNS) {
      x = 0;
      y += height;
      height = 0;
    }
    const drawn = draw(panel, i + 1, { x, y });
    x += panel.width;
    height = Math.max(height, HEIGHT[panel.kind]);
    return drawn;
  });
  const variables = [
    { name: "datasource", type: "datasource", query: "prometheus", label: "Data source" },
    {
      name: "instance",
      type: "query",
      label: "Bridge",
      datasource: DATASOURCE,
      query: "label_values(talebridge_build_info, instance)",
      refresh: 2,
      includeAll: true,
      multi: true,
      allValue: ".*",
      current: { text: "All", value: "$__all" },
    },
  ];
  const document = {
    uid: "talebridge",
    title: "talebridge",
    tags: ["freqtrade", "talebridge"],
    schemaVersion: 39,
    editable: true,
    refresh: "30s",
    time: { from: "now-24h", to: "now" },
    timezone: "",
    templating: { list: variables },
    annotations: { list: [] },
    panels,
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}

const target = fileURLToPath(new URL("./dashboards/talebridge.json", import.meta.url));
if (process.argv[1] === fileURLToPath(import.meta.url)) {
  if (!process.argv.includes("--check")) writeFileSync(target, dashboard());
  else if (readFileSync(target, "utf8") !== dashboard()) {
    process.stderr.write(
      "deploy/grafana/dashboards/talebridge.json is out of date: node deploy/grafana/make-dashboard.mjs\n",
    );
    process.exitCode = 1;
  }
}
