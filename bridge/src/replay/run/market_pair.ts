/** The pair that stands for the market: its closes beside another pair's candles, as the shim joins them. */
import { type CandleSource, type Candles, readCandles } from "../read/candles.js";
import { ReplayInputError } from "../read/error.js";

/** Closes of the market at a pair's candles. */
export class MarketPair {
  private constructor(
    readonly pair: string,
    private readonly candles: Candles,
  ) {}

  /**
   * @throws ReplayInputError when it is no pair of the backtest's trading mode, or has no candles: rules on market measures would judge by nothing
   */
  static async load(pair: string, source: CandleSource): Promise<MarketPair> {
    const futures = source.trading_mode === "futures";
    const [plain = "", settled] = pair.split(":");
    if (futures !== (settled !== undefined)) {
      const fix = futures ? `${plain}:${plain.split("/")[1] ?? ""}` : plain;
      throw new ReplayInputError(
        `market_pair ${pair} is no pair of trading mode ${source.trading_mode}: write ${fix} (--set market_pair=${fix}).`,
      );
    }
    return new MarketPair(pair, await readCandles(pair, source));
  }

  /** The market's close for every row, by open time; NaN where the market has no candle. */
  beside(candles: Candles): Float64Array {
    const { t_ms, close } = this.candles;
    const first = t_ms[0] ?? Number.NaN;
    const step = (t_ms[1] ?? Number.NaN) - first;
    return candles.t_ms.map((at) => {
      const row = (at - first) / step;
      return t_ms[row] === at ? (close[row] ?? Number.NaN) : Number.NaN;
    });
  }
}
