/** One client of the stream: its messages are answered in their order, and what waits for it is bounded. */
import type { Socket } from "node:net";
import { FIXED } from "../limits.js";
import { LIMITS } from "../protocol/codes.js";
import { Frames, Parcel } from "./frames.js";
import { TURN_MS } from "./turn.js";

export interface StreamClientParts {
  /** The reply to one message; never throws. */
  readonly answer: (message: Buffer) => Buffer;
  /** Told of a length that no message has; the connection has ended. */
  readonly onRefused: (length: number) => void;
  /** Told how many replies were not written because the client had gone. */
  readonly onLost: (replies: number) => void;
}

const MAX_UNREAD_BYTES = FIXED.stream_unread_bytes;
/** What Node reads at once. Who fills that has probably sent more, and libuv would go on reading from it before it looks at the others. */
const READ_BYTES = 65_536;

export class StreamClient {
  private readonly frames = new Frames(LIMITS.portfolio_bytes);
  private readonly parcel = new Parcel();

  constructor(
    private readonly socket: Socket,
    private readonly parts: StreamClientParts,
  ) {
    socket.on("data", (chunk) => this.read(chunk));
    socket.on("drain", () => this.later());
    // It went without a word: what it leaves is cleared away with 'close', and nobody else need know.
    socket.on("error", () => undefined);
  }

  /** Ends the connection at once. */
  drop(): void {
    this.socket.destroy();
  }

  private read(chunk: Buffer): void {
    this.frames.push(chunk);
    this.work(chunk.length >= READ_BYTES);
  }

  /**
   * Answers what has come. Nothing more is read while the client has left too much unread, nor while others have their turn.
   * @param yielding whether others have theirs even when everything is answered
   */
  private work(yielding: boolean): void {
    if (this.socket.destroyed) return;
    const end_ms = performance.now() + TURN_MS;
    let over = yielding;
    for (let message = this.frames.next(); message !== null; message = this.frames.next()) {
      this.parcel.add(this.parts.answer(message));
      if (this.parcel.bytes < MAX_UNREAD_BYTES && performance.now() < end_ms) continue;
      over = true;
      break;
    }
    const read = this.flush();
    const { refused } = this.frames;
    if (refused !== null) {
      this.drop();
      this.parts.onRefused(refused);
      return;
    }
    if (read && !over) {
      if (this.socket.isPaused()) this.socket.resume();
      return;
    }
    this.socket.pause();
    // Otherwise 'drain' tells when to go on.
    if (read) this.later();
  }

  /** Goes on once the others had their turn. */
  private later(): void {
    setImmediate(() => this.work(false));
  }

  /** Writes all replies at once. @returns whether the client keeps up with reading them */
  private flush(): boolean {
    const { count } = this.parcel;
    if (count === 0) return !this.socket.writableNeedDrain;
    return this.socket.write(this.parcel.take(), (error) => {
      if (error) this.parts.onLost(count);
    });
  }
}
