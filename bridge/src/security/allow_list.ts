/** Which client keys are let in. Read again when the folder changes, so that a key can be added or revoked without a restart. */
import { statSync } from "node:fs";
import { FIXED } from "../limits.js";
import { clientsDir, readClients } from "./keys.js";

/** A list that cannot be read is tried again this often, however many knock meanwhile. */
const RETRY_MS = FIXED.allow_list_ms;

export interface AllowListOptions {
  readonly dir: string;
  readonly uid: number;
  /** Monotonic milliseconds. */
  readonly clock: () => number;
  /** Told once when the list cannot be trusted or read any more; nobody is let in until it can. */
  readonly onUnreadable: (error: unknown) => void;
  /** Told when someone who was on the list is not any more. */
  readonly onRevoked: () => void;
}

export class AllowList {
  private readonly options: AllowListOptions;
  private clients: ReadonlyMap<string, string>;
  private version: string;
  private readable = true;
  private tried_ms = Number.NEGATIVE_INFINITY;

  /** @throws ConfigError when it cannot be read now */
  constructor(options: AllowListOptions) {
    this.options = options;
    // Before the list: what changes while that is read is seen at the next look.
    this.version = this.folderVersion();
    this.clients = readClients(options.dir, options.uid);
  }

  get size(): number {
    return this.clients.size;
  }

  /** Name of the client a public key (Z85) belongs to; null: not let in. */
  nameOf(public_key: string): string | null {
    this.look();
    return this.clients.get(public_key) ?? null;
  }

  /** Takes in what has changed in the folder since the last look. */
  look(): void {
    const now_ms = this.options.clock();
    if (!this.readable && now_ms - this.tried_ms < RETRY_MS) return;
    try {
      const version = this.folderVersion();
      // What is wrong may be mended in a file, which does not show in the folder.
      if (this.readable && version === this.version) return;
      this.tried_ms = now_ms;
      const clients = readClients(this.options.dir, this.options.uid);
      this.version = version;
      this.readable = true;
      this.replace(clients);
    } catch (error) {
      if (this.readable) this.options.onUnreadable(error);
      this.readable = false;
      this.replace(new Map());
    }
  }

  private replace(clients: ReadonlyMap<string, string>): void {
    const before = this.clients;
    this.clients = clients;
    for (const key of before.keys()) {
      if (clients.has(key)) continue;
      this.options.onRevoked();
      return;
    }
  }

  /** Changes whenever a file is added or removed, or one is moved over another, and with the folder's mode and owner. */
  private folderVersion(): string {
    const stat = statSync(clientsDir(this.options.dir), { bigint: true, throwIfNoEntry: false });
    return stat === undefined ? "absent" : `${stat.ino}:${stat.mtimeNs}:${stat.ctimeNs}`;
  }
}
