/** Who may ask for what, by headers alone. */
import { chmodSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { carriesToken, isOurHost, isSameOrigin, SECURITY_HEADERS } from "../../src/web/guard.js";
import { readOrder } from "../../src/web/order.js";
import { openToken } from "../../src/web/token.js";
import { temporaryDir } from "../server/harness.js";

const uid = process.getuid?.() ?? 0;

describe("the host a request names", () => {
  it.each([
    ["127.0.0.1:9110", "127.0.0.1", true],
    ["localhost:9110", "127.0.0.1", true],
    ["LOCALHOST", "127.0.0.1", true],
    ["[::1]:9110", "::1", true],
    ["gate.example:443", "127.0.0.1", true],
    ["evil.example:9110", "127.0.0.1", false],
    ["127.0.0.1.evil.example:9110", "127.0.0.1", false],
    ["localhost.evil.example", "127.0.0.1", false],
    ["192.0.2.7:9110", "127.0.0.1", false],
    ["192.0.2.7:9110", "0.0.0.0", true],
    ["evil.example", "0.0.0.0", false],
    ["a@127.0.0.1", "127.0.0.1", false],
    ["127.0.0.1:9110:1", "127.0.0.1", false],
    ["", "127.0.0.1", false],
    [undefined, "127.0.0.1", false],
  ])("%s, listening on %s: %s", (host, listening_on, ours) => {
    expect(isOurHost(host, listening_on, ["gate.example"])).toBe(ours);
  });
});

describe("the page a request comes from", () => {
  const host = "127.0.0.1:9110";
  it.each([
    [{ host }, true],
    [{ host, origin: "http://127.0.0.1:9110" }, true],
    [{ host: "gate.example", origin: "https://gate.example" }, true],
    [{ host, origin: "http://127.0.0.1:9111" }, false],
    [{ host, origin: "http://evil.example" }, false],
    [{ host, origin: "null" }, false],
    [{ host, "sec-fetch-site": "same-origin" }, true],
    [{ host, "sec-fetch-site": "cross-site" }, false],
    [{ host, "sec-fetch-site": "same-site" }, false],
  ])("%j: %s", (headers, ours) => {
    expect(isSameOrigin(headers)).toBe(ours);
  });
});

describe("the token", () => {
  it.each([
    ["Bearer right-token", true],
    ["Bearer wrong-token", false],
    ["Bearer right-token2", false],
    ["Bearer ", false],
    ["bearer right-token", false],
    ["Basic right-token", false],
    [undefined, false],
  ])("%s: %s", (authorization, carried) => {
    expect(carriesToken({ authorization }, "right-token")).toBe(carried);
  });

  it("is made once, for its owner alone, and refused when others could have read it", () => {
    const dir = temporaryDir();
    const path = join(dir, "web.token");
    const token = openToken(path, uid);
    expect(Buffer.from(token, "base64url")).toHaveLength(32);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(openToken(path, uid)).toBe(token);
    chmodSync(path, 0o640);
    expect(() => openToken(path, uid)).toThrow(/open to other users/);
    chmodSync(path, 0o600);
    writeFileSync(path, "short\n");
    expect(() => openToken(path, uid)).toThrow(/must hold 32 to 256/);
    expect(readFileSync(path, "utf8")).toBe("short\n");
    rmSync(dir, { recursive: true });
  });
});

describe("an order", () => {
  const order = (body: object) =>
    readOrder(JSON.stringify({ session: "", state: "HALTED", why: "news", ...body }), "me", 1000);
  it("is what the command makes of the same arguments", () => {
    expect(order({ for: "4h" })).toEqual({
      ok: true,
      order: { session: "", status: "HALTED", until_ms: 1000 + 4 * 3_600_000, by: "me (web page)", why: "news" },
    });
    expect(order({})).toMatchObject({ order: { until_ms: 0 } });
    expect(order({ state: "ACTIVE", for: "4h" })).toMatchObject({ order: { status: "ACTIVE", until_ms: 0 } });
  });

  it.each([
    [{ why: "  " }, /reason is missing/],
    [{ why: "x".repeat(201) }, /must be/],
    [{ for: "4 hours" }, /--for was/],
    [{ for: "999d" }, /more than a year/],
    [{ until: "1970-01-01T00:00Z" }, /is past/],
    [{ state: "OFF" }, /must be/],
    [{ other: 1 }, /must be/],
    [{ session: 1 }, /must be/],
  ])("%j is refused", (body, problem) => {
    const read = order(body);
    expect(read.ok ? "" : read.message).toMatch(problem);
  });

  it("keeps the name within the protocol's 64 characters", () => {
    const read = readOrder('{"session":"","state":"HALTED","why":"x"}', "n".repeat(100), 0);
    expect(read.ok && read.order.by).toBe(`${"n".repeat(53)} (web page)`);
  });
});

it("lets nothing but our own files run, style or be reached", () => {
  const policy = SECURITY_HEADERS["Content-Security-Policy"] ?? "";
  expect(policy).toContain("default-src 'none'");
  expect(policy).not.toMatch(/unsafe|\*|data:|https?:/);
  for (const directive of ["frame-ancestors 'none'", "base-uri 'none'", "form-action 'none'", "script-src 'self'"]) {
    expect(policy).toContain(directive);
  }
});
