/** Messages of the protocol's vectors that no honest client sends, and the status each is answered with. */
import { readFileSync } from "node:fs";
import type { STATUS } from "../src/protocol/codes.js";

export interface Hostile {
  readonly name: string;
  readonly socket: "gate" | "batch";
  readonly frames: readonly string[];
  readonly status: keyof typeof STATUS;
  readonly id: number;
}

export const hostiles: readonly Hostile[] = JSON.parse(
  readFileSync(new URL("../../protocol/vectors/hostile.json", import.meta.url), "utf8"),
);
