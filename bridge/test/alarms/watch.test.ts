/** The look at all sessions, one after the other. */
import { expect, it } from "vitest";
import { AlarmWatch } from "../../src/alarms/watch.js";
import { applyEvent } from "../../src/gate/session.js";
import { standing } from "../../src/gate/standing.js";
import { FIXED } from "../../src/limits.js";
import { Sessions } from "../../src/server/sessions.js";
import type { BotView } from "../../src/web/state.js";

it("looks at every live session, however many there are: an alarm that nobody ended does not end", async () => {
  const most = FIXED.listed_sessions + 6;
  const sessions = new Sessions(most, () => undefined);
  const names = Array.from({ length: most }, (_, i) => `bot${i}`);
  for (const name of names) sessions.open(name, "live", 0);
  const [halted = ""] = names;
  const session = sessions.find(halted);
  if (session === null) throw new Error("no session");
  const by = { by: "me", why: "test" };
  applyEvent(session.state, { type: "control", session: halted, status: "HALTED", until_ms: null, ...by });
  const told: unknown[] = [];
  const watch = new AlarmWatch({
    sessions: () => sessions.list(),
    bot: ({ name, state }, now_ms) =>
      ({
        session: name,
        mode: "enforce",
        timeframe_s: null,
        standing: standing(state, null, now_ms),
        day: { stale_last_hour: 0 },
        starved: null,
      }) as unknown as BotView,
    daemon: () => ({
      now_ms: 0,
      uptime_s: 0,
      frame_ms: null,
      journal_failing: false,
      journal_unsynced_s: 0,
      webhook_failing: null,
    }),
    latency: () => ({ loop: { count: 0, p50: null, p99: null } }) as never,
    onChanges: (changes) => told.push(...changes.map(({ alarm, rings }) => [alarm.session, alarm.about, rings])),
    onFailure: (error) => {
      throw error;
    },
  });
  try {
    sessions.open(halted, "live", 1);
    await watch.look();
    for (const name of names.slice(1)) sessions.open(name, "live", 2);
    await watch.look();
    expect(told).toEqual([[halted, "halted", true]]);
  } finally {
    watch.stop();
  }
});
