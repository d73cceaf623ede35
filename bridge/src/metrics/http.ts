/** /metrics and /healthz over HTTP, for a scraper or two: small, read-only, and bounded in connections, time and size. */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Endpoint } from "../config/endpoint.js";
import { showEndpoint } from "../config/endpoint.js";
import { FIXED } from "../limits.js";
import { ConfigError } from "../server/directory.js";
import type { Facts } from "./facts.js";
import { collect } from "./families.js";
import { CONTENT_TYPE, renderText } from "./text.js";

export const MAX_CONNECTIONS = FIXED.metrics_connections;
const TIMEOUT_MS = FIXED.metrics_request_ms;
const MAX_HEADER_BYTES = FIXED.metrics_header_bytes;

export interface MetricsServer {
  /** `http://…`, with the port that was taken. */
  readonly url: string;
  close(): Promise<void>;
}

/**
 * Begins to serve.
 * @param facts gathered for each request
 * @throws ConfigError when the address cannot be listened on
 */
export async function serveMetrics(listen: Endpoint, facts: () => Facts): Promise<MetricsServer> {
  const server = createServer(
    {
      maxHeaderSize: MAX_HEADER_BYTES,
      requestTimeout: TIMEOUT_MS,
      headersTimeout: TIMEOUT_MS,
      keepAliveTimeout: TIMEOUT_MS,
    },
    (request, response) => answer(request, response, facts),
  );
  server.maxConnections = MAX_CONNECTIONS;
  server.timeout = TIMEOUT_MS;
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error) => {
      const text = `metrics.listen ${showEndpoint(listen)} cannot be listened on (${error.message}): choose another in the configuration`;
      reject(new ConfigError(text));
    });
    server.listen(listen.port, listen.host, resolve);
  });
  // Watching must not keep a daemon alive that has nothing else to do.
  server.unref();
  const port: unknown = Object(server.address()).port;
  return {
    url: `http://${showEndpoint({ host: listen.host, port: Number(port) })}`,
    close: () => close(server),
  };
}

function answer(request: IncomingMessage, response: ServerResponse, facts: () => Facts): void {
  request.resume();
  const path = (request.url ?? "").split("?", 1)[0];
  if (path !== "/metrics" && path !== "/healthz") {
    send(response, 404, "text/plain", "not here: /metrics and /healthz are\n");
  } else if (request.method !== "GET" && request.method !== "HEAD") {
    response.setHeader("Allow", "GET, HEAD");
    send(response, 405, "text/plain", "read only\n");
  } else if (path === "/metrics") {
    send(response, 200, CONTENT_TYPE, renderText(collect(facts())));
  } else {
    const { healthy, ...body } = health(facts());
    send(response, healthy ? 200 : 503, "application/json", `${JSON.stringify(body)}\n`);
  }
}

/** Healthy: entries can be decided. What keeps one bot from entering, a drawdown say, is no fault of the daemon. */
function health({ journal, build, uptime_s }: Facts) {
  const problems = journal.failing ? ["the journal cannot be written: entries are denied"] : [];
  const healthy = problems.length === 0;
  return {
    healthy,
    status: healthy ? "ok" : "failing",
    problems,
    version: build.version,
    uptime_s: Math.round(uptime_s),
  };
}

function send(response: ServerResponse, status: number, type: string, body: string): void {
  response.writeHead(status, {
    "Content-Type": type,
    "Content-Length": Buffer.byteLength(body),
    "Cache-Control": "no-store",
  });
  response.end(body);
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
