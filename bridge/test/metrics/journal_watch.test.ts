/** How far the disk is behind, over syncs that succeed, overlap with writing, or fail. */
import { closeSync, openSync, rmSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, expect, it } from "vitest";
import { Histogram } from "../../src/metrics/histogram.js";
import { JournalWatch } from "../../src/metrics/journal_watch.js";
import { temporaryDir } from "../server/harness.js";

let dir = "";
let fd = 0;
let seconds = new Histogram([1]);
let watch = new JournalWatch(seconds);
beforeEach(() => {
  dir = temporaryDir();
  fd = openSync(join(dir, "journal"), "a");
  seconds = new Histogram([1]);
  watch = new JournalWatch(seconds);
});
afterEach(() => {
  closeSync(fd);
  rmSync(dir, { recursive: true, force: true });
});

const syncs = () => seconds.cumulative().at(-1);
const sync = (file: number) => promisify(watch.fs.fsync)(file);
/** Time has passed since the oldest line that is not synced. */
const behind = () => expect.poll(() => watch.unsynced_s).toBeGreaterThan(0);

it("is behind from a line until a sync that began after it", async () => {
  expect(watch.unsynced_s).toBe(0);
  watch.wrote();
  await behind();
  const first = sync(fd);
  // Not covered by the sync under way.
  watch.wrote();
  await first;
  await behind();
  await sync(fd);
  expect([watch.unsynced_s, syncs()]).toEqual([0, 2]);
  watch.wrote();
  watch.fs.fsyncSync(fd);
  expect([watch.unsynced_s, syncs()]).toEqual([0, 3]);
});

it("is as far behind as before after the sync of a directory", async () => {
  watch.wrote();
  await behind();
  const directory = openSync(dir, "r");
  watch.fs.fsyncSync(directory);
  closeSync(directory);
  expect([watch.unsynced_s > 0, syncs()]).toEqual([true, 0]);
});

it("stays behind after a sync that failed", async () => {
  watch.wrote();
  await expect(sync(1_000_000)).rejects.toMatchObject({ code: "EBADF" });
  await behind();
  expect(syncs()).toBe(0);
});
