/** A daemon whose directory is deleted under it. */
import { mkdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { readJournal } from "../../src/journal/reader.js";
import { OP, STATUS } from "../../src/protocol/codes.js";
import { Client, configFor, engine, OPEN_MS, question, start, temporaryDir, withDaemon } from "./harness.js";

const DEADLINE_MS = 15_000;

async function until(probe: () => boolean): Promise<void> {
  const end = performance.now() + DEADLINE_MS;
  while (!probe()) {
    if (performance.now() > end) throw new Error("did not come about");
    await sleep(50);
  }
}

function exists(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isSocket() === true;
}

/** Asks one question on a new connection. @returns its status */
async function ask(dir: string): Promise<unknown> {
  const client = new Client(dir);
  try {
    const handle = await client.open("bot");
    await client.ask(OP.portfolio, handle, 1, OPEN_MS, 1000, [[OPEN_MS, 1000]], []);
    const [status] = await client.ask(OP.gate, handle, ...question());
    return status;
  } finally {
    client.close();
  }
}

describe("a directory deleted under its daemon", { timeout: 60_000 }, () => {
  it("is made anew, private and locked, and is served again with a journal", async () => {
    await withDaemon(async (dir) => {
      expect(await ask(dir)).toBe(STATUS.ok);
      rmSync(dir, { recursive: true });
      await until(() => exists(join(dir, "gate.sock")) && exists(join(dir, "batch.sock")));
      expect(statSync(dir).mode & 0o777).toBe(0o700);
      expect(statSync(join(dir, "gate.sock")).mode & 0o777).toBe(0o600);
      await expect(start(configFor(dir))).rejects.toThrow(/another talebridge daemon serves/);
      await until(() => statSync(join(dir, "journal"), { throwIfNoEntry: false }) !== undefined);
      expect(await ask(dir)).toBe(STATUS.ok);
      // The whole state first, because what had been written is gone.
      const types = new Set<string>();
      for (const line of readJournal(join(dir, "journal"), { onDamage: () => undefined })) types.add(line.type);
      expect(types).toContain("state");
      expect(types).toContain("gate");
    });
  });

  it("is served again when only a socket is gone", async () => {
    await withDaemon(async (dir) => {
      rmSync(join(dir, "batch.sock"));
      await until(() => exists(join(dir, "batch.sock")));
      expect(await ask(dir)).toBe(STATUS.ok);
    });
  });

  it("is tried again for as long as something else is in its place", async () => {
    await withDaemon(async (dir) => {
      rmSync(dir, { recursive: true });
      writeFileSync(dir, "");
      await sleep(2500);
      rmSync(dir);
      await until(() => exists(join(dir, "gate.sock")));
      expect(await ask(dir)).toBe(STATUS.ok);
    });
  });

  it("is left to another daemon that has come to serve it", async () => {
    const elsewhere = temporaryDir();
    await withDaemon(
      async (dir) => {
        rmSync(dir, { recursive: true });
        mkdirSync(dir, { mode: 0o700 });
        // The lock alone, as another daemon holds it before it binds.
        const lock = engine.tryLock(join(dir, "daemon.lock"));
        expect(lock).not.toBeNull();
        await sleep(2500);
        expect(exists(join(dir, "gate.sock"))).toBe(false);
        lock?.release();
        await until(() => exists(join(dir, "gate.sock")));
      },
      { journal_dir: join(elsewhere, "journal") },
    );
    rmSync(elsewhere, { recursive: true, force: true });
  });
});
