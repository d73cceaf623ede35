/** What denies every entry, as a client is told: the words of `status`, without being counted or journalled. */
import { expect, it } from "vitest";
import { nextMidnight } from "../../src/portfolio/release.js";
import { OP, REASON, SESSION_STATUS, STATUS } from "../../src/protocol/codes.js";
import { TestService } from "./service.js";

const NOW_MS = Date.UTC(2025, 5, 2, 12);

function opened(): { service: TestService; handle: number; at: (now_ms: number, seq?: number) => unknown[] } {
  const service = new TestService();
  service.now_ms = NOW_MS;
  const handle = service.open("bot", { limits: { max_daily_loss: 0.05, max_drawdown: null } });
  return { service, handle, at: (now_ms, seq = 1) => service.ask(OP.standing, handle, seq, now_ms) };
}

it("asks for the portfolio first, and for its newest state", () => {
  const { service, handle, at } = opened();
  expect(at(NOW_MS, 0)[0]).toBe(STATUS.stale_portfolio);
  service.ask(OP.portfolio, handle, 1, NOW_MS, 1000, [], []);
  expect(at(NOW_MS)).toEqual([STATUS.ok, []]);
  expect(at(NOW_MS, 2)[0]).toBe(STATUS.stale_portfolio);
  expect(service.ask(OP.standing, handle + 1, 1, NOW_MS)[0]).toBe(STATUS.no_session);
});

it("tells a loss with its end, a halt without one, and neither when they are over", () => {
  const { service, handle, at } = opened();
  const midnight_ms = NOW_MS - 12 * 3_600_000;
  const samples = [midnight_ms, midnight_ms + 3_600_000].map((t_ms) => [t_ms, 1000]);
  service.ask(OP.portfolio, handle, 1, NOW_MS, 940, samples, []);
  const written = service.written.length;
  expect(at(NOW_MS)).toEqual([STATUS.ok, [[REASON.daily_loss, nextMidnight(NOW_MS)]]]);
  service.ask(OP.control, "bot", SESSION_STATUS.HALTED, 0, "me", "test");
  expect(at(NOW_MS)).toEqual([
    STATUS.ok,
    [
      [REASON.halted, 0],
      [REASON.daily_loss, nextMidnight(NOW_MS)],
    ],
  ]);
  expect(service.written.length).toBe(written + 1);
  service.ask(OP.control, "bot", SESSION_STATUS.ACTIVE, 0, "me", "test");
  service.ask(OP.portfolio, handle, 2, NOW_MS, 960, [], []);
  expect(at(NOW_MS, 2)).toEqual([STATUS.ok, []]);
});
