/** A filled template as a request's body, in freqtrade's three formats. */
import { isRecord } from "../config/check.js";
import type { WebhookFormat } from "../config/webhook_schema.js";

export interface Body {
  readonly type: string;
  readonly body: string;
}

/** What a template lacks for its format; null: nothing. */
export function formatProblem(format: WebhookFormat, template: Readonly<Record<string, unknown>>): string | null {
  if (format === "raw") {
    return typeof template.data === "string" ? null : 'has no text "data", which format raw sends';
  }
  if (format === "json") return null;
  const bad = Object.entries(template).find(([, value]) => [value].flat().some((item) => typeof item === "object"));
  return bad === undefined
    ? null
    : `has ${bad[0]}, whose value a form cannot hold: use texts, numbers and lists of them, or "format": "json"`;
}

export function encodeBody(format: WebhookFormat, payload: unknown): Body {
  const record = isRecord(payload) ? payload : {};
  if (format === "raw") return { type: "text/plain", body: String(record.data) };
  if (format === "json") return { type: "application/json", body: JSON.stringify(record) };
  const form = new URLSearchParams();
  for (const [key, value] of Object.entries(record))
    for (const item of [value].flat()) form.append(key, formText(item));
  return { type: "application/x-www-form-urlencoded", body: form.toString() };
}

/** Truth as Python writes it, which is what freqtrade's receivers get. */
function formText(value: unknown): string {
  if (typeof value === "boolean") return value ? "True" : "False";
  return String(value);
}
