/** The manual switch of several sessions while the journal fails: halts work all the same, what lifts one is recorded or not done at all. */
import { Packr, Unpackr } from "msgpackr";
import { beforeEach, expect, it } from "vitest";
import type { JournalEvent } from "../../src/journal/lines.js";
import { Counters } from "../../src/metrics/counters.js";
import { OP, SESSION_STATUS, STATUS } from "../../src/protocol/codes.js";
import { GateService } from "../../src/server/gate_service.js";
import { Sessions } from "../../src/server/sessions.js";
import { engine } from "./harness.js";

const { ACTIVE, HALTED } = SESSION_STATUS;
let room = 0;
let written: JournalEvent[] = [];
let sessions: Sessions;
let service: GateService;
beforeEach(() => {
  written = [];
  room = Number.POSITIVE_INFINITY;
  sessions = new Sessions(8, () => undefined);
  service = new GateService({
    engine,
    sessions,
    counters: new Counters(),
    identity: { server: "talebridge/test", boot: "b", limits: {} },
    private: false,
    clock: () => 0,
    append: (events) => {
      if (room < 1) return { ok: false, error: new Error("disk full") };
      room -= 1;
      written.push(...events);
      return { ok: true, seq: written.length };
    },
    onFailure: () => undefined,
    about: () => ({}),
  });
  for (const session of ["one", "two"]) {
    ask(OP.hello, { client: "test", minor: 1, run_mode: "live", session, settings: { timeframe_s: 300 } });
  }
});

/** `[status, …body]` of the reply. */
function ask(op: number, ...body: unknown[]): unknown[] {
  const reply: unknown = new Unpackr({ useRecords: false }).unpack(
    service.handle([new Packr({ useRecords: false }).pack([1, op, 1, ...body])]),
  );
  return Array.isArray(reply) ? reply.slice(2) : [];
}

const states = () => sessions.list().map(({ state }) => state.manual.status);

it("resumes all sessions or none: one write for all", () => {
  ask(OP.control, "", HALTED, 0, "me", "news");
  room = 1;
  expect(ask(OP.control, "", ACTIVE, 0, "me", "over")[0]).toBe(STATUS.ok);
  expect(states()).toEqual(["ACTIVE", "ACTIVE"]);
  expect(written.slice(-2)).toMatchObject([
    { type: "control", status: "ACTIVE", why: "over" },
    { type: "control", status: "ACTIVE", why: "over" },
  ]);
  ask(OP.control, "", HALTED, 0, "me", "news");
  room = 0;
  expect(ask(OP.control, "", ACTIVE, 0, "me", "over")).toMatchObject([
    STATUS.internal,
    expect.stringContaining("nothing was changed"),
    {},
  ]);
  expect(states()).toEqual(["HALTED", "HALTED"]);
});

it("halts without a record, because that is the safe side", () => {
  room = 0;
  expect(ask(OP.control, "", HALTED, 0, "me", "news")).toEqual([STATUS.ok, ["two", "one"]]);
  expect(states()).toEqual(["HALTED", "HALTED"]);
  expect(ask(OP.rebase, "one", "me", "moved")[0]).toBe(STATUS.internal);
});
