#!/usr/bin/env node
/** Runs the exchange stub as a process: `node demo/dist/stub-cli.js --pairs ALFA/USDT,BRVO/USDT [--seed 1] [--port 0] [--exit-with-stdin]`. */

import { parseArgs } from "node:util";
import { startStub } from "./exchange-stub.js";
import { BadOption } from "./stub/markets.js";

const USAGE = `usage: stub-cli.js --pairs A/B,C/D [--seed N] [--host 127.0.0.1] [--port 0] [--exit-with-stdin]

Serves a loopback stand-in for Binance's public REST API with live 1m…1h candles made from the seed. Prints one line
{"event":"ready","port":…,"url":…} on stdout when it listens. --exit-with-stdin: ends when its standard input does.
`;

function wholeNumber(name: string, text: string, most: number): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value > most)
    throw new BadOption(`--${name} ${text}: a whole number from 0 to ${most} is wanted`);
  return value;
}

function readArguments() {
  try {
    const { values } = parseArgs({
      options: {
        pairs: { type: "string" },
        seed: { type: "string", default: "1" },
        host: { type: "string", default: "127.0.0.1" },
        port: { type: "string", default: "0" },
        "exit-with-stdin": { type: "boolean", default: false },
        help: { type: "boolean", default: false },
      },
    });
    return values;
  } catch (error) {
    throw new BadOption(error instanceof Error ? error.message : String(error));
  }
}

async function main(): Promise<void> {
  const values = readArguments();
  if (values.help) {
    process.stdout.write(USAGE);
    return;
  }
  if (values.pairs === undefined) throw new BadOption("--pairs is missing");
  const stub = await startStub({
    pairs: values.pairs.split(",").map((pair) => pair.trim()),
    seed: wholeNumber("seed", values.seed, 2 ** 32 - 1),
    host: values.host,
    port: wholeNumber("port", values.port, 65_535),
  });
  let closing = false;
  const end = (): void => {
    if (closing) return;
    closing = true;
    void stub.close().then(() => process.exit(0));
  };
  process.on("SIGINT", end);
  process.on("SIGTERM", end);
  if (values["exit-with-stdin"]) {
    process.stdin.on("end", end);
    process.stdin.on("close", end);
    process.stdin.resume();
  }
  process.stdout.write(`${JSON.stringify({ event: "ready", port: stub.port, url: stub.url })}\n`);
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  if (error instanceof BadOption) process.stderr.write(`\n${USAGE}`);
  process.exit(error instanceof BadOption ? 2 : 1);
});
