/** Counts of affected and denied candles and signals -> docs/shares.md. Pure. */

export const PROFILES = /** @type {const} */ (["conservative", "aggressive", "extreme"]);
/** Share of entry candidates each profile was expected to affect: the mean over seven strategies of the study behind the defaults. */
export const NOMINAL = { conservative: 0.21, aggressive: 0.125, extreme: 0.125 };

/** @typedef {[pair: string, month: string, candles: number, affected: number, denied: number, signals: number, signals_affected: number, signals_denied: number, first: number, first_affected: number, first_denied: number]} Line */
/** @typedef {{ timeframe: string, timerange: string, profile: typeof PROFILES[number], strategy: string, lines: Line[] }} Run */
/** @typedef {{ count: number, affected: number, denied: number }} Tally */

/** Where in a line the counts of a kind begin. `first`: the first candle of a signal that may last several. */
const AT = { candles: 2, signals: 5, first: 8 };
/** @typedef {keyof typeof AT} Of */

/** @param {readonly Line[]} lines @param {Of} of @returns {Tally} */
export function tally(lines, of) {
  const at = AT[of];
  const sum = (/** @type {number} */ index) => lines.reduce((total, line) => total + Number(line[index]), 0);
  return { count: sum(at), affected: sum(at + 1), denied: sum(at + 2) };
}

/** @param {readonly Run[]} runs */
export function summary(runs) {
  return runs.map(({ timeframe, profile, strategy, lines }) => ({
    timeframe,
    profile,
    strategy,
    candles: shares(tally(lines, "candles")),
    signals: shares(tally(lines, "signals")),
    first_signals: shares(tally(lines, "first")),
  }));
}

/** @param {Tally} t */
function shares({ count, affected, denied }) {
  return { count, affected: ratio(affected, count), denied: ratio(denied, count) };
}

/** @param {number} part @param {number} whole @returns {number | null} null: of nothing there is no share */
function ratio(part, whole) {
  return whole === 0 ? null : Math.round((10_000 * part) / whole) / 10_000;
}

/** @param {number} part @param {number} whole */
function percent(part, whole) {
  return whole === 0 ? "–" : `${((100 * part) / whole).toFixed(1)} %`;
}

/** Strategies that signal on exactly the same candles are shown once. @param {readonly Run[]} runs @returns {{ names: string[], runs: Run[] }[]} */
export function alike(runs) {
  /** @type {Map<string, { names: string[], runs: Run[] }>} */
  const groups = new Map();
  for (const name of new Set(runs.map((run) => run.strategy))) {
    const own = runs.filter((run) => run.strategy === name);
    const key = JSON.stringify(own.map((run) => [run.timeframe, run.profile, run.lines]));
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { names: [name], runs: own });
    else group.names.push(name);
  }
  return [...groups.values()];
}

const KINDS = /** @type {const} */ ([
  ["signals", "every signal"],
  ["first", "first signals"],
]);

const HEAD = `| | ${PROFILES.map((name) => `${name}: affected | denied`).join(" | ")} |`;

/**
 * One table: a line per key of `by`, then all of them together.
 * @param {readonly Run[]} runs one per profile @param {Of} of @param {0 | 1} by 0: pair, 1: month
 */
function table(runs, of, by) {
  const keys = [...new Set(runs.flatMap((run) => run.lines.map((line) => String(line[by]))))].sort();
  const line = (/** @type {string} */ label, /** @type {(line: Line) => boolean} */ wanted) => {
    const tallies = PROFILES.map((name) =>
      tally(
        runs.filter((run) => run.profile === name).flatMap((run) => run.lines.filter(wanted)),
        of,
      ),
    );
    const cells = tallies.map((t) => `${percent(t.affected, t.count)} | ${percent(t.denied, t.count)}`);
    return `| ${label} | ${tallies[0]?.count ?? 0} | ${cells.join(" | ")} |`;
  };
  const rows = keys.map((key) => line(key, (row) => row[by] === key));
  return [
    HEAD.replace("| |", `| ${by === 0 ? "pair" : "month"} | ${of === "first" ? "first signals" : of} |`),
    `|---|${"---:|".repeat(1 + 2 * PROFILES.length)}`,
    ...rows,
    line("**all**", () => true),
  ].join("\n");
}

/** Months down, pairs across; a cell is the share of signals affected, conservative / aggressive, and of how many. @param {readonly Run[]} runs */
function cross(runs) {
  const lines = runs.flatMap((run) => run.lines);
  const pairs = [...new Set(lines.map((line) => line[0]))].sort();
  const months = [...new Set(lines.map((line) => line[1]))].sort();
  const cell = (/** @type {string} */ pair, /** @type {string} */ month) => {
    const [strict, mild] = /** @type {const} */ (["conservative", "aggressive"]).map((name) =>
      tally(
        runs
          .filter((run) => run.profile === name)
          .flatMap((run) => run.lines.filter((line) => line[0] === pair && line[1] === month)),
        "signals",
      ),
    );
    if (strict === undefined || mild === undefined || strict.count === 0) return "–";
    const whole = (/** @type {Tally} */ t) => Math.round((100 * t.affected) / t.count);
    return `${whole(strict)} / ${whole(mild)} of ${strict.count}`;
  };
  return [
    `| month | ${pairs.map((pair) => pair.split("/")[0]).join(" | ")} |`,
    `|---|${"---:|".repeat(pairs.length)}`,
    ...months.map((month) => `| ${month} | ${pairs.map((pair) => cell(pair, month)).join(" | ")} |`),
  ].join("\n");
}

/** @param {readonly Run[]} runs */
function againstNominal(runs) {
  const timeframes = [...new Set(runs.map((run) => run.timeframe))];
  const rows = alike(runs).flatMap(({ names, runs: own }) =>
    timeframes.flatMap((timeframe) =>
      KINDS.map(([of, label]) => {
        const cells = PROFILES.map((name) => {
          const lines = own.filter((run) => run.timeframe === timeframe && run.profile === name);
          const t = tally(
            lines.flatMap((run) => run.lines),
            of,
          );
          return `${percent(t.affected, t.count)} | ${percent(t.denied, t.count)}`;
        });
        return `| ${names.join(", ")} | ${timeframe}, ${label} | ${cells.join(" | ")} |`;
      }),
    ),
  );
  const nominal = PROFILES.map((name) => `${percent(NOMINAL[name], 1)} | ${name === "conservative" ? "" : "0.0 %"}`);
  return [
    HEAD.replace("| |", "| strategy | which |"),
    `|---|---|${"---:|".repeat(2 * PROFILES.length)}`,
    `| *nominal* | | ${nominal.join(" | ")} |`,
    ...rows,
  ].join("\n");
}

/** @param {string} text */
const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);

/** @param {readonly Run[]} runs @returns {string} the page */
export function sharesPage(runs) {
  const markets = [...new Map(runs.map((run) => [run.timeframe, run.timerange]))];
  const sections = markets.flatMap(([timeframe, timerange]) => {
    const here = runs.filter((run) => run.timeframe === timeframe);
    const groups = alike(here);
    const first = groups[0]?.runs ?? [];
    return [
      `## ${timeframe}, ${timerange}`,
      "### Candles, by pair",
      table(first, "candles", 0),
      "### Candles, by month",
      table(first, "candles", 1),
      ...groups.flatMap(({ names, runs: own }) => [
        ...KINDS.flatMap(([of, label]) => [
          `### ${capital(label)} of ${names.join(", ")}, by pair`,
          table(own, of, 0),
          `### ${capital(label)} of ${names.join(", ")}, by month`,
          table(own, of, 1),
        ]),
        `### Every signal of ${names.join(", ")}, by pair and month`,
        "Per cent of the signals affected by conservative / by aggressive (extreme affects the same ones, by less), and how many signals there were.",
        cross(own),
      ]),
    ];
  });
  return `<!-- Generated by \`npm run shares\` from real candles; do not edit. -->

# What each profile does to candles and to entry signals

*Affected*: the candle verdict is smaller than 1, so an entry on this candle is cut or denied. *Denied*: it is 0. Account limits (drawdown, daily loss, exposure) are not in
these numbers. Candles: Binance spot, all pairs there were for the timeframe, those before the engine has its history left out. A *signal* is a candle on which the
sample strategy wants to enter, as freqtrade's own analysis marks it; a signal that lasts counts once per candle. A *first signal* is the first of such a row: what a strategy
without an open position asks about. Strategies with exactly the same signals are shown once: the samples are one dip buyer with different ways to size and to add. \`Biased\` is left
out, because it looks into the future.

## Against the nominal shares

The nominal shares are means over seven strategies (trend followers, breakouts and dip buyers) of the study behind the defaults. One strategy is not seven, and the two ways to count
differ: a dip buyer's signal begins on a sudden move, which is what the rules look at, and lasts over calmer candles. Which of the two a backtest is closer to depends on how long its
positions last.

${againstNominal(runs)}

${sections.join("\n\n")}
`;
}
