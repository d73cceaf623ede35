/** The `webhook` block, resolved: its address checked, its templates held to what can be filled. */
import type { Violation } from "../engine/types.js";
import { formatProblem } from "../webhook/payload.js";
import { templateProblems } from "../webhook/template.js";
import { isRecord } from "./check.js";
import { isLoopback } from "./endpoint.js";
import {
  MAX_TEMPLATE_CHARS,
  MESSAGE_TYPES,
  type MessageType,
  WEBHOOK_DEFAULTS,
  type WebhookFormat,
} from "./webhook_schema.js";

export interface WebhookConfig {
  readonly url: URL;
  readonly format: WebhookFormat;
  readonly retries: number;
  readonly retry_delay_ms: number;
  readonly timeout_ms: number;
  /** Messages without one are not sent. */
  readonly templates: Readonly<Partial<Record<MessageType, Readonly<Record<string, unknown>>>>>;
}

export interface GivenWebhook extends Readonly<Partial<Record<MessageType | "webhookstatus", unknown>>> {
  readonly url: string;
  readonly enabled?: boolean;
  readonly format?: WebhookFormat;
  readonly retries?: number;
  readonly retry_delay?: number;
  readonly timeout?: number;
  readonly insecure?: boolean;
}

export function resolveWebhook(
  given: GivenWebhook | null,
  is_private: boolean,
  violations: Violation[],
): WebhookConfig | null {
  if (given === null || given.enabled === false) return null;
  if (is_private) {
    const message = "is not for a private bridge, which serves the process that started it: leave it out";
    violations.push({ path: "webhook", message });
  }
  const url = address(given, violations);
  const format = given.format ?? WEBHOOK_DEFAULTS.format;
  const templates = resolveTemplates(given, format, violations);
  if (url === null) return null;
  return {
    url,
    format,
    retries: given.retries ?? WEBHOOK_DEFAULTS.retries,
    retry_delay_ms: (given.retry_delay ?? WEBHOOK_DEFAULTS.retry_delay) * 1000,
    timeout_ms: (given.timeout ?? WEBHOOK_DEFAULTS.timeout) * 1000,
    templates,
  };
}

/** Says what is wrong with the address without repeating it. */
function address({ url: text, insecure }: GivenWebhook, violations: Violation[]): URL | null {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || (url.protocol !== "https:" && url.protocol !== "http:")) {
    violations.push({ path: "webhook.url", message: "is not an address such as https://example.org/hook" });
    return null;
  }
  const host = url.hostname.replace(/^\[|\]$/g, "");
  if (url.protocol === "http:" && insecure !== true && host !== "localhost" && !isLoopback(host)) {
    const message =
      "is plain http to another machine, which anyone on the way can read: use https, or set webhook.insecure";
    violations.push({ path: "webhook.url", message });
  }
  return url;
}

function resolveTemplates(
  given: GivenWebhook,
  format: WebhookFormat,
  violations: Violation[],
): WebhookConfig["templates"] {
  const templates: Partial<Record<MessageType, Readonly<Record<string, unknown>>>> = {};
  for (const type of MESSAGE_TYPES) {
    const name = isRecord(given[type]) ? type : "webhookstatus";
    const template = given[name];
    if (!isRecord(template) || Object.keys(template).length === 0) continue;
    const path = `webhook.${name}`;
    const known = violations.length;
    violations.push(...templateProblems(template, path));
    const problem = formatProblem(format, template);
    if (problem !== null) violations.push({ path, message: problem });
    if (JSON.stringify(template).length > MAX_TEMPLATE_CHARS)
      violations.push({ path, message: `is longer than ${MAX_TEMPLATE_CHARS} characters` });
    if (violations.length > known && name === "webhookstatus") break;
    templates[type] = template;
  }
  if (Object.keys(templates).length === 0 && violations.length === 0) {
    const message = 'says nowhere what to send: give startup, status and warning, each such as {"text": "{status}"}';
    violations.push({ path: "webhook", message });
  }
  return templates;
}
