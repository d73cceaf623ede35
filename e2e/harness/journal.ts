/** Journals as files of JSON lines, read without the bridge's own reader so that the two can disagree. */

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import Type, { type Static } from "typebox";
import { Compile } from "typebox/compile";

const NullableNumber = Type.Union([Type.Number(), Type.Null()]);
const DecisionSchema = Type.Union([Type.Literal("allow"), Type.Literal("reduce"), Type.Literal("deny")]);

const HelloSchema = Type.Object({
  type: Type.Literal("hello"),
  session: Type.String(),
  run_mode: Type.String(),
  fingerprint: Type.String(),
});
const GateSchema = Type.Object({
  type: Type.Literal("gate"),
  seq: Type.Integer(),
  t_ms: Type.Number(),
  session: Type.String(),
  pair: Type.String(),
  side: Type.Union([Type.Literal("long"), Type.Literal("short")]),
  kind: Type.Union([Type.Literal("entry"), Type.Literal("scale_in"), Type.Literal("replace")]),
  stage: Type.Union([Type.Literal("size"), Type.Literal("final")]),
  candle_open_ms: Type.Number(),
  now_ms: Type.Number(),
  candle: Type.Object({ size: Type.Number(), reason: Type.String(), value: NullableNumber }),
  stake: NullableNumber,
  leverage: Type.Number(),
  decision: DecisionSchema,
  stake_allowed: Type.Number(),
  would: DecisionSchema,
  reason: Type.String(),
  value: NullableNumber,
  limit: NullableNumber,
  reask: Type.Boolean(),
});
const PortfolioSchema = Type.Object({
  type: Type.Literal("portfolio"),
  t_ms: Type.Number(),
  session: Type.String(),
  snapshot_seq: Type.Integer(),
  positions: Type.Array(Type.Array(Type.Unknown())),
});
const helloCheck = Compile(HelloSchema);
const gateCheck = Compile(GateSchema);
const portfolioCheck = Compile(PortfolioSchema);

export type HelloLine = Static<typeof HelloSchema>;
export type GateLine = Static<typeof GateSchema>;

export type PortfolioLine = Static<typeof PortfolioSchema>;

export interface Journal {
  readonly hellos: readonly HelloLine[];
  readonly gates: readonly GateLine[];
  readonly portfolios: readonly PortfolioLine[];
}

/** Every journal of a folder, in the order of its files. A last line cut short by a kill is left out. */
export function readJournals(folder: string): Journal {
  const hellos: HelloLine[] = [];
  const gates: GateLine[] = [];
  const portfolios: PortfolioLine[] = [];
  for (const name of readdirSync(folder).sort()) {
    if (!/^journal-.*\.jsonl$/.test(name)) continue;
    const lines = readFileSync(join(folder, name), "utf8").split("\n");
    lines.pop();
    for (const text of lines) {
      const line: unknown = JSON.parse(text);
      const type = typeOf(line);
      if (type === "hello") {
        if (!helloCheck.Check(line)) throw new Error(`${name}: odd hello line: ${text}`);
        hellos.push(line);
      } else if (type === "gate") {
        if (!gateCheck.Check(line)) throw new Error(`${name}: odd gate line: ${text}`);
        gates.push(line);
      } else if (type === "portfolio") {
        if (!portfolioCheck.Check(line)) throw new Error(`${name}: odd portfolio line: ${text}`);
        portfolios.push(line);
      }
    }
  }
  return { hellos, gates, portfolios };
}

/** A candidate: what a strategy asked about once, however often it asked again. */
export function candidateOf(line: Pick<GateLine, "session" | "pair" | "side" | "kind" | "candle_open_ms">): string {
  return [line.session, line.pair, line.side, line.kind, line.candle_open_ms].join("|");
}

function typeOf(line: unknown): string | undefined {
  return typeof line === "object" && line !== null && "type" in line && typeof line.type === "string"
    ? line.type
    : undefined;
}
