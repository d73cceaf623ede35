/** Canvases know no style sheet: what is drawn has to be drawn again when colours change. */
export class Redraw {
  private readonly draws: (() => void)[] = [];

  /** Draws now, and again whenever told to. */
  add(draw: () => void): void {
    this.draws.push(draw);
    draw();
  }

  all(): void {
    for (const draw of this.draws) draw();
  }
}
