/** How far a replay is, on stderr. */
const STAGES = {
  candles: "judging candles, pair",
  entries: "judging entries,",
  statistics: "drawing placebos,",
} as const;

/** On a terminal one line that counts; otherwise one line per stage. */
export class Progress {
  private readonly live = process.stderr.isTTY === true;
  private current = "";
  private drawn_ms = 0;

  constructor(private readonly quiet: boolean) {}

  stage(text: string): void {
    if (this.quiet) return;
    process.stderr.write(this.live ? `\r\u001b[K${text}` : `${text}\n`);
  }

  step(stage: keyof typeof STAGES, done: number, total: number): void {
    const text = STAGES[stage];
    if (this.live) {
      const now = performance.now();
      if (now - this.drawn_ms < 50) return;
      this.drawn_ms = now;
      this.stage(`${text} ${done} of ${total}`);
    } else if (this.current !== stage) {
      this.stage(`${text} 1 to ${total}`);
    }
    this.current = stage;
  }

  end(): void {
    if (this.live && !this.quiet) process.stderr.write("\r\u001b[K");
  }
}
