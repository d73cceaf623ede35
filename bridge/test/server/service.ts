/** A gate service in this process, with a clock and a journal in memory that a test sets: bytes in, bytes out, no sockets. */
import { Packr, Unpackr } from "msgpackr";
import type { JournalEvent } from "../../src/journal/lines.js";
import { Counters } from "../../src/metrics/counters.js";
import { OP } from "../../src/protocol/codes.js";
import { GateService } from "../../src/server/gate_service.js";
import type { AllGroupLimits } from "../../src/server/groups.js";
import { Sessions } from "../../src/server/sessions.js";
import { engine } from "./harness.js";

export class TestService {
  readonly sessions = new Sessions(8, () => undefined);
  readonly counters = new Counters();
  readonly written: JournalEvent[] = [];
  /** Writes the journal still takes. */
  room = Number.POSITIVE_INFINITY;
  now_ms = 0;
  private readonly service: GateService;

  constructor(groups: AllGroupLimits = {}) {
    this.service = this.serve(groups);
  }

  private serve(groups: AllGroupLimits): GateService {
    return new GateService({
      engine,
      sessions: this.sessions,
      counters: this.counters,
      identity: { server: "talebridge/test", boot: "b", limits: {} },
      private: false,
      groups,
      clock: () => this.now_ms,
      append: (events) => {
        if (this.room < 1) return { ok: false, error: new Error("disk full") };
        this.room -= 1;
        this.written.push(...events);
        return { ok: true, seq: this.written.length };
      },
      onFailure: (error) => {
        throw error;
      },
      about: () => ({}),
    });
  }

  /** `[status, …body]` of the reply. */
  ask(op: number, ...body: unknown[]): unknown[] {
    const reply: unknown = new Unpackr({ useRecords: false, int64AsType: "number" }).unpack(
      this.service.handle([new Packr({ useRecords: false }).pack([1, op, 1, ...body])]),
    );
    return Array.isArray(reply) ? reply.slice(2) : [];
  }

  /** A session's hello. @returns `[status, …body]` */
  hello(session: string, settings: object = {}, run_mode = "live", over: object = {}): unknown[] {
    const map = { client: "test", minor: 1, run_mode, session, settings: { timeframe_s: 300, ...settings }, ...over };
    return this.ask(OP.hello, map);
  }

  /** Says hello and gives the handle. */
  open(session: string, settings: object = {}, run_mode = "live", over: object = {}): number {
    const reply = this.hello(session, settings, run_mode, over);
    if (reply[0] !== 0) throw new Error(JSON.stringify(reply));
    return Number(Object(reply[1]).handle);
  }
}
