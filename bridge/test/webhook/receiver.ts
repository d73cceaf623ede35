/** A receiver of webhooks on this machine, which answers as it is told. */
import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type RequestListener, type Server } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { setTimeout } from "node:timers/promises";

const PATIENCE_MS = 20_000;

export interface Received {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export class Receiver {
  readonly received: Received[] = [];
  /** What it answers; null: nothing, for as long as the connection lasts. */
  answer: { status: number; headers?: Record<string, string>; endless?: boolean } | null = { status: 200 };
  private readonly server: Server;
  private readonly scheme: string;

  constructor(tls: { key: string; cert: string } | null = null) {
    const listener: RequestListener = (request, response) => {
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", () => {
        const { method = "", url = "", headers } = request;
        this.received.push({ method, path: url, headers, body: Buffer.concat(chunks).toString("utf8") });
        if (this.answer === null) return;
        response.writeHead(this.answer.status, this.answer.headers);
        if (this.answer.endless === true) response.write("x".repeat(65_536));
        else response.end("ok");
      });
    };
    this.server = tls === null ? createServer(listener) : createTlsServer(tls, listener);
    this.scheme = tls === null ? "http" : "https";
  }

  async start(port = 0): Promise<this> {
    this.server.listen(port, "127.0.0.1");
    await once(this.server, "listening");
    return this;
  }

  get port(): number {
    return Number(Object(this.server.address()).port);
  }

  url(path = "/hook"): URL {
    return new URL(`${this.scheme}://127.0.0.1:${this.port}${path}`);
  }

  get bodies(): string[] {
    return this.received.map(({ body }) => body);
  }

  async until(count: number): Promise<void> {
    for (const end = Date.now() + PATIENCE_MS; this.received.length < count; await setTimeout(20))
      if (Date.now() > end) throw new Error(`${this.received.length} of ${count} came: ${JSON.stringify(this.bodies)}`);
  }

  stop(): void {
    this.server.close();
    this.server.closeAllConnections();
  }
}
