/** One POST, and whether it was taken. Never tells the address: it may hold the receiver's secret. */
import { lookup as systemLookup } from "node:dns";
import { request as plainRequest } from "node:http";
import { request as tlsRequest } from "node:https";
import type { LookupFunction } from "node:net";
import type { Body } from "./payload.js";

export type Posted = { readonly ok: true } | { readonly ok: false; readonly why: string };

export interface PostOptions {
  readonly url: URL;
  readonly timeout_ms: number;
  /** Ends it early. */
  readonly signal: AbortSignal;
}

/** Resolves in every case. Redirects are not followed: where they lead was configured by nobody here. */
export function post({ type, body }: Body, { url, timeout_ms, signal }: PostOptions): Promise<Posted> {
  // Not AbortSignal.any of a signal and AbortSignal.timeout: nobody else holds these, and once they are collected no time-out comes.
  const limit = new AbortController();
  const limited = limit.signal;
  const end = () => limit.abort();
  const timer = setTimeout(end, timeout_ms);
  signal.addEventListener("abort", end);
  if (signal.aborted) end();
  const bytes = Buffer.from(body, "utf8");
  return new Promise<Posted>((resolve) => {
    const failed = (error: unknown) =>
      resolve({ ok: false, why: limited.aborted ? `no answer within ${timeout_ms / 1000} s` : codeOf(error) });
    try {
      const send = url.protocol === "https:" ? tlsRequest : plainRequest;
      const request = send(url, {
        method: "POST",
        headers: { "Content-Type": type, "Content-Length": bytes.length, "User-Agent": "talebridge" },
        // A connection of its own: a message an hour is no use for keeping one.
        agent: false,
        lookup,
        signal: limited,
      });
      request.on("error", failed);
      request.on("response", (response) => {
        resolve(judge(response.statusCode ?? 0));
        // What it has to say besides is of no use, and may be endless.
        response.on("error", () => undefined);
        response.destroy();
      });
      request.end(bytes);
    } catch (error) {
      failed(error);
    }
  }).finally(() => {
    clearTimeout(timer);
    signal.removeEventListener("abort", end);
  });
}

function judge(status: number): Posted {
  if (status >= 200 && status < 300) return { ok: true };
  const hint = status >= 300 && status < 400 ? ", a redirect, which is not followed: configure where it leads" : "";
  return { ok: false, why: `it answered ${status}${hint}` };
}

/** The system's code alone: messages may quote the address. */
function codeOf(error: unknown): string {
  const code: unknown = Object(error).code;
  return typeof code === "string" ? code : "the request failed";
}

let looking: { readonly host: string; readonly waiting: Parameters<LookupFunction>[2][] } | null = null;

/**
 * One look-up of a name at a time, however many requests wait for it: each holds a thread of the pool that the journal is synced from, for as long as a
 * name server is silent, and cannot be called off.
 */
const lookup: LookupFunction = (host, options, callback) => {
  if (looking?.host === host) {
    looking.waiting.push(callback);
    return;
  }
  const mine = { host, waiting: [callback] };
  looking = mine;
  systemLookup(host, options, (...answer) => {
    if (looking === mine) looking = null;
    for (const told of mine.waiting) told(...answer);
  });
};
