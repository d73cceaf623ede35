/**
 * Files the daemon cannot do without: its locks and its sockets. Deleted under it (a cleaner of /tmp, a mistake), the sockets live on where nobody can
 * reach them, and the locks hold off nobody. So they are looked for, and made anew.
 */
import { statSync } from "node:fs";
import type { Logger } from "pino";

const CHECK_MS = 1000;

/** Files that go and come back together. */
export interface Belongings {
  readonly what: string;
  readonly paths: readonly string[];
  /** Makes all of them anew, with those that are still there. May fail: it is tried again. */
  restore(): Promise<void> | void;
}

export class Home {
  private readonly known = new Map<Belongings, readonly (string | null)[]>();
  private readonly failing = new Set<Belongings>();
  private readonly timer: NodeJS.Timeout;
  private checking: Promise<void> = Promise.resolve();
  private closed = false;

  /** What is there now is taken for what belongs there. */
  constructor(
    belongings: readonly Belongings[],
    private readonly log: Logger,
  ) {
    for (const one of belongings) this.known.set(one, one.paths.map(identity));
    this.timer = setInterval(() => {
      this.checking = this.checking.then(() => this.check());
    }, CHECK_MS);
    this.timer.unref();
  }

  /** Waits for what is being restored. */
  async close(): Promise<void> {
    this.closed = true;
    clearInterval(this.timer);
    await this.checking;
  }

  private async check(): Promise<void> {
    for (const [one, identities] of this.known) {
      if (this.closed) return;
      if (one.paths.every((path, i) => identity(path) === identities[i])) continue;
      await this.restore(one);
    }
  }

  private async restore(one: Belongings): Promise<void> {
    try {
      await one.restore();
      this.known.set(one, one.paths.map(identity));
      this.failing.delete(one);
      this.log.warn({ paths: one.paths }, `${one.what} had been deleted: made anew`);
    } catch (error) {
      if (!this.failing.has(one))
        this.log.error({ err: error }, `${one.what} had been deleted and cannot be made anew`);
      this.failing.add(one);
    }
  }
}

/** Which file it is, whatever its name; null when there is none that can be looked at. */
export function identity(path: string): string | null {
  try {
    const { dev, ino } = statSync(path);
    return `${dev} ${ino}`;
  } catch {
    return null;
  }
}
