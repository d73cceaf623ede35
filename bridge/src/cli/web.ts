/** `talebridge web`: the address of the daemon's page, with the token in its fragment, which browsers never send to anybody. */
import { parseArgs } from "node:util";
import { readToken } from "../web/token.js";
import { chooseDir, DaemonError } from "./client.js";
import { askStatus } from "./report.js";
import { currentUid, EXIT } from "./usage.js";

export const usage = `talebridge web [--dir DIR] [--json]
  The address of the daemon's web page with its token: open it in a browser. Whoever has it may watch, halt, reduce and resume.`;

export const options = { dir: { type: "string" }, json: { type: "boolean" } } as const;

export async function run(argv: readonly string[]): Promise<number> {
  const { values } = parseArgs({ args: [...argv], options });
  const uid = currentUid();
  const { web, dir } = await askStatus(chooseDir(values.dir, uid));
  if (web == null) {
    throw new DaemonError(
      `the daemon of ${dir} serves no page: set "web": {"listen": "127.0.0.1:9110"} in its configuration and start it anew`,
    );
  }
  const url = `${web.url}/#token=${readToken(web.token_file, uid)}`;
  process.stdout.write(values.json === true ? `${JSON.stringify({ url })}\n` : `${url}\n`);
  return EXIT.ok;
}
