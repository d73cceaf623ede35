/** Where log lines go: stderr, without ever stopping the daemon. A line that cannot be written (disk full, reader gone or stuck) is dropped, and their number is the first line that can be written again. */
import { constants, fstatSync, openSync, writeSync } from "node:fs";

const STDERR = 2;

export interface LogSink {
  write(line: string): void;
}

export function openLogSink(): LogSink {
  const fd = nonBlocking(STDERR);
  let dropped = 0;
  return {
    write: (line) => {
      try {
        if (dropped > 0) {
          writeSync(
            fd,
            `${JSON.stringify({ level: 40, time: Date.now(), msg: `${dropped} log lines could not be written` })}\n`,
          );
          dropped = 0;
        }
        writeSync(fd, line);
      } catch {
        dropped += 1;
      }
    },
  };
}

/** A pipe nobody reads would block a write for ever: opened anew, it has a mode of its own, and whoever else writes to it keeps theirs. */
function nonBlocking(fd: number): number {
  try {
    if (fstatSync(fd).isFIFO()) return openSync(`/proc/self/fd/${fd}`, constants.O_WRONLY | constants.O_NONBLOCK);
  } catch {
    // No /proc, or stderr is closed: lines are written as they can be.
  }
  return fd;
}
