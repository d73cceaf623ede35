/** The findings in sentences: the same ones on the page and in the terminal. */
import { REASONS } from "../../protocol/codes.js";
import type { Entry, ReplayResult } from "../run/result.js";
import { counted, measure, moneyIn, percent } from "./format.js";

/** Why an entry was cut or denied, with the measured value and its limit. */
export function explain(entry: Pick<Entry, "decision" | "reason" | "value" | "limit">): string {
  if (entry.decision === "not_asked") return "Scale-in of a trade the gate would not have let open";
  const { value, limit } = entry;
  const plain = value === null ? "" : ` (${measure(value)}${limit === null ? "" : `, limit ${measure(limit)}`})`;
  switch (entry.reason) {
    case "jump":
      return `The signal candle is a jump: |return| is ${measure(value)} times what is usual${limit === null ? "" : `, limit ${measure(limit)}`}`;
    case "drawdown":
      return `Equity is ${percent(value)} below its high-water mark, limit ${percent(limit)}`;
    case "daily_loss":
      return `Equity is ${percent(value)} below the start of the day, limit ${percent(limit)}`;
    case "exposure_gross":
      return `All positions would be ${measure(value)} times equity, limit ${measure(limit)}`;
    case "exposure_pair":
      return `This pair's positions would be ${measure(value)} times equity, limit ${measure(limit)}`;
    case "warming_up":
      return "Too little history before this candle to judge it";
    case "volatility":
      return `Range volatility is above the level of a rule${plain}`;
    case "tail":
      return `A tail measure is above the level of a rule${plain}`;
    default:
      return (REASONS.find((reason) => reason.name === entry.reason)?.meaning ?? entry.reason) + plain;
  }
}

/** The answer in one line: what this backtest can say for the gate, and no more. */
export function verdict(result: ReplayResult): string {
  const { placebo } = result;
  switch (placebo.status) {
    case "nothing_cut":
      return "The gate would not have changed this backtest";
    case "sample_too_small":
      return "The sample is too small to tell the gate from chance";
    case "compared":
      if (placebo.percentile >= 0.95) return "The gate did better than chance on this backtest: a hint, not proof";
      if (placebo.percentile <= 0.05) return "The gate did worse than chance on this backtest";
      return "The gate cannot be told from chance on this backtest";
  }
}

/** What the gate would have done, and what that would have changed. */
export function answer(result: ReplayResult): string {
  const { counts, without, source } = result;
  const { money } = moneyIn(source);
  const currency = source.stake_currency;
  const cut = counts.reduced + counts.denied + counts.not_asked;
  if (cut === 0) {
    return `The gate would not have changed any of the ${counted(counts.entries, "entry", "entries")} of this backtest.`;
  }
  const fell = counts.not_asked === 0 ? "" : ` (${counts.not_asked} scale-ins would have fallen away with their trade)`;
  return (
    `Of ${counted(counts.entries, "entry", "entries")} the gate would have denied ${counts.denied} and cut ${counts.reduced}${fell}. ` +
    `Profit would have been ${money(result.with.profit_abs)} ${currency} (${percent(result.with.profit_ratio)}) ` +
    `instead of ${money(without.profit_abs)} ${currency} (${percent(without.profit_ratio)}): ` +
    `losses of ${money(result.effect.loss_avoided_abs)} avoided, profits of ${money(result.effect.profit_foregone_abs)} missed.`
  );
}

/** Whether that is more than chance, as far as one backtest can tell. */
export function againstChance(result: ReplayResult): string {
  const { placebo } = result;
  switch (placebo.status) {
    case "nothing_cut":
      return "Nothing was cut, so there is nothing to compare with chance.";
    case "sample_too_small":
      return (
        `Sample too small to tell the gate from chance: ${counted(placebo.blocks, "candle", "candles")} with entries, at least ${placebo.needed} are needed. ` +
        "These figures describe this backtest; they are not evidence that the gate picks the right entries."
      );
    case "compared": {
      const beaten = percent(placebo.percentile, 0);
      const what = `gates that cut as much and as often, but at other moments of this backtest (${placebo.shifts} tried)`;
      if (placebo.percentile >= 0.95) {
        return `The gate did better than ${beaten} of ${what}. One backtest is one sample: this is a hint, not proof, and worth nothing once settings were chosen by it.`;
      }
      if (placebo.percentile <= 0.05) {
        return `The gate did worse than most: it beat only ${beaten} of ${what}.`;
      }
      return `Not distinguishable from chance: the gate did better than ${beaten} of ${what}.`;
    }
  }
}

/** What the same exposure without any judgement would have done. */
export function againstConstantSize(result: ReplayResult): string {
  const { effect, source } = result;
  const { signedMoney } = moneyIn(source);
  return (
    `The gate let ${percent(effect.stake_share)} of the stake through and changed profit by ${signedMoney(effect.profit_change_abs)} ${source.stake_currency}. ` +
    `Cutting every entry to ${percent(effect.stake_share)}, without judging any, would have changed it by ${signedMoney(effect.constant_size_change_abs)}.`
  );
}

export const FIRST_ORDER =
  "First order: the recorded trades at the sizes the gate would have let through, judged against the account those sizes make. In a real gated run a " +
  "denied entry frees a slot and money for other entries, and later stakes follow the changed balance; only a gated backtest shows that.";

/** What the reader has to know about this particular input. */
export function caveats(result: ReplayResult): string[] {
  const { source, gate, counts, checks } = result;
  const { money } = moneyIn(source);
  const found = [...result.notes];
  const warming = counts.by_reason.find((reason) => reason.reason === "warming_up");
  const short = source.candles.filter((candles) => candles.rows_before_start < gate.memory_rows);
  if (warming !== undefined) {
    const pairs = short.slice(0, 5).map((candles) => `${candles.pair} (${candles.rows_before_start})`);
    found.push(
      `${counted(warming.denied, "entry was", "entries were")} denied because fewer than ${gate.memory_rows} candles precede them. ` +
        `Rows before the backtest begins: ${pairs.join(", ")}${short.length > 5 ? ", …" : ""}. Download more history, or begin the backtest later.`,
    );
  }
  if (source.forced_exits > 0) {
    found.push(
      `${counted(source.forced_exits, "trade was", "trades were")} closed only because the backtest ended; the result is an artefact.`,
    );
  }
  if (source.trades_without_orders > 0) {
    found.push(
      `${counted(source.trades_without_orders, "trade comes", "trades come")} without orders: scale-ins are judged together with the first entry.`,
    );
  }
  if (source.timeframe_detail !== "") {
    found.push(
      `Run with --timeframe-detail ${source.timeframe_detail}: entries inside a candle are judged by the last closed ${source.timeframe} candle.`,
    );
  }
  if (source.trading_mode === "futures") {
    found.push("Funding of open positions counts when they close; before that, the account's value is without it.");
  }
  const { ours, freqtrade } = checks.profit;
  if (freqtrade !== null && Math.abs(ours - freqtrade) >= 0.01) {
    found.push(
      `The trades add up to ${money(ours)}, freqtrade's own total is ${money(freqtrade)}: the file may be incomplete.`,
    );
  }
  return found;
}
