/**
 * Whether a bot's log, its database and the daemon's journal tell of the same decisions. How they are matched:
 * - every line of the log about a decision ("talebridge allows|cuts to S|denies the SIDE KIND of PAIR with stake S … journal line N of boot B") names one
 *   journal line: that of boot B with number N, of the bot's session, with the same pair, side, kind, stake, decision and allowed stake (to the eight
 *   digits the log prints);
 * - every question in the journal is named by exactly one line of the log. Left out are those whose answer the bot did not wait for, because it came
 *   after the deadline: the log then says that no answer came. There may be no more of these than the log has such times (`unheard`);
 * - every trade's custom data names the line that let it in, a final answer about that pair that is no denial; and every final answer about an entry
 *   that is no denial, and was heard, is named by one trade. Left out are those from `settled_ms` on: a bot told to stop may not get to noting it;
 * - every further entry order of a trade comes within a loop's time after an answer about an addition to that pair that is no denial.
 */
import { readJournal } from "../../bridge/dist/journal/reader.js";
import { timeOf } from "./bot.mjs";

const SAID =
  /^(\S+ \S+) - talebridge\.decide - \w+ - talebridge (allows|cuts to (\S+)|denies) the (long|short) (\w+) of (\S+) with stake ([^\s:]+?):? .*\(journal line (\d+) of boot (\w+)\)$/;
const DIGITS = 8;
/** From an answer to its order, on a machine that does much else. */
const ORDER_MS = 60_000;

/** @typedef {Extract<import("../../bridge/dist/journal/lines.js").JournalLine, { type: "gate" }>} Gate */
/** @typedef {{ at_ms: number, key: string, verb: string, allowed: string | undefined, side: string, kind: string, pair: string, stake: string }} Said */

/** @param {string} log @returns {Said[]} */
export function decisionsSaid(log) {
  return log.split("\n").flatMap((line) => {
    const match = SAID.exec(line);
    if (match === null) return [];
    const [, at = "", verb = "", allowed, side = "", kind = "", pair = "", stake = "", number, boot] = match;
    return [{ at_ms: timeOf(at), key: `${boot} ${number}`, verb, allowed, side, kind, pair, stake }];
  });
}

/** Questions of a journal by boot and number. @param {string} folder @param {(problem: string) => void} damage @returns {Map<string, Gate>} */
export function questionsIn(folder, damage) {
  const gates = new Map();
  let boot = "";
  for (const line of readJournal(folder, {
    onDamage: ({ path, line, problem }) => damage(`${path}:${line} ${problem}`),
  })) {
    if (line.type === "boot" || line.type === "state") boot = line.boot;
    if (line.type === "gate") gates.set(`${boot} ${line.seq}`, line);
  }
  return gates;
}

/** Whether a stake is the one the log prints, to as many digits as it does. @param {string} text @param {number | null} stake */
const printed = (text, stake) => Math.abs(Number(text) - Number(stake)) <= 10 ** (1 - DIGITS) * Math.abs(Number(stake));

/** What a line of the log has to say about a journal line. @param {Said} said @param {Gate} gate @returns {string | null} the first difference */
function differs(said, gate) {
  const verb = gate.decision === "allow" ? "allows" : gate.decision === "reduce" ? "cuts" : "denies";
  // A stake that can no longer be cut is denied, unless it fits.
  const refused = gate.decision === "reduce" && gate.stage === "final" && said.verb === "denies";
  if (said.verb.split(" ")[0] !== verb && !refused) return `${said.verb} against ${gate.decision}`;
  if (said.pair !== gate.pair || said.side !== gate.side || said.kind.toLowerCase() !== gate.kind)
    return "another entry";
  if (!printed(said.stake, gate.stake)) return `stake ${said.stake} against ${gate.stake}`;
  if (said.allowed !== undefined && !printed(said.allowed, gate.stake_allowed))
    return `cut to ${said.allowed} against ${gate.stake_allowed}`;
  return null;
}

/**
 * @param {object} of
 * @param {string} of.log
 * @param {Map<string, Gate>} of.questions
 * @param {readonly import("./bot.mjs").Trade[]} of.trades
 * @param {number} of.settled_ms
 * @returns {{ wrong: string[], said: number, journalled: number, unheard: number, linked: number, not_placed: number }}
 */
export function compareDecisions({ log, questions, trades, settled_ms }) {
  /** @type {string[]} */
  const wrong = [];
  const said = decisionsSaid(log);
  const heard = new Set();
  for (const one of said) {
    const gate = questions.get(one.key);
    const problem = gate === undefined ? "is not in the journal" : differs(one, gate);
    if (problem !== null) wrong.push(`the log's decision ${one.key} about ${one.pair}: ${problem}`);
    if (heard.has(one.key)) wrong.push(`the log names journal line ${one.key} twice`);
    heard.add(one.key);
  }
  const silent = [...questions].filter(([key]) => !heard.has(key));
  const late = (log.match(/gave no answer within/g) ?? []).length;
  if (silent.length > late)
    wrong.push(
      `${silent.length} questions of the journal are not in the log, which tells of ${late} without an answer`,
    );

  const linked = new Set();
  for (const { id, pair, link, open_ms } of trades) {
    if (link === null && open_ms >= settled_ms) continue;
    const key = link === null ? "" : `${link.boot} ${link.line}`;
    const gate = questions.get(key);
    if (
      gate === undefined ||
      gate.pair !== pair ||
      gate.stage !== "final" ||
      gate.kind !== "entry" ||
      gate.decision === "deny"
    )
      wrong.push(`trade ${id} of ${pair} is linked to ${JSON.stringify(link)}, which let in no such entry`);
    else if (gate.session !== link?.session)
      wrong.push(`trade ${id} is linked to session ${link?.session}, not ${gate.session}`);
    if (linked.has(key)) wrong.push(`two trades are linked to ${key}`);
    linked.add(key);
  }
  const additions = [...questions.values()].filter(({ kind, decision }) => kind === "scale_in" && decision !== "deny");
  for (const { id, pair, entries } of trades)
    for (const { at_ms } of entries.slice(1))
      if (!additions.some((gate) => gate.pair === pair && gate.t_ms <= at_ms + 1000 && gate.t_ms > at_ms - ORDER_MS))
        wrong.push(`trade ${id} of ${pair} was added to, which no line of the journal let in`);
  const let_in = said.filter(({ key, verb, at_ms }) => {
    const gate = questions.get(key);
    return at_ms < settled_ms && gate?.stage === "final" && gate.kind === "entry" && verb !== "denies";
  });
  const not_placed = let_in.filter(({ key }) => !linked.has(key));
  for (const { key, pair } of not_placed)
    wrong.push(`journal line ${key} let in ${pair}, but no trade is linked to it`);
  return {
    ...{ wrong, said: said.length, journalled: questions.size, unheard: silent.length },
    ...{ linked: linked.size, not_placed: not_placed.length },
  };
}
