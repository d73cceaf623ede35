/** The daemon's `webhook` block: what is taken as freqtrade's users have it, what is refused, and that its address is never shown. */
import { expect, it } from "vitest";
import { check } from "../../src/config/check.js";
import { DaemonSchema } from "../../src/config/daemon_schema.js";
import { type GivenWebhook, resolveWebhook } from "../../src/config/webhook.js";
import type { Violation } from "../../src/engine/types.js";
import { FIXED } from "../../src/limits.js";

const URL_TEXT = "https://example.org/hook/secret";
const text = { text: "{status}" };

function resolve(over: object, is_private = false) {
  const given = { url: URL_TEXT, warning: text, ...over };
  const violations: Violation[] = check(DaemonSchema, { webhook: given });
  const config = violations.length > 0 ? null : resolveWebhook(given as GivenWebhook, is_private, violations);
  expect(JSON.stringify(violations)).not.toContain("secret");
  return { config, violations, paths: violations.map(({ path }) => path) };
}

it("takes freqtrade's own section as it is, and of it what concerns alarms", () => {
  const theirs = {
    enabled: true,
    format: "json",
    retries: 3,
    retry_delay: 0.2,
    timeout: 5,
    allow_custom_messages: true,
    entry: { value1: "Entering {pair}", value2: "limit {limit:8f}" },
    exit_fill: { value1: "{profit_ratio:.2%}" },
    webhookexit: { value1: "x" },
    status: { value1: "Status: {status}" },
    webhookstatus: { value1: "{type}: {status}" },
    warning: undefined,
  };
  const { config, violations } = resolve(theirs);
  expect(violations).toEqual([]);
  expect(config).toMatchObject({ format: "json", retries: 3, retry_delay_ms: 200, timeout_ms: 5000 });
  expect(config?.templates).toEqual({
    startup: { value1: "{type}: {status}" },
    status: { value1: "Status: {status}" },
    warning: { value1: "{type}: {status}" },
  });
});

it("has freqtrade's defaults", () => {
  expect(resolve({}).config).toMatchObject({ format: "form", retries: 0, retry_delay_ms: 100, timeout_ms: 10_000 });
});

it("is off when it says so, and not for a private bridge", () => {
  expect(resolve({ enabled: false, warning: undefined })).toMatchObject({ config: null, violations: [] });
  expect(resolve({}, true).paths).toEqual(["webhook"]);
});

it.each([
  ["http://127.0.0.1:8/secret", {}, true],
  ["http://[::1]:8/secret", {}, true],
  ["http://localhost/secret", {}, true],
  ["http://example.org/secret", {}, false],
  ["http://127.0.0.1.example.org/secret", {}, false],
  ["http://example.org/secret", { insecure: true }, true],
  ["ftp://example.org/secret", {}, false],
  ["example.org/secret", {}, false],
  [`https://example.org/secret${"x".repeat(2048)}`, {}, false],
  [5, {}, false],
])("address %s with %j: %s", (url, over, good) => {
  const { paths } = resolve({ url, ...over });
  expect(paths).toEqual(good ? [] : ["webhook.url"]);
});

it("refuses what could not be sent, each with its place", () => {
  expect(resolve({ warning: undefined }).violations).toMatchObject([
    { path: "webhook", message: expect.stringContaining("says nowhere what to send") },
  ]);
  expect(resolve({ warning: {} }).paths).toEqual(["webhook"]);
  expect(resolve({ warning: { a: "{pair}", b: "{" } }).paths).toEqual(["webhook.warning.a", "webhook.warning.b"]);
  expect(resolve({ warning: { a: { b: 1 } } }).paths).toEqual(["webhook.warning"]);
  expect(resolve({ format: "json", warning: { a: { b: 1 } } }).paths).toEqual([]);
  expect(resolve({ format: "raw" }).paths).toEqual(["webhook.warning"]);
  expect(resolve({ format: "xml" }).paths).toEqual(["webhook.format"]);
  expect(resolve({ warning: "text" }).paths).toEqual(["webhook.warning"]);
  expect(resolve({ webhokstatus: text }).violations[0]?.message).toContain('did you mean "webhookstatus"?');
  expect(resolve({ warning: undefined, webhookstatus: { a: "{pair}" } }).paths).toEqual(["webhook.webhookstatus.a"]);
  const long = (chars: number) => ({ warning: { a: "x".repeat(chars - '{"a":""}'.length) } });
  expect(resolve(long(FIXED.webhook_payload_chars)).paths).toEqual([]);
  expect(resolve(long(FIXED.webhook_payload_chars + 1)).paths).toEqual(["webhook.warning"]);
});

it.each([
  ["retries", [0, 10], [-1, 11, 1.5]],
  ["retry_delay", [0, 60], [-0.1, 60.1]],
  ["timeout", [0.1, 60], [0.05, 61]],
])("%s has bounds", (name, good, bad) => {
  for (const value of good) expect([value, resolve({ [name]: value }).paths]).toEqual([value, []]);
  for (const value of bad) expect([value, resolve({ [name]: value }).paths]).toEqual([value, [`webhook.${name}`]]);
});

it("is not shown either when it stands where the block belongs", () => {
  const violations = check(DaemonSchema, { webhook: URL_TEXT });
  expect(violations).toMatchObject([{ path: "webhook", message: expect.stringContaining("must be") }]);
  expect(JSON.stringify(violations)).not.toContain("secret");
});
