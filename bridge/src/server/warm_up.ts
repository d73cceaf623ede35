/** Runs the hot path before the sockets are bound: the first question of a cold process takes fifty times as long as the later ones. */
import { Packr } from "msgpackr/pack";
import type { LoadedEngine } from "../engine/engine.js";
import { Counters } from "../metrics/counters.js";
import { OP, PROTOCOL_VERSION } from "../protocol/codes.js";
import { GateService } from "./gate_service.js";
import type { Identity } from "./hello.js";
import { Sessions } from "./sessions.js";

/** Enough for everything to be compiled once; what is asked often is compiled better while it is served. */
const ROUNDS = 400;
const CANDLE_MS = 300_000;

/** Asks a service of its own, with its own session and without a journal, so that nothing of it remains. */
export function warmUp(engine: LoadedEngine, identity: Identity): void {
  let seq = 0;
  const service = new GateService({
    engine,
    sessions: new Sessions(1, () => undefined),
    counters: new Counters(),
    identity,
    private: false,
    groups: {},
    clock: () => 0,
    append: (events) => {
      seq += events.length;
      return { ok: true, seq };
    },
    onFailure: () => undefined,
    about: () => ({}),
  });
  const packr = new Packr({ useRecords: false });
  const ask = (...body: unknown[]) => service.handle([packr.pack([PROTOCOL_VERSION, ...body])]);
  const settings = { timeframe_s: CANDLE_MS / 1000 };
  ask(OP.hello, 0, { client: "warm-up", minor: 0, run_mode: "backtest", session: "warm-up", settings });
  ask(OP.portfolio, 0, 1, 1, 0, 1000, [], []);
  for (let i = 0; i < ROUNDS; i++) {
    const open_ms = i * CANDLE_MS;
    ask(OP.gate, i, 1, 1, 0, "AAA/BBB", open_ms, open_ms + CANDLE_MS, 1024, 0, Number.NaN, 100.5, 10.5, 1, 1.5);
  }
}
