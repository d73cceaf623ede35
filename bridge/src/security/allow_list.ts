/** Which client keys are let in. Read again when the folder changes, so that a key can be added or revoked without a restart. */
import { statSync } from "node:fs";
import { clientsDir, readClients } from "./keys.js";

export class AllowList {
  private readonly dir: string;
  private readonly uid: number;
  private readonly onUnreadable: (error: unknown) => void;
  private clients: ReadonlyMap<string, string>;
  private version: string;
  private readable = true;

  /**
   * @param onUnreadable told once when the list cannot be trusted or read any more; nobody is let in until it can
   * @throws ConfigError when it cannot be read now
   */
  constructor(dir: string, uid: number, onUnreadable: (error: unknown) => void) {
    this.dir = dir;
    this.uid = uid;
    this.onUnreadable = onUnreadable;
    // Before the list: what changes while that is read is seen at the next look.
    this.version = this.folderVersion();
    this.clients = readClients(dir, uid);
  }

  get size(): number {
    return this.clients.size;
  }

  /** Name of the client a public key (Z85) belongs to; null: not let in. */
  nameOf(public_key: string): string | null {
    this.refresh();
    return this.clients.get(public_key) ?? null;
  }

  private refresh(): void {
    try {
      const version = this.folderVersion();
      // What is wrong may be mended in a file, which does not show in the folder.
      if (this.readable && version === this.version) return;
      this.clients = readClients(this.dir, this.uid);
      this.version = version;
      this.readable = true;
    } catch (error) {
      this.clients = new Map();
      if (this.readable) this.onUnreadable(error);
      this.readable = false;
    }
  }

  /** Changes whenever a file is added or removed, or one is moved over another, and with the folder's mode and owner. */
  private folderVersion(): string {
    const stat = statSync(clientsDir(this.dir), { bigint: true, throwIfNoEntry: false });
    return stat === undefined ? "absent" : `${stat.ino}:${stat.mtimeNs}:${stat.ctimeNs}`;
  }
}
