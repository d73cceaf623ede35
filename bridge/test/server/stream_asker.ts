/** One connection to a stream, byte for byte: what is sent is the test's business, what comes is cut up here by hand. */
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { Packr, Unpackr } from "msgpackr";

const packr = new Packr({ useRecords: false });
const unpackr = new Unpackr({ useRecords: false, int64AsType: "number" });
/** How long a reply that must come is waited for, on a machine however busy. */
const PATIENCE_MS = 15_000;

/** A message as it travels. */
export function framed(message: Buffer): Buffer {
  const head = Buffer.alloc(4);
  head.writeUInt32LE(message.length);
  return Buffer.concat([head, message]);
}

export class StreamAsker {
  private readonly chunks: Buffer[] = [];
  private id = 0;
  private ended = false;

  private constructor(readonly socket: Socket) {
    socket.on("data", (chunk) => this.chunks.push(chunk));
    socket.on("error", () => undefined);
    socket.on("close", () => {
      this.ended = true;
    });
  }

  static async open(path: string): Promise<StreamAsker> {
    const socket = connect(path);
    await once(socket, "connect");
    return new StreamAsker(socket);
  }

  send(...messages: readonly Buffer[]): void {
    this.socket.write(Buffer.concat(messages.map(framed)));
  }

  /** The next message; throws when the connection ends before it. */
  async next(): Promise<Buffer> {
    const end_ms = performance.now() + PATIENCE_MS;
    for (;;) {
      const length = this.peek(4)?.readUInt32LE(0) ?? null;
      const whole = length === null ? null : this.peek(4 + length);
      if (whole !== null) {
        this.drop(whole.length);
        return whole.subarray(4);
      }
      if (this.ended) throw new Error("the connection ended");
      if (performance.now() > end_ms) throw new Error("no reply");
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }

  /** `[status, …body]` of the reply, after checking version and id. */
  async ask(op: number, ...body: unknown[]): Promise<unknown[]> {
    this.send(this.frame(op, ...body));
    const reply = unpack(await this.next());
    if (reply[0] !== 1 || reply[1] !== this.id) throw new Error(`reply to ${reply[1]} instead of ${this.id}`);
    return reply.slice(2);
  }

  frame(op: number, ...body: unknown[]): Buffer {
    this.id += 1;
    return packr.pack([1, op, this.id, ...body]);
  }

  /** Resolves when the other side has ended it. */
  async end(): Promise<void> {
    if (!this.ended) await once(this.socket, "close");
  }

  close(): void {
    this.socket.destroy();
  }

  /** So many bytes from the front, left where they are; null: they have not come yet. */
  private peek(bytes: number): Buffer | null {
    const [first] = this.chunks;
    if (first === undefined) return null;
    if (first.length < bytes && this.chunks.length > 1)
      this.chunks.splice(0, this.chunks.length, Buffer.concat(this.chunks));
    const [all = first] = this.chunks;
    return all.length < bytes ? null : all.subarray(0, bytes);
  }

  private drop(bytes: number): void {
    const [first] = this.chunks;
    if (first === undefined) return;
    if (first.length === bytes) this.chunks.shift();
    else this.chunks[0] = first.subarray(bytes);
  }
}

export function unpack(message: Buffer): unknown[] {
  const reply: unknown = unpackr.unpack(message);
  if (!Array.isArray(reply)) throw new Error("the reply is not an array");
  return reply;
}
