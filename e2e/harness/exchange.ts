/** The loopback exchange of these tests. */

import { type StubOptions, startStub } from "../../demo/src/exchange-stub.js";

export interface Exchange {
  readonly url: string;
  stop(): Promise<void>;
}

/** @param pairs the markets it offers @param has which candles they have; default: every one */
export async function startExchange(pairs: readonly string[], has?: StubOptions["has"]): Promise<Exchange> {
  const stub = await startStub(has === undefined ? { pairs } : { pairs, has });
  return { url: stub.url, stop: () => stub.close() };
}
