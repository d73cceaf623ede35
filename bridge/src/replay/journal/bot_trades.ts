/** A bot's own trades: as `freqtrade show-trades --print-json` and its REST API list them, or a backtest's export. */
import { readFile, stat } from "node:fs/promises";
import { basename } from "node:path";
import { Compile, Type } from "../../typebox.js";
import { readBacktest } from "../read/backtest.js";
import { ReplayInputError } from "../read/error.js";
import { MAX_TRADES, TradeSchema } from "../read/layout.js";
import { type Trade, toTrade } from "../read/trades.js";
import { isZip } from "../read/zip.js";

export interface BotTrades {
  readonly file: string;
  /** Closed ones, in the order of the file. */
  readonly trades: readonly Trade[];
  /** Still open: what becomes of them is not known. */
  readonly open: number;
}

const MAX_BYTES = 1 << 28;
const OpenSchema = Type.Object({ is_open: Type.Optional(Type.Boolean()) });
const ListSchema = Compile(Type.Array(OpenSchema, { maxItems: MAX_TRADES }));
const TradeCheck = Compile(TradeSchema);

/**
 * @param strategy of a backtest that holds several
 * @throws ReplayInputError when the file is none of these
 */
export async function readBotTrades(path: string, strategy: string | undefined): Promise<BotTrades> {
  const file = basename(path);
  const bytes = await readBounded(path);
  const listed = isZip(bytes) ? null : tradesIn(bytes, file);
  if (listed === null) {
    const { trades } = await readBacktest(path, { strategy });
    return { file, trades, open: 0 };
  }
  return botTrades(listed, file);
}

/** @param text what `freqtrade show-trades --print-json` printed */
export function parseShownTrades(text: string, file: string): BotTrades {
  const at = text.indexOf("[");
  const listed = at < 0 ? null : tradesIn(Buffer.from(text.slice(at)), file);
  if (listed === null) throw new ReplayInputError(`${file}: freqtrade printed no list of trades.`);
  return botTrades(listed, file);
}

function botTrades(listed: readonly unknown[], file: string): BotTrades {
  const closed = listed.filter((trade) => Object(trade).is_open !== true);
  const trades = closed.map((trade, index) => {
    const where = `${file}: closed trade ${index}`;
    if (!TradeCheck.Check(trade)) {
      const [error] = TradeCheck.Errors(trade);
      throw new ReplayInputError(
        `${where} is not one that freqtrade shows (${error?.instancePath ?? ""} ${error?.message ?? ""}). Export it again: freqtrade show-trades --db-url sqlite:///tradesv3.sqlite --print-json > trades.json`,
      );
    }
    return toTrade(trade, index, where);
  });
  return { file, trades, open: listed.length - closed.length };
}

/** The list in a JSON text; null when it holds something else. */
function tradesIn(bytes: Uint8Array, file: string): readonly unknown[] | null {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    throw new ReplayInputError(`${file} is not valid JSON. Export it again.`);
  }
  const listed: unknown = Array.isArray(value) ? value : Object(value).trades;
  return ListSchema.Check(listed) ? listed : null;
}

async function readBounded(path: string): Promise<Uint8Array> {
  try {
    const { size } = await stat(path);
    if (size > MAX_BYTES) throw new ReplayInputError(`${path} has ${size} bytes; at most ${MAX_BYTES} are read.`);
    return await readFile(path);
  } catch (error) {
    if (error instanceof ReplayInputError) throw error;
    throw new ReplayInputError(`${path} cannot be read: ${error instanceof Error ? error.message : String(error)}.`);
  }
}
