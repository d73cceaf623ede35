#!/usr/bin/env node
/** `talebridge <command>`: chooses the command, turns errors into messages on stderr and exit codes. */
import "./young_heap.js";
import { COMMANDS } from "./cli/commands.js";
import { EXIT, UsageError } from "./cli/usage.js";
import { ConfigError } from "./server/directory.js";
import { VERSION } from "./version.js";

async function main(argv: readonly string[]): Promise<number> {
  const [name, ...rest] = argv;
  if (name === "--version" || name === "-V") {
    process.stdout.write(`talebridge ${VERSION}\n`);
    return EXIT.ok;
  }
  const wants_help = name === "--help" || name === "-h" || name === "help";
  const load = name === undefined || !Object.hasOwn(COMMANDS, name) ? undefined : COMMANDS[name];
  if (load === undefined) {
    if (wants_help) process.stdout.write(`${await overview()}\n`);
    else
      process.stderr.write(
        `${name === undefined ? "" : `talebridge: unknown command "${name}"\n`}${await overview()}\n`,
      );
    return wants_help ? EXIT.ok : EXIT.usage;
  }
  const command = await load();
  if (rest.includes("--help") || rest.includes("-h")) {
    process.stdout.write(`${command.usage}\n`);
    return EXIT.ok;
  }
  return command.run(rest);
}

async function overview(): Promise<string> {
  const commands = await Promise.all(Object.values(COMMANDS).map((load) => load()));
  return commands.map((command) => command.usage).join("\n");
}

function isUsage(error: unknown): boolean {
  const code: unknown = Object(error).code;
  return (
    error instanceof UsageError ||
    error instanceof ConfigError ||
    (typeof code === "string" && code.startsWith("ERR_PARSE_ARGS"))
  );
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`talebridge: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = isUsage(error) ? EXIT.usage : EXIT.failed;
}
