/** Looks at the alarms every few seconds, one session a turn of the event loop, so that no question waits for more than one of them. */
import { setImmediate } from "node:timers/promises";
import { isLive } from "../gate/session.js";
import { FIXED } from "../limits.js";
import type { Session } from "../server/sessions.js";
import type { BotView, LatencyView } from "../web/state.js";
import { alarms, type Watched } from "./alarms.js";
import { AlarmBook, type Change } from "./book.js";

export interface WatchParts {
  readonly sessions: () => readonly Session[];
  readonly bot: (session: Session, now_ms: number) => BotView;
  readonly daemon: () => Watched;
  readonly latency: () => Pick<LatencyView, "loop">;
  readonly onChanges: (changes: readonly Change[]) => void;
  /** Told of an exception while looking; the next look may work. */
  readonly onFailure: (error: unknown) => void;
}

export class AlarmWatch {
  private readonly parts: WatchParts;
  private readonly book = new AlarmBook();
  private readonly timer: NodeJS.Timeout;
  private looking: Promise<void> | null = null;

  constructor(parts: WatchParts) {
    this.parts = parts;
    this.timer = setInterval(() => void this.look(), FIXED.alarm_look_ms).unref();
  }

  /** One look; the one under way, if there is one. */
  look(): Promise<void> {
    this.looking ??= this.gather()
      .catch(this.parts.onFailure)
      .finally(() => {
        this.looking = null;
      });
    return this.looking;
  }

  stop(): void {
    clearInterval(this.timer);
  }

  private async gather(): Promise<void> {
    const { sessions, bot, daemon, latency, onChanges } = this.parts;
    const bots: BotView[] = [];
    // All there are: one left out this time would seem to have ended its alarms.
    for (const session of sessions().filter(({ state }) => isLive(state.run_mode))) {
      bots.push(bot(session, Date.now()));
      await setImmediate();
    }
    const found = alarms(daemon(), bots, latency());
    onChanges(this.book.look(found, performance.now()));
  }
}
