/** A journal, and a bot's trades where they are given -> a {@link ReplayResult}: what the gate said, and what that was worth as far as it is known. */

import type { Range } from "../calibrate/windows.js";
import type { ReadResult } from "../read/backtest.js";
import { ReplayInputError, shown } from "../read/error.js";
import type { Trade } from "../read/trades.js";
import { counted } from "../report/format.js";
import type { PairMarket } from "../run/pair_market.js";
import { loadMarkets, type ReplayInput, resultOf, walkOf } from "../run/replay.js";
import type { ReplayResult } from "../run/result.js";
import { type JudgedLeg, walk } from "../run/walk.js";
import type { BotTrades } from "./bot_trades.js";
import { type Linked, link } from "./link.js";
import type { JournalSession, Question } from "./questions.js";

export interface JournalInput extends Omit<ReplayInput, "backtest" | "datadir" | "settings_from"> {
  /** Name of the journal's directory, for the report. */
  readonly file: string;
  readonly told: JournalSession;
  readonly bot: BotTrades | null;
  readonly timeframe: string;
  readonly timeframe_ms: number;
  /** Null: no candles; positions are then valued at their entries, and nothing is said of forecasts. */
  readonly datadir: string | null;
}

/** @throws ReplayInputError when candles are asked for and are not there */
export async function replayJournal(input: JournalInput): Promise<ReplayResult> {
  const { told, bot, timeframe_ms, datadir, resolved } = input;
  const enforced = resolved.settings.mode === "enforce";
  const linked = link(bot?.trades ?? [], told.questions, timeframe_ms, enforced);
  const asked = [...linked.known, ...linked.unknown];
  const backtest = asBacktest(input, linked);
  const notes = [...(input.notes ?? []), ...notesOf(input, linked, enforced)];
  const full: ReplayInput = {
    ...input,
    backtest,
    datadir: datadir ?? "",
    settings_from: [`the journal of session ${told.session}`],
    notes,
  };
  const markets: ReadonlyMap<string, PairMarket> =
    datadir === null
      ? new Map()
      : await loadMarkets(
          full,
          asked.map(({ leg }) => leg.trade),
        );
  const recorded = new Map(linked.known.map((item) => [item.leg, item]));
  const walked = {
    ...walkOf(
      full,
      linked.known.map(({ leg }) => leg),
      markets,
    ),
    recorded: new Map(linked.known.flatMap(({ leg, verdict }) => (verdict === null ? [] : [[leg, verdict]]))),
  };
  const { judged, curves } = walk(walked);
  return resultOf(full, {
    kind: "journal",
    walked,
    // The signal candle is the one the question was about, whatever candles say.
    judged: judged.map((item) => ({ ...item, candle: recorded.get(item.leg)?.candle ?? item.candle })),
    unknown: linked.unknown,
    curves,
    markets,
  });
}

/** What a backtest's file would tell, as far as a journal can. */
function asBacktest({ file, told, timeframe, timeframe_ms }: JournalInput, { trades, known }: Linked): ReadResult {
  const { questions } = told;
  const { from_ms, to_ms } = spanOf(questions, known, trades);
  return {
    file,
    file_sha256: told.sha256,
    strategy: told.session,
    trades,
    timeframe,
    timeframe_ms,
    timeframe_detail: "",
    timerange: "",
    // One candle earlier, so that the one the first question was about can be judged.
    start_ms: (Math.floor(from_ms / timeframe_ms) - 1) * timeframe_ms,
    end_ms: Math.ceil(to_ms / timeframe_ms) * timeframe_ms,
    starting_balance: told.equity,
    stake_currency: currencyOf(questions),
    max_open_trades: null,
    stakes: "unknown",
    rejected_signals: null,
    trading_mode: questions.some(({ pair }) => pair.includes(":")) ? "futures" : "spot",
    pairlist: [...new Set(questions.map(({ pair }) => pair))].sort(),
    own: { profit_total_abs: null, max_drawdown_account: null, max_drawdown_abs: null },
    exchange: null,
    risk_bridge: null,
    wallet: null,
  };
}

/** From the first question or order to the last question or exit. */
export function spanOf(
  questions: readonly Pick<Question, "first_ms" | "last_ms">[],
  known: readonly { readonly leg: Pick<JudgedLeg["leg"], "asked_ms"> }[],
  trades: readonly Pick<Trade, "close_ms">[],
): Range {
  let [from_ms, to_ms] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  // One by one: a year of questions is more than a function takes.
  for (const { first_ms, last_ms } of questions) {
    from_ms = Math.min(from_ms, first_ms);
    to_ms = Math.max(to_ms, last_ms);
  }
  for (const { leg } of known) from_ms = Math.min(from_ms, leg.asked_ms);
  for (const { close_ms } of trades) to_ms = Math.max(to_ms, close_ms);
  return { from_ms, to_ms };
}

/** The stake currency is the one that pairs are quoted in, or settled in. */
function currencyOf(questions: readonly Question[]): string {
  const found = new Set(questions.map(({ pair }) => pair.split(":")[1] ?? pair.split("/")[1] ?? ""));
  const [only = ""] = found;
  if (found.size === 1 && only !== "") return only;
  throw new ReplayInputError(
    `The session's pairs are quoted in ${[...found].map(shown).join(", ")}: their stakes cannot be added up. Give single pairs' sessions.`,
  );
}

function notesOf(
  { told, bot, datadir }: JournalInput,
  { known, unknown, unasked }: Linked,
  enforced: boolean,
): string[] {
  const notes = [
    enforced
      ? "A journal of a bot that enforced: its trades are those the gate let through, and what it denied was never traded. Without the gate the trades are taken to have been larger, as they were asked for."
      : "A journal of a bot in shadow: every entry passed. The limits judged the account as it was, not the one that the gate would have made of it.",
  ];
  if (bot === null) {
    notes.push(
      "No trades were given (--trades, --db): what became of the entries is not known, so nothing is said of profit.",
    );
  } else {
    const open = bot.open === 0 ? "" : `; ${counted(bot.open, "trade of it is", "trades of it are")} still open`;
    notes.push(
      `Outcomes are from ${bot.file}: of ${known.length + unknown.length} entries ${known.length} have one${open}. The others are counted and listed, and are in no figure of profit.`,
    );
  }
  if (unasked > 0) {
    notes.push(
      `${counted(unasked, "closed trade", "closed trades")} of ${bot?.file ?? ""} left out: nothing was asked about ${unasked === 1 ? "it" : "them"} in that time, because of an older time, another bot, or a bridge that was away.`,
    );
  }
  if (told.changes > 0)
    notes.push(`The settings changed ${counted(told.changes, "time", "times")} since; those shown are the last.`);
  if (told.damage.count > 0) {
    notes.push(
      `The journal is damaged in ${counted(told.damage.count, "place", "places")}, and what is intact was read: ${told.damage.first}.`,
    );
  }
  if (datadir === null)
    notes.push(
      "No candles were given (--datadir): open positions are valued at their entries, and nothing is said of forecasts.",
    );
  return notes;
}
