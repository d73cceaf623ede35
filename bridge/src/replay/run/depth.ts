/** How deep trades went, against what was forecast at their entry: the thing the measures can be expected to know something about. */
import { adverseExcursion } from "../statistics/excursion.js";
import { kupiec } from "../statistics/kupiec.js";
import { quantile } from "../statistics/quantile.js";
import { rankCorrelation } from "../statistics/rank_correlation.js";
import type { PairMarket, Resolved } from "./market.js";
import type { ReplayResult } from "./result.js";
import type { JudgedLeg } from "./walk.js";

/** Fewer trades than this make deciles of a handful each. */
const MIN_TRADES = 50;
const DECILES = 10;
const STOPS = new Set(["stop_loss", "trailing_stop_loss", "stoploss_on_exchange", "liquidation"]);

type Depth = NonNullable<ReplayResult["depth"]>;

interface Known {
  readonly es99: number;
  readonly excursion: number;
  readonly stopped: boolean;
}

/** Of trades as the backtest ran them, whatever the gate says of them. */
export function depthOf(
  judged: readonly JudgedLeg[],
  markets: ReadonlyMap<string, PairMarket>,
  settings: Pick<Resolved["settings"], "adverse_horizon_candles" | "adverse_quantile">,
): Depth | null {
  const opened = judged.filter(({ leg }) => leg.number === 0);
  const known = opened.flatMap(({ leg }): Known[] => {
    const { trade } = leg;
    const es99 = markets.get(trade.pair)?.depthAt(leg.asked_ms, trade.side).es99 ?? Number.NaN;
    const excursion = adverseExcursion(trade);
    if (!Number.isFinite(es99) || excursion === null) return [];
    return [{ es99, excursion, stopped: STOPS.has(trade.exit_reason) }];
  });
  if (known.length < MIN_TRADES) return null;
  known.sort((a, b) => a.es99 - b.es99);
  return {
    trades: known.length,
    rank_correlation: rankCorrelation(
      known.map(({ es99 }) => es99),
      known.map(({ excursion }) => excursion),
    ),
    deciles: Array.from({ length: DECILES }, (_, index) => {
      const from = Math.floor((index * known.length) / DECILES);
      return decile(index + 1, known.slice(from, Math.floor(((index + 1) * known.length) / DECILES)));
    }),
    adverse: adverseOf(opened, markets, settings),
  };
}

function decile(number: number, members: readonly Known[]): Depth["deciles"][number] {
  const excursions = Float64Array.from(members, ({ excursion }) => excursion).sort();
  return {
    decile: number,
    es99_from: members[0]?.es99 ?? Number.NaN,
    es99_to: members.at(-1)?.es99 ?? Number.NaN,
    trades: members.length,
    excursion_median: quantile(excursions, 0.5),
    excursion_mean: excursions.reduce((sum, value) => sum + value, 0) / members.length,
    stops: members.filter(({ stopped }) => stopped).length,
  };
}

/** The worst move within the horizon, whether or not the trade lasted that long, against its forecast quantile. */
function adverseOf(
  opened: readonly JudgedLeg[],
  markets: ReadonlyMap<string, PairMarket>,
  settings: Pick<Resolved["settings"], "adverse_horizon_candles" | "adverse_quantile">,
): Depth["adverse"] {
  const horizon_candles = settings.adverse_horizon_candles;
  let [forecasts, exceeded] = [0, 0];
  for (const { leg } of opened) {
    const { pair, side } = leg.trade;
    const market = markets.get(pair);
    const forecast = market?.depthAt(leg.asked_ms, side).adverse ?? Number.NaN;
    const worst = market?.worstMove(leg.asked_ms, leg.rate, side, horizon_candles) ?? Number.NaN;
    if (!Number.isFinite(forecast) || !Number.isFinite(worst)) continue;
    forecasts += 1;
    if (worst > forecast) exceeded += 1;
  }
  if (forecasts === 0) return null;
  const probability = 1 - settings.adverse_quantile;
  return {
    horizon_candles,
    quantile: settings.adverse_quantile,
    forecasts,
    exceeded,
    expected: forecasts * probability,
    kupiec_p: kupiec(exceeded, forecasts, probability).p_value,
  };
}
