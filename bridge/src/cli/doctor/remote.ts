/** A bridge on another machine, asked as the bot would: with the bot's key, at the addresses of its `connect` setting. */
import { resolve } from "node:path";
import { OP } from "../../protocol/codes.js";
import { readClientKey } from "../../security/keys.js";
import { askOver } from "../client.js";
import { readStatus } from "../report.js";
import { checkAnswers, type Expected, type Line } from "./daemon.js";
import { bad, type Finding, good, messageOf } from "./finding.js";

/** Over a network a connection takes several round trips before the first question. */
const FAST_MS = 500;

/** @param connect valid as far as the settings' schema goes */
export async function checkRemote(
  connect: Readonly<Record<string, unknown>>,
  expected: Expected,
  uid: number,
): Promise<Finding[]> {
  const { gate, batch, key_file } = connect;
  const findings: Finding[] = [];
  let curve = null;
  if (typeof key_file === "string") {
    try {
      curve = readClientKey(resolve(key_file), uid);
      findings.push(good("key", `${key_file} is a client's key, for its owner alone`));
    } catch (error) {
      return [bad("key", messageOf(error), "see above")];
    }
  }
  const line: Line = {
    gate: (op, body) => askOver(String(gate), curve, op, body),
    batch: (op, body) => askOver(String(batch), curve, op, body),
  };
  try {
    const status = readStatus(await line.gate(OP.status, []));
    return [...findings, ...(await checkAnswers(line, status, expected, FAST_MS))];
  } catch (error) {
    const fix = `start the bridge there, open the way to ${gate}, or let this key in with \`talebridge keys client NAME\` there`;
    return [...findings, bad("daemon", messageOf(error), fix)];
  }
}
