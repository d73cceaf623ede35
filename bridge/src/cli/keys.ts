/** `talebridge keys`: makes, lists and revokes the CURVE keys that tcp needs. */
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { defaultKeysDir } from "../config/paths.js";
import { clientsDir, createClientKey, createServerKey, readClients, revokeClient } from "../security/keys.js";
import { currentUid, EXIT, UsageError } from "./usage.js";

export const usage = `talebridge keys server | client NAME [--out FILE] | list | revoke NAME   [--keys-dir DIR] [--json]
  Keys for tcp: the bridge's own, one per client (move its file to the client's machine), who is let in, and whom not to let in again.`;

export const options = { "keys-dir": { type: "string" }, out: { type: "string" }, json: { type: "boolean" } } as const;

export async function run(argv: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options,
  });
  const dir = resolve(values["keys-dir"] ?? defaultKeysDir(process.env));
  const [what, name, ...rest] = positionals;
  const named = what === "client" || what === "revoke";
  if (rest.length > 0 || (named ? name === undefined : name !== undefined)) throw new UsageError(usage);
  if (values.out !== undefined && what !== "client") throw new UsageError("--out is for `talebridge keys client NAME`");
  const { text, data } = act(what, name ?? "", dir, values.out);
  process.stdout.write(values.json === true ? `${JSON.stringify(data)}\n` : `${text}\n`);
  return EXIT.ok;
}

function act(
  what: string | undefined,
  name: string,
  dir: string,
  out: string | undefined,
): { text: string; data: object } {
  const uid = currentUid();
  switch (what) {
    case "server": {
      const path = createServerKey(dir, uid);
      return { text: `made ${path}; next: \`talebridge keys client NAME\` for each machine that asks`, data: { path } };
    }
    case "client": {
      const path = createClientKey(dir, name, out === undefined ? null : resolve(out), uid);
      const text = `made ${path}: move it to the client's machine, mode 0600, and name it in risk_bridge.connect.key_file. "${name}" is let in from now on`;
      return { text, data: { path, name } };
    }
    case "list": {
      const clients = [...readClients(dir, uid)].map(([key, client]) => ({ name: client, public: key }));
      const lines = clients.map((client) => `${client.public}  ${client.name}`);
      return { text: lines.length === 0 ? `${clientsDir(dir)} lists no client` : lines.join("\n"), data: { clients } };
    }
    case "revoke": {
      revokeClient(dir, name);
      return {
        text: `"${name}" is not let in again; a connection it has lasts until the bridge is restarted`,
        data: { name },
      };
    }
    default:
      throw new UsageError(usage);
  }
}
