/** The rows of `npm run replay:real` -> the tables of docs/replay.md. Pure. */

export const STRATEGIES = /** @type {const} */ (["GateOnly", "GateAndSizing", "DcaGated"]);
export const PROFILES = /** @type {const} */ (["conservative", "aggressive", "extreme"]);
export const MARKETS = /** @type {const} */ ([
  { timeframe: "5m", timerange: "20250105-20260101" },
  { timeframe: "1h", timerange: "20241101-20260201" },
]);
const MEASURES = /** @type {const} */ ([
  ["profit_change", "placebo: profit"],
  ["excess", "excess"],
  ["return_excess", "return excess"],
  ["cvar95_change", "CVaR 95"],
  ["drawdown_change", "drawdown"],
]);

/** @typedef {{ strategy: string, timeframe: string, profile: string }} Case */
/** @typedef {{ profit_abs: number, profit_ratio: number, drawdown_closed: { ratio: number } }} Side */
/** @typedef {{ status: string, measures?: { measure: string, percentile: number }[] }} Placebo */
/** @typedef {{ trades: number, trades_in_both: number, trades_only_gated: number, trades_only_ungated: number, parts: { in_both_abs: number, only_ungated_abs: number, only_gated_abs: number } }} Parts */
/** @typedef {{ source: { starting_balance: number }, counts: Record<string, number>, without: Side, with: Side, effect: { stake_share: number, figures: { figure: string, low: number | null, high: number | null }[] }, placebo: Placebo, selection: { deflated: number } | null, second_order: { side: Side, slots: { full_share_without: number | null, rejected_signals: number | null } }, exact: (Side & Parts) | null, crises: { name: string, kind: string, market_change: number, entries: number, affected: number, account_change_without: number, account_change_with: number }[] }} Result */
/** `rules`: the candle rules alone. @typedef {Case & { code: string, result: Omit<Result, "exact"> & { exact: Side & Parts }, rules: Omit<Result, "exact"> }} Row */

/** Every case, in the order of the table. @returns {Case[]} */
export function cases() {
  return MARKETS.flatMap(({ timeframe }) =>
    STRATEGIES.flatMap((strategy) => PROFILES.map((profile) => ({ strategy, timeframe, profile }))),
  );
}

/** @param {Case} of */
export function labelOf({ strategy, timeframe, profile }) {
  return `${strategy}, ${timeframe}, ${profile}`;
}

/** @param {number} ratio */
const percent = (ratio) => `${(100 * ratio).toFixed(1)} %`.replace("-", "−");
/** @param {number} ratio */
const signed = (ratio) => (ratio >= 0 ? `+${percent(ratio)}` : percent(ratio));

/** @param {readonly (readonly string[])[]} rows of which the first is the head */
function markdown(rows) {
  const [head = [], ...body] = rows;
  return `${[head, head.map(() => "---"), ...body].map((row) => `| ${row.join(" | ")} |`).join("\n")}\n`;
}

/** What the gate does, and where it stands among random gates. @param {readonly Row[]} rows */
export function effectTable(rows) {
  const head = [
    ...["strategy, timeframe, profile", "entries", "reduced / denied", "stake let through", "profit without"],
    ...["first order", "95 % interval of the change", "second order", "gated backtest", "max drawdown"],
    ...MEASURES.map(([, name]) => name),
    "deflated Sharpe",
  ];
  return markdown([head, ...rows.map(effectRow)]);
}

/** @param {Row} row */
function effectRow({ result, ...of }) {
  const { source, counts, without, with: gated, effect, placebo, selection, second_order, exact } = result;
  const profit = effect.figures.find(({ figure }) => figure === "profit_abs");
  const of_balance = (/** @type {number} */ money) => percent(money / source.starting_balance);
  return [
    labelOf(of),
    `${counts.entries}`,
    `${counts.reduced} / ${(counts.denied ?? 0) + (counts.not_asked ?? 0)}`,
    percent(effect.stake_share),
    percent(without.profit_ratio),
    percent(gated.profit_ratio),
    profit?.low == null || profit.high == null ? "–" : `${of_balance(profit.low)} … ${of_balance(profit.high)}`,
    percent(second_order.side.profit_ratio),
    percent(exact.profit_ratio),
    `${percent(without.drawdown_closed.ratio)} → ${percent(gated.drawdown_closed.ratio)}`,
    ...MEASURES.map(([measure]) => percentile(placebo, measure)),
    selection === null ? "–" : selection.deflated.toFixed(2),
  ];
}

/** @param {Placebo} placebo @param {string} measure */
function percentile(placebo, measure) {
  const found = placebo.measures?.find((row) => row.measure === measure);
  return found === undefined ? placebo.status.replaceAll("_", " ") : (100 * found.percentile).toFixed(0);
}

/** The candle rules without the limits on the account. @param {readonly Row[]} rows */
export function rulesTable(rows) {
  const head = [
    ...["strategy, timeframe, profile", "reduced / denied", "stake let through", "profit without", "first order"],
    ...MEASURES.map(([, name]) => name),
  ];
  const body = rows.map(({ rules, ...of }) => [
    labelOf(of),
    `${rules.counts.reduced} / ${(rules.counts.denied ?? 0) + (rules.counts.not_asked ?? 0)}`,
    percent(rules.effect.stake_share),
    percent(rules.without.profit_ratio),
    percent(rules.with.profit_ratio),
    ...MEASURES.map(([measure]) => percentile(rules.placebo, measure)),
  ]);
  return markdown([head, ...body]);
}

/** How far the first and the second order are from the gated backtest, and what the distance is made of. @param {readonly Row[]} rows */
export function distanceTable(rows) {
  const head = [
    ...["strategy, timeframe, profile", "first order − gated", "second order − gated"],
    ...["trades of both: other stakes and answers", "trades the gated run did not have", "trades let in"],
    ...["trades: both / only gated / only ungated", "every slot taken", "signals rejected for want of a slot"],
    "max drawdown: first / second / gated",
  ];
  const body = rows.map(({ result, ...of }) => {
    const { source, with: first, second_order, exact } = result;
    const { parts } = exact;
    const share = (/** @type {number} */ money) => signed(money / source.starting_balance);
    const { full_share_without, rejected_signals } = second_order.slots;
    return [
      labelOf(of),
      share(first.profit_abs - exact.profit_abs),
      share(second_order.side.profit_abs - exact.profit_abs),
      ...[parts.in_both_abs, parts.only_ungated_abs, parts.only_gated_abs].map(share),
      `${exact.trades_in_both} / ${exact.trades_only_gated} / ${exact.trades_only_ungated}`,
      full_share_without === null ? "–" : percent(full_share_without),
      rejected_signals === null ? "–" : `${rejected_signals}`,
      [first, second_order.side, exact].map((side) => percent(side.drawdown_closed.ratio)).join(" / "),
    ];
  });
  return markdown([head, ...body]);
}

/** How the account came through the named crashes. @param {readonly Row[]} rows */
export function crashTable(rows) {
  const head = [
    ...["strategy, timeframe, profile", "crash", "pairs' mean change", "entries / cut or denied"],
    ...["account without", "account with"],
  ];
  const body = rows.flatMap(({ result, ...of }) =>
    result.crises
      .filter(({ kind, market_change }) => kind === "named" && market_change < -0.05)
      .map((crash) => [
        labelOf(of),
        crash.name,
        signed(crash.market_change),
        `${crash.entries} / ${crash.affected}`,
        signed(crash.account_change_without / result.source.starting_balance),
        signed(crash.account_change_with / result.source.starting_balance),
      ]),
  );
  return markdown([head, ...body]);
}

/**
 * @param {string} page @param {readonly Row[]} rows of one version of the code, every case once
 * @returns {string} the page with its tables
 * @throws {Error} when a case is missing, or rows are of different versions
 */
export function filled(page, rows) {
  const missing = cases().filter((one) => !rows.some((row) => labelOf(row) === labelOf(one)));
  if (missing.length > 0) throw new Error(`not yet run: ${missing.map(labelOf).join("; ")}`);
  const codes = [...new Set(rows.map((row) => row.code))];
  if (codes.length > 1) throw new Error(`the rows are of different versions: ${codes.join(", ")}`);
  const tables = {
    "real-rules": rulesTable(rows),
    "real-effect": effectTable(rows),
    "real-distance": distanceTable(rows),
    "real-crashes": crashTable(rows),
  };
  return Object.entries(tables).reduce((text, [name, table]) => between(text, name, table), page);
}

/** @param {string} page @param {string} name @param {string} table */
function between(page, name, table) {
  const [open, close] = [`<!-- ${name} -->\n`, `<!-- /${name} -->`];
  const [from, to] = [page.indexOf(open) + open.length, page.indexOf(close)];
  if (from < open.length || to < from) throw new Error(`the page has no place for the table ${name}`);
  return `${page.slice(0, from)}${table}${page.slice(to)}`;
}
