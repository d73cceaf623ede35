/** A group's whole state as plain JSON data, for a journal file's beginning: beside the sessions', because its index depends on what has gone. */
import { type GroupState, newGroup } from "../portfolio/group.js";

type SampleRow = readonly [t_ms: number, equity: number];

export interface GroupSnapshot {
  /** Run mode and name. */
  readonly key: string;
  readonly index: number;
  readonly unit: number;
  readonly last_ms: number;
  readonly peaks: readonly SampleRow[];
  /** In order of joining. */
  readonly members: readonly {
    readonly session: string;
    readonly equity: number;
    readonly exposure: number;
    readonly granted: readonly (readonly [candidate: string, exposure: number])[];
    readonly last: SampleRow | null;
    readonly confirmed: number | null;
    /** Absent: as null. */
    readonly high?: number | null;
  }[];
}

export function exportGroup(key: string, { index, unit, last_ms, peaks, members }: GroupState): GroupSnapshot {
  return {
    key,
    index,
    unit,
    last_ms,
    peaks: peaks.map(({ t_ms, equity }) => [t_ms, equity] as const),
    members: [...members].map(([session, { equity, exposure, granted, last, confirmed, high }]) => ({
      session,
      equity,
      exposure,
      granted: [...granted],
      last: last === null ? null : ([last.t_ms, last.equity] as const),
      confirmed,
      high,
    })),
  };
}

export function importGroup({ index, unit, last_ms, peaks, members }: GroupSnapshot): GroupState {
  const group = Object.assign(newGroup(), { index, unit, last_ms });
  group.peaks.push(...peaks.map(([t_ms, equity]) => ({ t_ms, equity })));
  for (const { session, equity, exposure, granted, last, confirmed, high = null } of members) {
    group.members.set(session, {
      equity,
      exposure,
      granted: new Map(granted),
      last: last === null ? null : { t_ms: last[0], equity: last[1] },
      confirmed,
      high,
    });
  }
  return group;
}
