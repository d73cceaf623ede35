/** One request against receivers that are absent, slow, wrong or lie. */

import { spawnSync } from "node:child_process";
import v8 from "node:v8";
import { runInNewContext } from "node:vm";
import { afterEach, describe, expect, it } from "vitest";
import { post } from "../../src/webhook/post.js";
import { Receiver } from "./receiver.js";

const TIMEOUT_MS = 5000;
let receiver: Receiver | null = null;
afterEach(() => {
  receiver?.stop();
  receiver = null;
});

const send = (url: URL, timeout_ms = TIMEOUT_MS, signal = new AbortController().signal) =>
  post({ type: "text/plain", body: "hé" }, { url, timeout_ms, signal });

async function answering(answer: Receiver["answer"]): Promise<URL> {
  receiver = await new Receiver().start();
  receiver.answer = answer;
  return receiver.url("/secret?token=1");
}

describe("a receiver that", () => {
  it("takes it, gets the bytes, their length and their type", async () => {
    expect(await send(await answering({ status: 204 }))).toEqual({ ok: true });
    expect(receiver?.received).toMatchObject([
      {
        method: "POST",
        path: "/secret?token=1",
        body: "hé",
        headers: { "content-type": "text/plain", "content-length": "3" },
      },
    ]);
  });

  it("refuses it is named by its status alone", async () => {
    for (const status of [400, 401, 404, 429, 500, 503])
      expect(await send(await answering({ status }))).toEqual({ ok: false, why: `it answered ${status}` });
  });

  it("redirects is not followed", async () => {
    const elsewhere = await new Receiver().start();
    try {
      const posted = await send(await answering({ status: 307, headers: { Location: elsewhere.url().href } }));
      expect(posted).toMatchObject({ ok: false, why: expect.stringContaining("307, a redirect") });
      expect(elsewhere.received).toEqual([]);
    } finally {
      elsewhere.stop();
    }
  });

  it("answers without end has answered", async () => {
    expect(await send(await answering({ status: 200, endless: true }))).toEqual({ ok: true });
  });

  it("does not answer is given up after the timeout", async () => {
    expect(await send(await answering(null), 200)).toEqual({ ok: false, why: "no answer within 0.2 s" });
  });

  it("does not answer is given up even when memory is collected meanwhile", async () => {
    v8.setFlagsFromString("--expose-gc");
    const collect: () => void = runInNewContext("gc");
    const collecting = setInterval(collect, 20);
    try {
      expect(await send(await answering(null), 200)).toEqual({ ok: false, why: "no answer within 0.2 s" });
    } finally {
      clearInterval(collecting);
    }
  }, 5000);

  it("is not there, or has no name, costs one failed request and tells no address", async () => {
    const gone = await new Receiver().start();
    const url = gone.url("/secret");
    gone.stop();
    expect(await send(url)).toEqual({ ok: false, why: "ECONNREFUSED" });
    const nameless = await send(new URL("http://no-such-host.invalid/secret"), 30_000);
    expect(nameless).toMatchObject({ ok: false, why: expect.stringMatching(/^(ENOTFOUND|EAI_AGAIN)$/) });
  });

  it("has a certificate nobody vouches for is sent nothing", async () => {
    const program = `from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization as s
from cryptography.hazmat.primitives.asymmetric import ec
import datetime as d, json
key = ec.generate_private_key(ec.SECP256R1())
name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
now = d.datetime.now(d.timezone.utc)
cert = (x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
  .not_valid_before(now - d.timedelta(1)).not_valid_after(now + d.timedelta(1)).sign(key, hashes.SHA256()))
pem = s.Encoding.PEM
print(json.dumps({"key": key.private_bytes(pem, s.PrivateFormat.PKCS8, s.NoEncryption()).decode(), "cert": cert.public_bytes(pem).decode()}))`;
    const made = spawnSync(".venv/bin/python", ["-c", program], { encoding: "utf8" });
    expect(made.stderr).toBe("");
    receiver = await new Receiver(JSON.parse(made.stdout)).start();
    expect(await send(receiver.url())).toEqual({ ok: false, why: "DEPTH_ZERO_SELF_SIGNED_CERT" });
    expect(receiver.received).toEqual([]);
  });

  it("speaks another protocol is no receiver", async () => {
    const url = await answering({ status: 200 });
    expect(await send(new URL(url.href.replace("http:", "https:")))).toMatchObject({ ok: false });
    expect(receiver?.received).toEqual([]);
  });
});

it("ends at once when it is called off", async () => {
  const off = new AbortController();
  const sent = send(await answering(null), 60_000, off.signal);
  await receiver?.until(1);
  off.abort();
  expect(await sent).toMatchObject({ ok: false });
});
