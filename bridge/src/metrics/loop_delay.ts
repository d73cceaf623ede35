/** How late the event loop runs timers: what a request may wait before it is looked at. */
import { Histogram } from "./histogram.js";

const EVERY_MS = 500;
const BOUNDS_S = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5];

export class LoopDelay {
  readonly histogram = new Histogram(BOUNDS_S);
  private readonly timer: NodeJS.Timeout;
  private due_ms: number;

  constructor() {
    this.due_ms = performance.now() + EVERY_MS;
    this.timer = setInterval(() => this.sample(), EVERY_MS);
    this.timer.unref();
  }

  stop(): void {
    clearInterval(this.timer);
  }

  private sample(): void {
    const now_ms = performance.now();
    this.histogram.observe((now_ms - this.due_ms) / 1000);
    this.due_ms = now_ms + EVERY_MS;
  }
}
