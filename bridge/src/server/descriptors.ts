/**
 * Keeps the daemon below its limit of open files. libzmq ends the whole process when accepting a connection fails for want of a descriptor, so
 * that must not come to pass: when too many are open, all connections are dropped at once. Honest clients connect again and ask again.
 */
import { readdirSync, readFileSync } from "node:fs";
import { FIXED_LIMITS } from "../limits.js";
import { ConfigError } from "./directory.js";

/** With fewer than these a burst of connections is accepted faster than it can be noticed. */
const MIN_OPEN_FILES = FIXED_LIMITS.open_files.value;
/** Dropped when this share of the limit is open: the rest is for what is accepted before that is noticed. */
const FULL_SHARE = 1 / 3;

export interface DescriptorGuardParts {
  readonly limit: number;
  /** Descriptors open now. */
  readonly count: () => number;
  /** Drops all connections; resolves when new ones are taken again. */
  readonly drop: (open: number) => Promise<void>;
}

export class DescriptorGuard {
  private readonly parts: DescriptorGuardParts;
  private readonly full: number;
  /** Connections accepted until the next count: as many as can surely be taken. */
  private unseen = 1;
  private dropping = false;

  constructor(parts: DescriptorGuardParts) {
    this.parts = parts;
    this.full = Math.floor(parts.limit * FULL_SHARE);
  }

  /** Told of every connection accepted. */
  accepted(): void {
    this.unseen -= 1;
    if (this.unseen > 0 || this.dropping) return;
    const open = this.parts.count();
    // What is told lags behind what is accepted, so it is looked at again long before the room is used up.
    this.unseen = Math.max(1, Math.floor((this.full - open) / 8));
    if (open < this.full) return;
    this.dropping = true;
    void this.parts.drop(open).finally(() => {
      this.dropping = false;
      this.unseen = 1;
    });
  }
}

/** @throws ConfigError when this process may open too few files for the guard to be in time */
export function requireOpenFiles(): void {
  const limit = openFilesLimit();
  if (limit === null || limit >= MIN_OPEN_FILES) return;
  throw new ConfigError(
    `this process may open ${limit} files, and at least ${MIN_OPEN_FILES} are needed: raise the limit with \`ulimit -Hn ${MIN_OPEN_FILES}\` or the service's LimitNOFILE`,
  );
}

/** This process's limit of open files (Node has raised it to the hard one); null where the system does not tell. */
export function openFilesLimit(): number | null {
  try {
    const [, limit] = /^Max open files +(\S+)/m.exec(readFileSync("/proc/self/limits", "utf8")) ?? [];
    return limit === undefined ? null : limit === "unlimited" ? Number.MAX_SAFE_INTEGER : Number(limit);
  } catch {
    return null;
  }
}

export function countOpenFiles(): number {
  return readdirSync("/proc/self/fd").length;
}
