/**
 * Messages on a plain stream: each is a length, four bytes little-endian, and as many bytes. What comes is taken in as it comes and given out whole.
 * One that came in one piece is not copied, and of one that did not, memory is taken for what has come, never for what a length announces.
 */

const HEAD_BYTES = 4;
const LEAST_BYTES = 64;
const NONE = Buffer.alloc(0);

export class Frames {
  /** What came last, from `at` on not looked at yet. */
  private chunk: Buffer = NONE;
  private at = 0;
  /** The beginning, length included, of a message whose end has not come. */
  private part: Buffer = NONE;
  private held = 0;
  private bad: number | null = null;

  /** @param most bytes of a message */
  constructor(private readonly most: number) {}

  /** The length that no message has. What is behind it cannot be told apart: nothing more is given out. */
  get refused(): number | null {
    return this.bad;
  }

  /** Takes bytes in, and keeps them. To be called when all that was taken in before has been given out. */
  push(chunk: Buffer): void {
    this.chunk = chunk;
    this.at = 0;
  }

  /** The next whole message; null: more has to come first, or nothing will. */
  next(): Buffer | null {
    if (this.bad !== null) return null;
    if (this.held > 0) return this.complete();
    const { chunk, at } = this;
    const left = chunk.length - at;
    if (left < HEAD_BYTES) return this.wait();
    const length = chunk.readUInt32LE(at);
    if (!this.admits(length)) return null;
    const end = at + HEAD_BYTES + length;
    if (end > chunk.length) return this.wait();
    this.at = end;
    return chunk.subarray(at + HEAD_BYTES, end);
  }

  /** Goes on with a message of which only the beginning had come. */
  private complete(): Buffer | null {
    if (this.held < HEAD_BYTES) {
      this.hold(HEAD_BYTES - this.held);
      if (this.held < HEAD_BYTES) return this.wait();
    }
    const length = this.part.readUInt32LE(0);
    if (!this.admits(length)) return null;
    const whole = HEAD_BYTES + length;
    this.hold(whole - this.held);
    if (this.held < whole) return this.wait();
    const message = this.part.subarray(HEAD_BYTES, whole);
    this.part = NONE;
    this.held = 0;
    return message;
  }

  /** Keeps what is left of the chunk, less than a message or nothing, and lets go of the rest. */
  private wait(): null {
    this.hold(this.chunk.length - this.at);
    this.push(NONE);
    return null;
  }

  /** Moves up to so many bytes of the chunk to the part. */
  private hold(bytes: number): void {
    const { chunk, at } = this;
    const end = Math.min(chunk.length, at + bytes);
    const needed = this.held + end - at;
    if (needed > this.part.length) {
      const grown = Buffer.allocUnsafe(Math.min(Math.max(2 * needed, LEAST_BYTES), HEAD_BYTES + this.most));
      this.part.copy(grown, 0, 0, this.held);
      this.part = grown;
    }
    chunk.copy(this.part, this.held, at, end);
    this.held = needed;
    this.at = end;
  }

  private admits(length: number): boolean {
    if (length > 0 && length <= this.most) return true;
    this.bad = length;
    this.part = NONE;
    this.push(NONE);
    return false;
  }
}

/** Messages to be written at once. */
export class Parcel {
  private messages: Buffer[] = [];
  private total = 0;

  add(message: Buffer): void {
    this.messages.push(message);
    this.total += HEAD_BYTES + message.length;
  }

  get count(): number {
    return this.messages.length;
  }

  get bytes(): number {
    return this.total;
  }

  /** All of them, each with its length; empty afterwards. */
  take(): Buffer {
    const parcel = Buffer.allocUnsafe(this.total);
    let at = 0;
    for (const message of this.messages) {
      at = parcel.writeUInt32LE(message.length, at);
      parcel.set(message, at);
      at += message.length;
    }
    this.messages = [];
    this.total = 0;
    return parcel;
  }
}
