/** Prometheus text format 0.0.4. */
import type { Histogram } from "./histogram.js";

export const CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8";

export type Labels = Readonly<Record<string, string>>;
export interface Sample {
  readonly labels: Labels;
  readonly value: number;
}

/** A metric and all its samples. */
export type Family = {
  readonly name: string;
  readonly help: string;
} & (
  | { readonly type: "counter" | "gauge"; readonly samples: readonly Sample[] }
  | { readonly type: "histogram"; readonly histogram: Histogram }
);

export function renderText(families: readonly Family[]): string {
  return families.map(renderFamily).join("");
}

function renderFamily(family: Family): string {
  const { name, type, help } = family;
  const lines = [`# HELP ${name} ${escapeHelp(help)}`, `# TYPE ${name} ${type}`];
  if (family.type === "histogram") lines.push(...renderHistogram(name, family.histogram));
  else for (const { labels, value } of family.samples) lines.push(line(name, labels, value));
  return `${lines.join("\n")}\n`;
}

function renderHistogram(name: string, histogram: Histogram): string[] {
  const counts = histogram.cumulative();
  const lines = histogram.bounds.map((bound, at) => line(`${name}_bucket`, { le: String(bound) }, counts[at] ?? 0));
  const all = counts.at(-1) ?? 0;
  lines.push(line(`${name}_bucket`, { le: "+Inf" }, all));
  lines.push(line(`${name}_sum`, {}, histogram.sum), line(`${name}_count`, {}, all));
  return lines;
}

function line(name: string, labels: Labels, value: number): string {
  const pairs = Object.entries(labels).map(([key, text]) => `${key}="${escapeLabel(text)}"`);
  return `${name}${pairs.length === 0 ? "" : `{${pairs.join(",")}}`} ${number(value)}`;
}

function number(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return "+Inf";
  return value === Number.NEGATIVE_INFINITY ? "-Inf" : String(value);
}

function escapeLabel(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}

function escapeHelp(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
}
