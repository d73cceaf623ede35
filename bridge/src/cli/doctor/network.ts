/** What the daemon's configuration opens to the network: keys and metrics. */
import type { DaemonConfig } from "../../config/daemon.js";
import { showEndpoint } from "../../config/endpoint.js";
import { readClients, readServerKey } from "../../security/keys.js";
import { bad, type Finding, good, messageOf } from "./finding.js";

const TIMEOUT_MS = 2000;

export async function checkNetwork(config: DaemonConfig, uid: number): Promise<Finding[]> {
  return [...checkTcp(config, uid), ...(await checkMetrics(config))];
}

function checkTcp({ tcp }: DaemonConfig, uid: number): Finding[] {
  if (tcp === null) return [];
  const where = `${showEndpoint(tcp.gate)} and ${showEndpoint(tcp.batch)}`;
  if (tcp.insecure) return [good("tcp", `${where}, insecure: every user of this machine can ask and steer the bridge`)];
  const make = `\`talebridge keys client NAME --keys-dir ${tcp.keys_dir}\` for each machine that asks`;
  try {
    readServerKey(tcp.keys_dir, uid);
    const { size } = readClients(tcp.keys_dir, uid);
    const text = `${where}, encrypted, ${size} clients on the list`;
    return [size > 0 ? good("tcp", text) : bad("tcp", text, make)];
  } catch (error) {
    return [bad("tcp", messageOf(error), "see above, then restart the daemon")];
  }
}

async function checkMetrics({ metrics }: DaemonConfig): Promise<Finding[]> {
  if (metrics === null || metrics.listen.port === 0) return [];
  const url = `http://${showEndpoint(metrics.listen)}/healthz`;
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) });
    const body = (await response.text()).trim();
    return [
      response.ok ? good("metrics", `${url}: ok`) : bad("metrics", `${url}: ${body}`, "see the problems it names"),
    ];
  } catch (error) {
    return [bad("metrics", `${url}: ${messageOf(error)}`, "start the daemon with this configuration")];
  }
}
