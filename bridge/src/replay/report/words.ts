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

/** The answer in one line: what this backtest or journal can say for the gate, and no more. */
export function verdict(result: ReplayResult): string {
  const { placebo, counts } = result;
  const here = `in this ${subject(result)}`;
  switch (placebo.status) {
    case "nothing_cut":
      if (counts.outcome_unknown > 0 && stopped(result) > 0)
        return "Of no entry that the gate cut or denied is the outcome known";
      return `The gate ${conditional(result, "would not have changed", "changed nothing of")} this ${subject(result)}`;
    case "sample_too_small":
      return "The sample is too small to tell the gate from chance";
    case "compared":
      if (placebo.percentile >= 0.95) return `The gate did better than chance ${here}: a hint, not proof`;
      if (placebo.percentile <= 0.05) return `The gate did worse than chance ${here}`;
      return `The gate cannot be told from chance ${here}`;
  }
}

/** What was replayed, in a word. */
export function subject({ source }: Pick<ReplayResult, "source">): string {
  return source.kind;
}

/** A bot that enforces has done what a backtest and a shadow only would have. */
function conditional({ source, gate }: ReplayResult, would: string, did: string): string {
  const mode: unknown = Object(gate.settings).mode;
  return source.kind === "journal" && mode === "enforce" ? did : would;
}

function stopped({ counts }: ReplayResult): number {
  return counts.reduced + counts.denied + counts.not_asked;
}

/** What the gate would have done, and what that would have changed. */
export function answer(result: ReplayResult): string {
  const { counts } = result;
  const known = counts.entries - counts.outcome_unknown;
  const told = counts.outcome_unknown === 0 ? "" : ` The outcome is known of ${known} of them.`;
  if (stopped(result) === 0) {
    return `The gate ${conditional(result, "would not have changed", "changed")} ${conditional(result, "any", "none")} of the ${counted(counts.entries, "entry", "entries")} of this ${subject(result)}.${told}`;
  }
  const fell = counts.not_asked === 0 ? "" : ` (${counts.not_asked} scale-ins would have fallen away with their trade)`;
  return (
    `Of ${counted(counts.entries, "entry", "entries")} the gate ${conditional(result, "would have denied", "denied")} ${counts.denied} and cut ${counts.reduced}${fell}.${told}` +
    (known === 0 ? "" : ` ${profitIn(result)}`)
  );
}

function profitIn(result: ReplayResult): string {
  const { without, source } = result;
  const { money } = moneyIn(source);
  const currency = source.stake_currency;
  return (
    `Profit ${conditional(result, "would have been", "was")} ${money(result.with.profit_abs)} ${currency} (${percent(result.with.profit_ratio)}) ` +
    `instead of ${money(without.profit_abs)} ${currency} (${percent(without.profit_ratio)}): ` +
    `losses of ${money(result.effect.loss_avoided_abs)} avoided, profits of ${money(result.effect.profit_foregone_abs)} missed.`
  );
}

/** Whether that is more than chance, as far as one backtest can tell. */
export function againstChance(result: ReplayResult): string {
  const { placebo } = result;
  switch (placebo.status) {
    case "nothing_cut":
      if (result.counts.outcome_unknown > 0)
        return "Nothing with a known outcome was cut, so there is nothing to compare with chance.";
      return "Nothing was cut, so there is nothing to compare with chance.";
    case "sample_too_small":
      return (
        `Sample too small to tell the gate from chance: ${counted(placebo.blocks, "candle", "candles")} with entries, at least ${placebo.needed} are needed. ` +
        `These figures describe this ${subject(result)}; they are not evidence that the gate picks the right entries.`
      );
    case "compared": {
      const beaten = percent(placebo.percentile, 0);
      const what = `gates that cut as much and as often, but at other moments of this ${subject(result)} (${placebo.shifts} tried)`;
      if (placebo.percentile >= 0.95) {
        return `The gate did better than ${beaten} of ${what}. One ${subject(result)} is one sample: this is a hint, not proof, and worth nothing once settings were chosen by it.`;
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
  const { effect, source, counts } = result;
  const { signedMoney } = moneyIn(source);
  if (counts.outcome_unknown === counts.entries)
    return "Of no entry is the outcome known, so nothing is said of profit.";
  return (
    `${counts.outcome_unknown === 0 ? "The gate" : "Of the entries with a known outcome the gate"} let ${percent(effect.stake_share)} of the stake through and changed profit by ${signedMoney(effect.profit_change_abs)} ${source.stake_currency}. ` +
    `Cutting every entry to ${percent(effect.stake_share)}, without judging any, would have changed it by ${signedMoney(effect.constant_size_change_abs)}.`
  );
}

/** What the figures leave out. */
export function firstOrder(result: ReplayResult): string {
  return result.source.kind === "journal" ? FIRST_ORDER_LIVE : FIRST_ORDER;
}

const FIRST_ORDER_LIVE =
  "First order: the trades the bot made, at the sizes with and without the gate. Had the other been the case, slots and money had gone into other entries, and later stakes had followed another balance.";

const FIRST_ORDER =
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
  const { liquidations } = result;
  if (liquidations !== null && liquidations.without > 0) {
    found.push(
      `${counted(liquidations.without, "trade", "trades")} ended in a liquidation without the gate, ${liquidations.with} with it.`,
    );
  }
  const { ours, freqtrade } = checks.profit;
  if (freqtrade !== null && Math.abs(ours - freqtrade) >= 0.01) {
    found.push(
      `The trades add up to ${money(ours)}, freqtrade's own total is ${money(freqtrade)}: the file may be incomplete.`,
    );
  }
  return found;
}
