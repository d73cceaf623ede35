/** At most one log line of a kind in a while: what goes wrong for one client can go wrong ten thousand times a second. */

const INTERVAL_MS = 10_000;

export class Sparse {
  private readonly clock: () => number;
  private readonly kinds = new Map<string, { at_ms: number; left_out: number }>();

  /** @param clock time that never steps, in ms */
  constructor(clock: () => number = () => performance.now()) {
    this.clock = clock;
  }

  /** Calls `say` with the number of lines of this kind left out since the last one, or leaves this one out. @param kind of a closed list */
  say(kind: string, say: (left_out: number) => void): void {
    const now_ms = this.clock();
    const last = this.kinds.get(kind);
    if (last !== undefined && now_ms - last.at_ms < INTERVAL_MS) {
      last.left_out += 1;
      return;
    }
    this.kinds.set(kind, { at_ms: now_ms, left_out: 0 });
    say(last?.left_out ?? 0);
  }
}
