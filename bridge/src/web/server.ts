/** The web page's HTTP server: the page itself, its stream of states, and orders. Bounded in connections, time and size. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { WebConfig } from "../config/daemon.js";
import { showEndpoint } from "../config/endpoint.js";
import { FIXED } from "../limits.js";
import { ConfigError } from "../server/directory.js";
import type { Order, Steered } from "../server/steer.js";
import { type Asset, readAssets } from "./assets.js";
import { carriesToken, isOurHost, isSameOrigin, SECURITY_HEADERS } from "./guard.js";
import { readOrder } from "./order.js";
import type { Watchers } from "./watchers.js";

export interface WebParts {
  readonly config: WebConfig;
  readonly token: string;
  readonly watchers: Watchers;
  readonly steer: (order: Order) => Steered;
  /** Who is answerable for what is ordered with the token. */
  readonly by: string;
  readonly clock: () => number;
}

export interface WebServer {
  /** `http://…`, with the port that was taken. */
  readonly url: string;
  close(): Promise<void>;
}

/**
 * Begins to serve.
 * @throws ConfigError when the address cannot be listened on
 */
export async function serveWeb(parts: WebParts): Promise<WebServer> {
  const { listen } = parts.config;
  const assets = readAssets();
  const server = createServer(
    {
      maxHeaderSize: FIXED.web_header_bytes,
      requestTimeout: FIXED.web_request_ms,
      headersTimeout: FIXED.web_request_ms,
      keepAliveTimeout: FIXED.web_request_ms,
      connectionsCheckingInterval: FIXED.web_request_ms / 2,
    },
    (request, response) => {
      answer(parts, assets, request, response).catch(() => response.destroy());
    },
  );
  server.maxConnections = FIXED.web_connections;
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error) => {
      const text = `web.listen ${showEndpoint(listen)} cannot be listened on (${error.message}): choose another in the configuration`;
      reject(new ConfigError(text));
    });
    server.listen(listen.port, listen.host, resolve);
  });
  // Watching must not keep a daemon alive that has nothing else to do.
  server.unref();
  const port: unknown = Object(server.address()).port;
  return {
    url: `http://${showEndpoint({ host: listen.host, port: Number(port) })}`,
    close: () => close(server, parts.watchers),
  };
}

/** Checks from outside in: whose name, whose page, which path, whose token. */
async function answer(
  parts: WebParts,
  assets: ReadonlyMap<string, Asset>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  for (const [name, value] of Object.entries(SECURITY_HEADERS)) response.setHeader(name, value);
  const { headers, method = "" } = request;
  const path = (request.url ?? "").split("?", 1)[0] ?? "";
  const { listen, hosts } = parts.config;
  if (!isOurHost(headers.host, listen.host, hosts)) {
    refuse(response, 421, "this name is not served: name it in web.hosts of the daemon's configuration");
    return;
  }
  const asset = assets.get(path);
  if (asset !== undefined) {
    if (method === "GET" || method === "HEAD") send(response, 200, asset.type, asset.body);
    else refuseMethod(response, "GET, HEAD");
    return;
  }
  if (path !== "/api/events" && path !== "/api/control") {
    refuse(response, 404, "not here");
    return;
  }
  if (!isSameOrigin(headers)) {
    refuse(response, 403, "asked from another site's page");
    return;
  }
  if (!carriesToken(headers, parts.token)) {
    response.setHeader("WWW-Authenticate", "Bearer");
    refuse(response, 401, "the token is missing or wrong: `talebridge web` prints it");
    return;
  }
  if (path === "/api/events") {
    if (method === "GET") watch(parts.watchers, response);
    else refuseMethod(response, "GET");
  } else if (method === "POST") await control(parts, request, response);
  else refuseMethod(response, "POST");
}

function watch(watchers: Watchers, response: ServerResponse): void {
  if (watchers.full) {
    refuse(response, 503, `${FIXED.web_watchers} browsers watch already`);
    return;
  }
  // Before the first state is gathered: two requests must not both find the last place.
  response.writeHead(200, { "Content-Type": "text/event-stream; charset=utf-8", "X-Accel-Buffering": "no" });
  response.flushHeaders();
  watchers.add(response);
}

async function control(parts: WebParts, request: IncomingMessage, response: ServerResponse): Promise<void> {
  // What a form can send without asking is not JSON: another lock on the same door.
  if (request.headers["content-type"] !== "application/json") {
    refuse(response, 415, "must be application/json");
    return;
  }
  const body = await readBody(request);
  if (body === null) {
    response.setHeader("Connection", "close");
    refuse(response, 413, `longer than ${FIXED.web_body_bytes} bytes`);
    return;
  }
  const read = readOrder(body, parts.by, parts.clock());
  if (!read.ok) {
    refuse(response, 400, read.message);
    return;
  }
  const steered = parts.steer(read.order);
  if (steered.ok) sendJson(response, 200, { sessions: steered.sessions });
  else refuse(response, steered.code === "no_session" ? 404 : 500, steered.message);
  if (steered.ok) parts.watchers.tick(true);
}

/** Null when it is too long: the rest is left unread, and the connection ends with the answer. */
function readBody(request: IncomingMessage): Promise<string | null> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    request.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= FIXED.web_body_bytes) chunks.push(chunk);
      else {
        request.pause();
        resolve(null);
      }
    });
    request.on("end", () => resolve(Buffer.concat(chunks).toString("utf8")));
    request.on("error", reject);
    request.on("close", () => reject(new Error("the client left")));
  });
}

function refuseMethod(response: ServerResponse, allowed: string): void {
  response.setHeader("Allow", allowed);
  refuse(response, 405, `only ${allowed}`);
}

function refuse(response: ServerResponse, status: number, error: string): void {
  sendJson(response, status, { error });
}

function sendJson(response: ServerResponse, status: number, value: unknown): void {
  send(response, status, "application/json", Buffer.from(`${JSON.stringify(value)}\n`));
}

function send(response: ServerResponse, status: number, type: string, body: Buffer): void {
  response.writeHead(status, { "Content-Type": type, "Content-Length": body.length });
  response.end(body);
}

function close(server: Server, watchers: Watchers): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    watchers.close();
    server.closeAllConnections();
  });
}
