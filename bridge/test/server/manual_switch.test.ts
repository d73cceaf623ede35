/** The manual switch of several sessions while the journal fails: halts work all the same, what lifts one is recorded or not done at all. */
import { beforeEach, expect, it } from "vitest";
import { OP, SESSION_STATUS, STATUS } from "../../src/protocol/codes.js";
import { TestService } from "./service.js";

const { ACTIVE, HALTED } = SESSION_STATUS;
let service: TestService;
beforeEach(() => {
  service = new TestService();
  for (const session of ["one", "two"]) service.open(session);
});

const states = () => service.sessions.list().map(({ state }) => state.manual.status);

it("resumes all sessions or none: one write for all", () => {
  service.ask(OP.control, "", HALTED, 0, "me", "news");
  service.room = 1;
  expect(service.ask(OP.control, "", ACTIVE, 0, "me", "over")[0]).toBe(STATUS.ok);
  expect(states()).toEqual(["ACTIVE", "ACTIVE"]);
  expect(service.written.slice(-2)).toMatchObject([
    { type: "control", status: "ACTIVE", why: "over" },
    { type: "control", status: "ACTIVE", why: "over" },
  ]);
  service.ask(OP.control, "", HALTED, 0, "me", "news");
  service.room = 0;
  expect(service.ask(OP.control, "", ACTIVE, 0, "me", "over")).toMatchObject([
    STATUS.internal,
    expect.stringContaining("nothing was changed"),
    {},
  ]);
  expect(states()).toEqual(["HALTED", "HALTED"]);
});

it("halts without a record, because that is the safe side", () => {
  service.room = 0;
  expect(service.ask(OP.control, "", HALTED, 0, "me", "news")).toEqual([STATUS.ok, ["two", "one"]]);
  expect(states()).toEqual(["HALTED", "HALTED"]);
  expect(service.ask(OP.rebase, "one", "me", "moved")[0]).toBe(STATUS.internal);
});
