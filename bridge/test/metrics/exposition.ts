/** A strict reader of the Prometheus text format 0.0.4: throws at whatever a scraper might take amiss, and at some things it would let pass. */

export interface ReadFamily {
  readonly name: string;
  readonly type: string;
  readonly help: string;
  readonly samples: readonly ReadSample[];
}
export interface ReadSample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const LINE = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$/s;
const LABEL = /^([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)/;
const VALUE = /^(?:[+-]Inf|NaN|[+-]?\d+(?:\.\d+)?(?:e[+-]?\d+)?)$/;

export function readExposition(text: string): Map<string, ReadFamily> {
  if (!text.endsWith("\n")) throw new Error("the last line has no end");
  const families = new Map<string, ReadFamily>();
  const seen = new Set<string>();
  let current: { name: string; type: string; help: string; samples: ReadSample[] } | null = null;
  let help: { name: string; text: string } | null = null;
  for (const line of text.slice(0, -1).split("\n")) {
    const [mark, kind, name = "", ...rest] = line.split(" ");
    if (mark === "#" && kind === "HELP") {
      if (help !== null || rest.length === 0) throw new Error(`misplaced or empty: ${line}`);
      help = { name, text: rest.join(" ") };
      continue;
    }
    if (mark === "#" && kind === "TYPE") {
      if (help?.name !== name) throw new Error(`TYPE without its HELP: ${line}`);
      if (!NAME.test(name) || families.has(name)) throw new Error(`bad or repeated name: ${line}`);
      if (!["counter", "gauge", "histogram"].includes(rest.join(" "))) throw new Error(`unknown type: ${line}`);
      current = { name, type: rest.join(" "), help: help.text, samples: [] };
      families.set(name, current);
      help = null;
      continue;
    }
    const sample = readSample(line);
    if (current === null || help !== null || !belongs(sample.name, current))
      throw new Error(`outside its family: ${line}`);
    const key = `${sample.name}${JSON.stringify(Object.entries(sample.labels).sort())}`;
    if (seen.has(key)) throw new Error(`repeated: ${line}`);
    seen.add(key);
    current.samples.push(sample);
  }
  for (const family of families.values()) check(family);
  return families;
}

function readSample(line: string): ReadSample {
  const match = LINE.exec(line);
  if (match === null) throw new Error(`not a sample: ${line}`);
  const [, name = "", inside = "", value = ""] = match;
  if (!VALUE.test(value)) throw new Error(`not a number: ${line}`);
  const labels: Record<string, string> = {};
  for (let rest = inside; rest !== ""; ) {
    const label = LABEL.exec(rest);
    if (label === null) throw new Error(`bad labels: ${line}`);
    const [whole, key = "", text = ""] = label;
    if (key in labels) throw new Error(`repeated label: ${line}`);
    labels[key] = text.replace(/\\(.)/g, (_, escaped) => (escaped === "n" ? "\n" : escaped));
    rest = rest.slice(whole.length);
  }
  return { name, labels, value: Number(value.replace("Inf", "Infinity")) };
}

function belongs(name: string, family: { name: string; type: string }): boolean {
  if (family.type !== "histogram") return name === family.name;
  return ["_bucket", "_sum", "_count"].some((suffix) => name === `${family.name}${suffix}`);
}

function check(family: ReadFamily): void {
  const { name, type, samples } = family;
  if ((type === "counter") !== name.endsWith("_total")) throw new Error(`${name} is a ${type}`);
  if (type === "counter" && samples.some(({ value }) => !(value >= 0))) throw new Error(`${name} is below 0`);
  if (type !== "histogram") return;
  const buckets = samples.filter((sample) => sample.name === `${name}_bucket`);
  const bounds = buckets.map(({ labels }) => Number(String(labels.le).replace("+Inf", "Infinity")));
  const rising = (values: readonly number[], strictly: boolean) =>
    values.every((value, at) => at === 0 || value > (values[at - 1] ?? 0) || (!strictly && value === values[at - 1]));
  if (!rising(bounds, true) || bounds.at(-1) !== Number.POSITIVE_INFINITY) throw new Error(`bounds of ${name}`);
  if (
    !rising(
      buckets.map(({ value }) => value),
      false,
    )
  )
    throw new Error(`${name} is not cumulative`);
  const count = samples.find((sample) => sample.name === `${name}_count`)?.value;
  if (count !== buckets.at(-1)?.value) throw new Error(`${name}_count is not its last bucket`);
  if (!samples.some((sample) => sample.name === `${name}_sum`)) throw new Error(`${name} has no sum`);
}
