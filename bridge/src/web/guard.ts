/** Who may ask for what, decided from a request's headers alone. Pure. */
import { createHash, timingSafeEqual } from "node:crypto";
import { isIP } from "node:net";
import { isLoopback } from "../config/endpoint.js";

export interface Headers {
  readonly host?: string | undefined;
  readonly origin?: string | undefined;
  readonly authorization?: string | undefined;
  readonly "sec-fetch-site"?: string | string[] | undefined;
}

/**
 * Whether a request names a host that is ours. A page of someone else's whose name was made to point here (DNS rebinding) sends its own name;
 * a bare address cannot be rebound.
 * @param listening_on address the server listens on: on loopback other machines' addresses are not ours either
 * @param hosts further names, from the configuration
 */
export function isOurHost(host: string | undefined, listening_on: string, hosts: readonly string[]): boolean {
  const name = hostName(host);
  if (name === null) return false;
  if (hosts.includes(name) || name === "localhost") return true;
  if (isIP(name) === 0) return false;
  return !isLoopback(listening_on) || isLoopback(name);
}

/** A host header without its port, in lower case; null when it is none. */
function hostName(host: string | undefined): string | null {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([a-zA-Z0-9.-]+))(?::\d{1,5})?$/.exec(host ?? "");
  return (match?.[1] ?? match?.[2])?.toLowerCase() ?? null;
}

/** Whether a request comes from our own page, or from no page at all: browsers tell, and cannot be made not to. */
export function isSameOrigin(headers: Headers): boolean {
  const site = headers["sec-fetch-site"];
  if (site !== undefined && site !== "same-origin" && site !== "none") return false;
  const { origin, host } = headers;
  return origin === undefined || (host !== undefined && isOriginOf(origin, host));
}

/** The scheme is not compared: behind a proxy that ends TLS the page's is https and ours http. */
function isOriginOf(origin: string, host: string): boolean {
  return origin === `http://${host}` || origin === `https://${host}`;
}

/** Whether a request carries the token, compared in a time that does not depend on where they differ. */
export function carriesToken({ authorization }: Headers, token: string): boolean {
  const match = /^Bearer ([\x21-\x7e]{1,256})$/.exec(authorization ?? "");
  return match !== null && timingSafeEqual(digest(match[1] ?? ""), digest(token));
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}

/** On every response. Nothing but our own two files runs or styles the page, it talks to us alone, and nobody frames it. */
export const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  "Content-Security-Policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
  "X-Content-Type-Options": "nosniff",
  "X-Frame-Options": "DENY",
  "Referrer-Policy": "no-referrer",
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Resource-Policy": "same-origin",
  "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
  "Cache-Control": "no-store",
};
