import type { Side } from "../gate/types.js";

/** A log-loss against a position as a share of its price: a long's price falls by 1 − e^−x, a short's rises by e^x − 1. */
export function adverseMove(log_loss: number, side: Side): number {
  return side === "long" ? -Math.expm1(-log_loss) : Math.expm1(log_loss);
}
