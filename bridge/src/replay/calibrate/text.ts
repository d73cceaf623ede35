/** A calibration for the terminal. */
import { counted, day, percent } from "../report/format.js";
import { table } from "../report/terminal.js";
import type { Tally } from "./jumps.js";
import type { Calibration, ProfileCalibration, Spread } from "./result.js";
import { toTimerange } from "./timerange.js";

/** Lines without the final newline. */
export function calibrationText(found: Calibration): string {
  const { source, gate, basis } = found;
  const from = source.backtest === null ? "" : `; entries of ${source.backtest.strategy} in ${source.backtest.file}`;
  return [
    `${counted(source.pairs.length, "pair", "pairs")}, ${source.timeframe}, ${source.trading_mode}, ${day(source.range.from_ms)} to ${day(source.range.to_ms)}${from}`,
    ...source.left_out.map(({ why }) => `left out: ${why}`),
    ...source.pairs
      .filter(({ filled }) => filled > 0)
      .map(
        ({ pair, filled, longest_gap }) =>
          `${pair}: ${counted(filled, "candle is", "candles are")} missing, up to ${longest_gap} in a row`,
      ),
    "",
    "The profiles as they are: share cut or denied / denied",
    sharesTable(found),
    "",
    ...walkForwardText(found),
    "",
    "Forecasts against what came: exceeded / expected (p of Kupiec, of Christoffersen; small: not as promised)",
    coverageTable(found),
    `Worst move within ${gate.adverse_horizon_candles} candles beyond its ${percent(gate.adverse_quantile, 0)} quantile (p: of every ${gate.adverse_horizon_candles}th candle)`,
    adverseTable(found),
    "",
    `Rules are chosen by how many ${basis} they touch, never by profit. Even so: what has been looked at cannot judge them. Replay a backtest of the hold-out alone,`,
    `  freqtrade backtesting … --timerange ${toTimerange(found.hold_out)}`,
    `once, and with --tried ${found.gates_tried} (a file of --params-out tells the replay by itself).`,
  ].join("\n");
}

const NOTHING: Tally = { count: 0, affected: 0, denied: 0 };

function shares({ count, affected, denied }: Tally): string {
  return count === 0 ? "–" : `${percent(affected / count)} / ${percent(denied / count)}`;
}

/** Pairs down, profiles across; candles, and below them entries. */
function sharesTable({ profiles, source }: Calibration): string {
  const rows = (name: string, cell: (one: ProfileCalibration, pair: string | null) => Tally | null | undefined) =>
    [null, ...source.pairs.map(({ pair }) => pair)].map((pair) => [
      `${pair ?? "all"}, ${name}`,
      ...profiles.map((one) => shares(cell(one, pair) ?? NOTHING)),
    ]);
  const of = (one: ProfileCalibration, pair: string | null) =>
    pair === null ? one : one.by_pair.find((row) => row.pair === pair);
  return table([
    ["", ...profiles.map(({ profile }) => profile)],
    ...rows("candles", (one, pair) => of(one, pair)?.candles),
    ...(source.backtest === null ? [] : rows("entries", (one, pair) => of(one, pair)?.entries)),
  ]);
}

function walkForwardText(found: Calibration): string[] {
  const { walk_forward, basis, basis_why, source, hold_out } = found;
  const { splits, train_candles, embargo_candles, test_candles } = walk_forward;
  const rows = found.profiles.map(({ profile, nominal_share, spread, suggested, not_suggested }) =>
    spread === null || suggested === null
      ? [profile, percent(nominal_share), `none: ${not_suggested ?? ""}`]
      : [
          profile,
          percent(nominal_share),
          levels(suggested.rule),
          of(spread.from, (value) => value.toFixed(2)),
          of(spread.affected, percent),
          of(spread.affected_as_it_is, percent),
          shares(suggested.hold_out.candles),
          ...(suggested.hold_out.entries === null ? [] : [shares(suggested.hold_out.entries)]),
        ],
  );
  const of_backtest = source.backtest === null ? [] : ["hold-out: entries"];
  return [
    `Chosen so that the nominal share of ${basis} is touched (${basis_why}), walk-forward: ${splits.length} windows, each ${train_candles} candles to choose on, ${embargo_candles} of embargo, ${test_candles} to judge on`,
    table([
      [
        ...["", "nominal", "jump from → to (deny above)", "from, over windows", "touched on test", "as it is"],
        ...["hold-out: candles", ...of_backtest],
      ],
      ...rows,
    ]),
    `hold-out: ${day(hold_out.from_ms)} to ${day(hold_out.to_ms)}. Shares over windows: least / median / most`,
  ];
}

function levels({ from, to, deny_above }: { from: number; to: number; deny_above: number | null }): string {
  return `${from} → ${to}${deny_above === null ? "" : ` (${deny_above})`}`;
}

function of({ min, median, max }: Spread, show: (value: number) => string): string {
  return [min, median, max].map((value) => show(value)).join(" / ");
}

function coverageTable({ coverage, source }: Calibration): string {
  const sides = [...new Set(coverage.map(({ side }) => side))];
  const cell = (pair: string, side: string, level: number): string => {
    const row = coverage.find((one) => one.pair === pair && one.side === side && one.level === level);
    return row === undefined
      ? "–"
      : `${row.exceedances} / ${row.expected.toFixed(0)} (${row.kupiec_p.toFixed(2)}, ${row.christoffersen_p.toFixed(2)})`;
  };
  const columns = sides.flatMap((side) => [95, 99].map((level) => ({ side, level })));
  return table([
    ["", ...columns.map(({ side, level }) => `VaR ${level}, ${side}`)],
    ...source.pairs.map(({ pair }) => [pair, ...columns.map(({ side, level }) => cell(pair, side, level))]),
  ]);
}

function adverseTable({ adverse, source }: Calibration): string {
  const sides = [...new Set(adverse.map(({ side }) => side))];
  return table([
    ["", ...sides.map(String)],
    ...source.pairs.map(({ pair }) => [
      pair,
      ...sides.map((side) => {
        const row = adverse.find((one) => one.pair === pair && one.side === side);
        if (row === undefined || row.forecasts === 0) return "–";
        const p = row.apart.kupiec_p;
        return `${percent(row.exceeded / row.forecasts)} of ${row.forecasts} (${p === null ? "–" : p.toFixed(2)})`;
      }),
    ]),
  ]);
}
