/** An explanation as text: what was decided and why, each limit with its numbers, how the session stands, and what ends it. */
import type { Release } from "../gate/ends.js";
import { FACTS } from "../protocol/codes.js";
import { type Explanation, type Now, rulesFor } from "./explanation.js";
import { plain } from "./plain.js";
import type { OverrideReport, StandingReport } from "./report.js";
import { showInstant, showSpan } from "./time.js";

const DONE = { allow: "ALLOWED", reduce: "REDUCED", deny: "DENIED" } as const;

/** @param now_ms for "… ago" */
export function renderExplanation(explanation: Explanation, now_ms: number): string {
  const { decision, releases, now } = explanation;
  const lines = [head(explanation), candle(explanation, now_ms), ...caps(explanation)];
  if (releases.length > 0)
    lines.push("what ends it:", ...releases.map((release) => `  ${releaseLine(release, now_ms)}`));
  if (now !== null) lines.push(standingLine(now), ...overrides(now));
  if (decision.decision !== decision.would)
    lines.push(`mode ${explanation.settings?.mode ?? "shadow"}: recorded only; the entry was let through`);
  return `${lines.join("\n")}\n`;
}

function head({ decision, meaning }: Explanation): string {
  const { pair, side, kind, would, would_stake, reason, value, limit, stake } = decision;
  const size = would === "reduce" ? ` from ${show(stake)} to ${show(would_stake)}` : "";
  const numbers = value === null ? "" : ` (${show(value)}${limit === null ? "" : `, limit ${show(limit)}`})`;
  const why = reason === "ok" ? "" : `: ${reason}${numbers}`;
  return `${plain(pair)} ${side} ${kind.replace("_", "-")} ${DONE[would]}${size}${why}\n  ${meaning}`;
}

function candle({ decision, settings }: Explanation, now_ms: number): string {
  const { session, candle_open_ms, now_ms: asked_ms, stake, min_stake, leverage, seq, t_ms, reask } = decision;
  const by = settings === null ? "" : `, profile ${settings.profile}, ${settings.mode}`;
  const again = reask ? " (asked before for this candle: may only tighten)" : "";
  return [
    `  session ${plain(session)}${by}; asked at ${showInstant(asked_ms)}${again}, journal line ${seq}, ${showSpan(now_ms - t_ms)} ago`,
    `  candle of ${showInstant(candle_open_ms)}: size ${show(decision.candle.size)}, reason ${decision.candle.reason ?? "unknown"}, value ${show(decision.candle.value)}`,
    `  proposed stake ${show(stake)}, exchange minimum ${show(min_stake)}, leverage ${show(leverage)}${cutFrom(decision.facts)}`,
  ].join("\n");
}

function cutFrom(facts: Explanation["decision"]["facts"]): string {
  const wanted = facts?.[FACTS.indexOf("wanted_leverage")] ?? null;
  return wanted === null ? "" : `, which liquidation_guard cut from ${show(wanted)}`;
}

function caps({ decision, settings }: Explanation): string[] {
  if (decision.caps.length === 0) return ["limits: none applied"];
  const rows = decision.caps.map(({ reason, stake, value, limit, added }) => {
    const numbers = [
      `stake ${show(stake)}`,
      ...(value === null ? [] : [`value ${show(value)}`]),
      ...(limit === null ? [] : [`limit ${show(limit)}`]),
      ...(added == null ? [] : [`of which this entry ${show(added)}`]),
    ];
    const rules = rulesFor(reason, settings).map(
      ({ measure, from, to, min_size, deny_above }) =>
        `${measure} ${from} → ${to} cuts to ${min_size}${deny_above === null ? "" : `, above ${deny_above} denies`}`,
    );
    return `  ${reason}: ${numbers.join(", ")}${rules.length === 0 ? "" : `; rule ${rules.join("; ")}`}`;
  });
  return ["limits that applied, in order:", ...rows];
}

function releaseLine({ reason, how, until_ms, holds }: Release, now_ms: number): string {
  const state = holds === null ? "" : holds ? " (holds now)" : " (no longer)";
  const at = until_ms === null ? "" : ` At the latest ${showInstant(until_ms)}${ahead(until_ms - now_ms)}.`;
  return `${reason}${state}: ${how}${at}`;
}

function ahead(span_ms: number): string {
  return span_ms > 0 ? `, in ${showSpan(span_ms)}` : ", which is past";
}

function standingLine({ source, standing }: Now): string {
  const from = source === "daemon" ? "" : " (from the journal; no daemon answers)";
  const denied = standing.denied.map(
    ({ reason, until_ms }) => `${reason}${until_ms === null ? "" : ` until ${showInstant(until_ms)}`}`,
  );
  const verdict = denied.length === 0 ? "no account limit denies" : `all entries denied: ${denied.join(", ")}`;
  return `now${from}: ${standing.status}, ${describeStanding(standing)}; ${verdict}`;
}

function overrides({ standing }: Now): string[] {
  return (standing.overrides ?? []).map((override) => `overridden: ${describeOverride(override)}`);
}

/** "limits.max_drawdown is 0.25 instead of 0.2 until … by me: why". */
export function describeOverride({ limit, value, instead_of, known, until_ms, by, why }: OverrideReport): string {
  const level = (of: number | null) => (of === null ? "off" : show(of));
  const settled = known ? ` instead of ${level(instead_of)}` : "";
  return `limits.${plain(limit)} is ${level(value)}${settled} until ${showInstant(until_ms)} by ${plain(by)}: ${plain(why)}`;
}

/** "expected shortfall of the book 4.1 % of 5.0 %, 3 pairs held are 1.4 bets (1.75 by entropy)"; nothing where no closes are told. */
export function describeTogether({ book_es, effective_bets: bets }: StandingReport): string[] {
  const found: string[] = [];
  if (book_es != null && book_es.value !== null) {
    const limit = book_es.limit === null ? "any" : percent(book_es.limit);
    found.push(`expected shortfall of the book ${percent(book_es.value)} of ${limit}`);
  }
  if (bets != null) {
    const rounded = (value: number) => Number(value.toFixed(2));
    const many = `${bets.pairs} pairs held are ${rounded(bets.participation)} bets (${rounded(bets.entropy)} by entropy)`;
    found.push(bets.pairs === 1 ? "1 pair held is 1 bet" : many);
  }
  return found;
}

/** "equity 950, drawdown 5.0 % of 20.0 %, today 0.0 % of 10.0 %, exposure 0.35 of 5". */
export function describeStanding(standing: StandingReport): string {
  const { equity, drawdown, daily_loss, exposure } = standing;
  return [
    `equity ${show(equity)}`,
    `drawdown ${percent(drawdown.value)} of ${percent(drawdown.limit)}`,
    `today ${percent(daily_loss.value)} of ${percent(daily_loss.limit)}`,
    `exposure ${show(exposure.value)} of ${exposure.limit === null ? "any" : show(exposure.limit)}`,
    ...describeTogether(standing),
  ].join(", ");
}

export function percent(ratio: number | null): string {
  return ratio === null ? "–" : `${(ratio * 100).toFixed(1)} %`;
}

/** Six digits are enough to compare with a limit. */
export function show(value: number | null): string {
  return value === null ? "–" : String(Number(value.toPrecision(6)));
}
