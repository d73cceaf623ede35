/** docs/tutorial.md, run as it stands: its commands in their order, then the notebook on what they made, and both kinds of file against their schemas. */

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { python } from "./harness/freqtrade.js";
import { blocksOf, makeReader, type Reader } from "./harness/pages.js";
import { ROOT } from "./harness/paths.js";
import type { Finished } from "./harness/process.js";

const RUN_MS = 240_000;

let reader: Reader;
let done: Finished;
const at = (...path: string[]) => join(reader.base, ...path);

beforeAll(async () => {
  reader = await makeReader();
  const commands = blocksOf("docs/tutorial.md").filter(({ language }) => language === "sh");
  done = await reader.run(commands.map(({ text }) => text).join(""), RUN_MS);
}, RUN_MS);

afterAll(() => reader?.remove());

it("the tutorial's commands succeed and make what it says", () => {
  expect(done.code, `${done.stdout.slice(-3000)}\n${done.stderr.slice(-3000)}`).toBe(0);
  expect(done.stdout).toContain("wrote  user_data/strategies/GateOnly.py");
  expect(existsSync(at("report.html"))).toBe(true);
  expect(readdirSync(reader.user.results).filter((name) => name.endsWith(".zip"))).toHaveLength(2);
  const { counts } = JSON.parse(readFileSync(at("replay.json"), "utf8"));
  expect(counts.entries).toBeGreaterThan(0);
  expect(counts.reduced + counts.denied).toBeGreaterThan(0);
});

it("the notebook runs on it, cell by cell, and its own checks hold", async () => {
  const program = `import json, os, sys
os.chdir(sys.argv[1])
space = {}
for cell in json.load(open(sys.argv[2]))["cells"]:
    if cell["cell_type"] == "code":
        exec(compile("".join(cell["source"]), cell["id"], "exec"), space)
print(len(space["entries"]), len(space["by_reason"]), len(space["gates"]), int(space["asked"].to_numpy().sum()))`;
  const text = await python(program, [reader.base, join(ROOT, "docs/notebooks/replay.ipynb")], 60_000);
  expect(
    text
      .trim()
      .split(" ")
      .map(Number)
      .every((count) => count > 0),
    text,
  ).toBe(true);
});

it("replay and journal keep to the published schemas, checked by another implementation", async () => {
  const program = `import json, pathlib, sys
from jsonschema import Draft202012Validator as Validator
base, protocol = map(pathlib.Path, sys.argv[1:])
load = lambda name: Validator(json.loads((protocol / f"{name}.schema.json").read_text()))
load("replay").validate(json.loads((base / "replay.json").read_text()))
settings = json.loads((base / "user_data/talebridge.json").read_text())
load("settings-file").validate(settings)
settings["risk_bridge"]["profile"] = "bold"
line = load("journal-line")
seen = {}
for path in (base / "user_data/talebridge").rglob("*.jsonl"):
    for text in path.read_text().splitlines():
        seen[json.loads(text)["type"]] = json.loads(text)
        line.validate(seen[json.loads(text)["type"]])
print(sorted(seen), load("settings-file").is_valid(settings), line.is_valid({**seen["gate"], "decision": "maybe"}))`;
  const text = await python(program, [reader.base, join(ROOT, "protocol")], 60_000);
  expect(text.trim()).toBe("['boot', 'gate', 'hello', 'portfolio', 'state', 'stop'] False False");
});
