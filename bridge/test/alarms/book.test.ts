import { describe, expect, it } from "vitest";
import { AlarmBook } from "../../src/alarms/book.js";
import { FIXED } from "../../src/limits.js";
import type { Alarm } from "../../src/web/state.js";

const AWAY = FIXED.alarm_away_ms;
const drawdown = (session: string, text = "t"): Alarm => ({
  kind: "denied",
  level: "critical",
  session,
  about: "drawdown",
  until_ms: null,
  text,
  advice: "",
});
const halted: Alarm = { ...drawdown("one"), level: "warning", about: "halted" };

describe("alarms that begin and end", () => {
  it("are told once each, however their numbers move", () => {
    const book = new AlarmBook();
    expect(book.look([drawdown("one", "12 %")], 0)).toMatchObject([{ rings: true }]);
    expect(book.look([drawdown("one", "13 %")], 5000)).toEqual([]);
    const ended = book.look([], 5000 + AWAY);
    expect(ended).toMatchObject([{ rings: false, alarm: { text: "13 %" } }]);
    expect(book.look([], 5001 + AWAY)).toEqual([]);
    expect(book.look([drawdown("one")], 5002 + AWAY)).toMatchObject([{ rings: true }]);
  });

  it("are told apart by bot and reason", () => {
    const book = new AlarmBook();
    expect(book.look([drawdown("one"), drawdown("two"), halted], 0)).toHaveLength(3);
  });

  it("went on when they were away for less than a while", () => {
    const book = new AlarmBook();
    book.look([drawdown("one")], 0);
    expect(book.look([], AWAY - 1)).toEqual([]);
    expect(book.look([drawdown("one")], AWAY)).toEqual([]);
    expect(book.look([], 2 * AWAY - 1)).toEqual([]);
    expect(book.look([], 2 * AWAY)).toHaveLength(1);
  });

  it("of what a person did are told again when another thing is done in its place, the end of the first before it", () => {
    const book = new AlarmBook();
    const overridden: Alarm = { ...halted, kind: "overridden", about: "max_drawdown", text: "0.11, by me: hedged" };
    book.look([overridden], 0);
    const looser = { ...overridden, text: "0.9, by me: hedged" };
    expect(book.look([looser], 1)).toEqual([
      { alarm: overridden, rings: false },
      { alarm: looser, rings: true },
    ]);
    expect(book.look([{ ...looser, until_ms: 5 }], 2)).toHaveLength(2);
    expect(book.look([{ ...looser, until_ms: 5 }], 3)).toEqual([]);
  });

  it("end at once when a person ended them, and not in the look that found them", () => {
    const book = new AlarmBook();
    expect(book.look([halted], 0)).toMatchObject([{ rings: true }]);
    expect(book.look([halted], 1)).toEqual([]);
    expect(book.look([], 2)).toMatchObject([{ rings: false }]);
  });
});
