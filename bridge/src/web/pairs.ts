/** The verdict in force for each pair that was asked about. Pure. */
import type { Asked } from "../gate/asked.js";
import { releaseOf } from "../gate/ends.js";
import type { Standing } from "../gate/standing.js";
import { reasonName } from "../protocol/codes.js";
import { verdictOf } from "./answers.js";
import type { PairView } from "./state.js";

export function pairView(
  session: string,
  answer: Asked,
  timeframe_s: number | null,
  standing: Standing,
  now_ms: number,
): PairView {
  const { pair, side, kind, candle_open_ms } = answer.candidate;
  const verdict = verdictOf(answer);
  const reason = reasonName(answer.reason) ?? "ok";
  return {
    key: `${session}\n${pair}`,
    session,
    pair,
    side,
    kind,
    verdict,
    candle_open_ms,
    stake: answer.first_stake,
    ceiling: answer.ceiling,
    reason,
    value: finite(answer.value),
    limit: finite(answer.limit),
    release: verdict === "allow" ? null : releaseOf(reason, candle_open_ms, timeframe_s, { now_ms, standing }),
  };
}

function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}
