/** The same section, the same values: what freqtrade's own webhook sends, and what the bridge sends. */
import fc from "fast-check";
import { expect, it } from "vitest";
import { type GivenWebhook, resolveWebhook } from "../bridge/src/config/webhook.js";
import type { Violation } from "../bridge/src/engine/types.js";
import { encodeBody } from "../bridge/src/webhook/payload.js";
import { post } from "../bridge/src/webhook/post.js";
import { fill, templateProblems } from "../bridge/src/webhook/template.js";
import { VALUES, type Values } from "../bridge/src/webhook/values.js";
import { type Received, Receiver } from "../bridge/test/webhook/receiver.js";
import { python } from "./harness/freqtrade.js";

const RUN_MS = 120_000;
const values = Object.fromEntries(Object.keys(VALUES).map((name) => [name, `${name}: é & "x"`])) as Values;
const SECTIONS = [
  {
    format: "form",
    template: { value1: "Bot: {status}", value2: "{{ {type} }}", n: 5, list: ["{at}", "b"], yes: true },
  },
  { format: "json", template: { content: "{status}", embeds: [{ title: "{alarm}", color: 1.5, none: null }] } },
  { format: "raw", template: { data: "{session}: {text}" } },
] as const;

/** What of a request tells anything: bodies as their receivers read them. */
function read({ method, path, headers, body }: Received): unknown {
  const type = headers["content-type"];
  const parsed =
    type === "application/json"
      ? JSON.parse(body)
      : type === "text/plain"
        ? body
        : [...new URLSearchParams(body).entries()];
  return { method, path, type, parsed };
}

it(
  "is what freqtrade sends, in each format",
  async () => {
    const receiver = await new Receiver().start();
    try {
      for (const { format, template } of SECTIONS) {
        const section = { enabled: true, url: receiver.url().href, format, retries: 1, status: template };
        const program = `import json, sys
from freqtrade.enums import RPCMessageType
from freqtrade.rpc.webhook import Webhook
section, values = map(json.loads, sys.argv[1:])
Webhook(None, {"webhook": section}).send_msg({**values, "type": RPCMessageType.STATUS})`;
        await python(program, [JSON.stringify(section), JSON.stringify({ ...values, type: "status" })], RUN_MS);

        const violations: Violation[] = [];
        const config = resolveWebhook(section as GivenWebhook, false, violations);
        if (config === null) throw new Error(JSON.stringify(violations));
        const body = encodeBody(format, fill(config.templates.status, { ...values, type: "status" }));
        const { url, timeout_ms } = config;
        expect(await post(body, { url, timeout_ms, signal: new AbortController().signal })).toEqual({ ok: true });
        const [theirs, ours, ...more] = receiver.received.splice(0).map(read);
        expect(more).toEqual([]);
        expect(ours).toEqual(theirs);
      }
    } finally {
      receiver.stop();
    }
  },
  RUN_MS,
);

it(
  "fills texts as Python does, and refuses those that Python refuses",
  async () => {
    const part = fc.constantFrom("{{", "}}", "{status}", "{text}", "a", " ", "{", "}", "{nobody}");
    const texts = fc.sample(
      fc.array(part, { maxLength: 8 }).map((parts) => parts.join("")),
      { numRuns: 2000, seed: 8 },
    );
    const program = `import json, sys
texts, values = map(json.loads, sys.argv[1:])
def fill(text):
    try: return text.format(**values)
    except (KeyError, ValueError, IndexError): return None
print(json.dumps([fill(text) for text in texts]))`;
    const theirs: (string | null)[] = JSON.parse(
      await python(program, [JSON.stringify(texts), JSON.stringify(values)], RUN_MS),
    );
    const ours = texts.map((text) => (templateProblems(text, "").length > 0 ? null : fill(text, values)));
    const filled = theirs.filter((text) => text !== null).length;
    expect([filled > 200, filled < 1800]).toEqual([true, true]);
    expect(ours).toEqual(theirs);
  },
  RUN_MS,
);
