/** The last decisions, for whoever watches: a ring of references to what the journal was given anyway, so keeping one costs a store. */
import type { GateEvent } from "../gate/events.js";
import type { JournalEvent } from "../journal/lines.js";
import { FIXED } from "../limits.js";
import type { DecisionView } from "./state.js";

interface Kept {
  readonly event: GateEvent;
  readonly seq: number;
}

export class RecentDecisions {
  private readonly ring: (Kept | undefined)[];
  private next = 0;

  constructor(size = FIXED.web_decisions) {
    this.ring = new Array<Kept | undefined>(size).fill(undefined);
  }

  /** Notes what was journalled. @param last_seq of the last event */
  note(events: readonly JournalEvent[], last_seq: number): void {
    for (let at = 0; at < events.length; at++) {
      const event = events[at];
      if (event?.type === "gate") this.keep({ event, seq: last_seq - events.length + 1 + at });
    }
  }

  /** Newest first. */
  list(): DecisionView[] {
    const found: DecisionView[] = [];
    for (let back = 1; back <= this.ring.length; back++) {
      const kept = this.ring[(this.next - back + this.ring.length) % this.ring.length];
      if (kept !== undefined) found.push(view(kept));
    }
    return found;
  }

  private keep(kept: Kept): void {
    this.ring[this.next] = kept;
    this.next = (this.next + 1) % this.ring.length;
  }
}

function view({ event, seq }: Kept): DecisionView {
  const { session, pair, side, kind, stage, would, stake, would_stake, reason, value, limit } = event;
  const enforced = event.decision === would && event.stake_allowed === would_stake;
  return {
    seq,
    at_ms: event.now_ms,
    session,
    pair,
    side,
    kind,
    stage,
    would,
    enforced,
    stake,
    would_stake,
    reason,
    value,
    limit,
  };
}
