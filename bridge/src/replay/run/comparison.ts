/** Several replays side by side: the schema of `--json` with `--profiles all` or `--against`. */
import { type Static, Type } from "../../typebox.js";
import { RESULT_VERSION, type ReplayResult, ReplayResultSchema } from "./result.js";

const KEPT = [
  "source",
  "gate",
  "counts",
  "without",
  "with",
  "effect",
  "placebo",
  "selection",
  "second_order",
  "exact",
  "candidates",
  "liquidations",
] as const;

export const ComparisonSchema = Type.Object(
  {
    version: Type.Literal(RESULT_VERSION),
    compared: Type.Array(Type.Object({ label: Type.String(), result: Type.Pick(ReplayResultSchema, [...KEPT]) })),
  },
  {
    title: "talebridge replay, several side by side",
    description: "Of each replay what a comparison needs; entries and charts are in a replay of its own.",
  },
);
export type Comparison = Static<typeof ComparisonSchema>;

export function toComparison(
  results: readonly { readonly label: string; readonly result: ReplayResult }[],
): Comparison {
  return {
    version: RESULT_VERSION,
    compared: results.map(({ label, result }) => {
      const { source, gate, counts, without, effect, placebo, selection, second_order, exact } = result;
      const { candidates, liquidations } = result;
      const kept = { source, gate, counts, without, effect, placebo, selection, second_order, exact };
      return { label, result: { ...kept, with: result.with, candidates, liquidations } };
    }),
  };
}
