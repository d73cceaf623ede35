/** What every compose file of ours has to hold, looked up in the project as the compose loader resolved it. Pure. */

/**
 * @typedef {{ type: string, source?: string, target: string }} Mount
 * @typedef {{ user?: string, read_only?: boolean, cap_drop?: string[], security_opt?: string[], mem_limit?: string, pids_limit?: number, restart?: string,
 *   privileged?: boolean, network_mode?: string, ports?: { host_ip?: string, target: number }[], volumes?: Mount[], healthcheck?: { test: string[] },
 *   environment?: Record<string, string> }} Service
 * @typedef {{ services: Record<string, Service>, networks?: Record<string, { internal?: boolean }> }} Project
 */

/** Services of ours that have to share the sockets. */
const PAIR = ["talebridge", "freqtrade"];
const UID = /^[1-9]\d*(:|$)/;

/** @type {readonly (readonly [string, (service: Service) => boolean])[]} */
const CONFINED = [
  ["runs as a numeric user other than root", ({ user = "" }) => UID.test(user)],
  ["has a read-only root", ({ read_only }) => read_only === true],
  ["drops all capabilities", ({ cap_drop = [] }) => cap_drop.includes("ALL")],
  [
    "gains no privileges",
    ({ security_opt = [] }) => security_opt.some((text) => /^no-new-privileges(:true)?$/.test(text)),
  ],
  ["has a memory limit", ({ mem_limit = "0" }) => Number(mem_limit) > 0],
  ["has a limit of processes", ({ pids_limit = 0 }) => pids_limit > 0],
  ["starts again after a failure", ({ restart = "no" }) => restart === "unless-stopped" || restart === "always"],
  ["is not privileged", ({ privileged, network_mode }) => privileged !== true && network_mode !== "host"],
  ["listens on this machine only", ({ ports = [] }) => ports.every(({ host_ip }) => host_ip === "127.0.0.1")],
];

/**
 * @param {Project} project
 * @param {readonly string[]} [confined] services that have to be confined; all by default
 * @returns {string[]} what is wrong, one sentence each
 */
export function composeProblems(project, confined = Object.keys(project.services)) {
  const problems = confined.flatMap((name) =>
    CONFINED.filter(([, holds]) => !holds(project.services[name] ?? {})).map(
      ([what]) => `${name}: not so that it ${what}`,
    ),
  );
  const [bridge, bot] = PAIR.map((name) => project.services[name]);
  if (bridge === undefined || bot === undefined) return [...problems, `there is no ${PAIR.join(" or no ")}`];
  const sockets = socketVolume(bridge);
  if (sockets === null) problems.push("talebridge: TALEBRIDGE_DIR or --dir is on no named volume");
  else if (socketVolume(bot) !== sockets)
    problems.push("freqtrade: does not share the volume of the sockets, or looks elsewhere");
  if ((bridge.user ?? "") !== (bot.user ?? bridge.user))
    problems.push("talebridge and freqtrade run as different users");
  if ((bridge.healthcheck?.test ?? []).length === 0) problems.push("talebridge: has no health check");
  return problems;
}

/** Image's or service's TALEBRIDGE_DIR; both images set the first. */
const IMAGE_DIR = "/run/talebridge";

/** @param {Service} service @returns {string | null} name of the volume the sockets are in */
function socketVolume({ environment = {}, volumes = [] }) {
  const dir = environment.TALEBRIDGE_DIR ?? IMAGE_DIR;
  const mount = volumes.find(({ type, target }) => type === "volume" && target === dir);
  return mount?.source ?? null;
}
