/** Network addresses in settings: an IP address and a port. Names are not resolved: which interface is meant must not depend on a resolver. */
import { isIP } from "node:net";

export interface Endpoint {
  /** Without brackets. */
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
}

/** Reads "127.0.0.1:9109" or "[::1]:9109"; null when it is neither. */
export function parseEndpoint(text: string): Endpoint | null {
  const match = /^(?:\[([0-9A-Fa-f:.]+)\]|([0-9.]+)):(\d{1,5})$/.exec(text);
  if (match === null) return null;
  const [, v6, v4, digits] = match;
  const host = v6 ?? v4 ?? "";
  const port = Number(digits);
  return isIP(host) === (v6 === undefined ? 4 : 6) && port <= 65_535 ? { host, port } : null;
}

export function showEndpoint({ host, port }: Endpoint): string {
  return `${host.includes(":") ? `[${host}]` : host}:${port}`;
}

/** Whether only this machine can reach an address. */
export function isLoopback(host: string): boolean {
  return host === "::1" || (isIP(host) === 4 && host.startsWith("127."));
}
