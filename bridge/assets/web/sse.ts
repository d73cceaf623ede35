/** Reads server-sent events from chunks of text, however they are cut. Pure. */

export interface ServerEvent {
  readonly event: string;
  readonly data: string;
}

/** More than the daemon ever sends: a stream that goes on without an end is not ours. */
const MAX_CHARS = 8 * 1024 * 1024;

export class EventReader {
  private rest = "";

  /** @returns the events that are complete now. @throws Error when one is far too long */
  push(chunk: string): ServerEvent[] {
    const blocks = (this.rest + chunk).split("\n\n");
    this.rest = blocks.pop() ?? "";
    if (this.rest.length > MAX_CHARS) throw new Error("an event is too long");
    return blocks.map(readBlock);
  }
}

function readBlock(block: string): ServerEvent {
  let event = "message";
  let data = "";
  for (const line of block.split("\n")) {
    if (line.startsWith("event: ")) event = line.slice(7);
    else if (line.startsWith("data: ")) data += line.slice(6);
  }
  return { event, data };
}
