/** `talebridge man`: the manual page, made of the commands' own usage texts; the packages hold the same page for man(1). */
import { parseArgs } from "node:util";
import { VERSION } from "../version.js";
import { COMMANDS } from "./commands.js";
import { EXIT } from "./usage.js";

export const usage = `talebridge man
  Prints the manual page: talebridge man | man -l -`;

export const options = {} as const;

export async function run(argv: readonly string[]): Promise<number> {
  parseArgs({ args: [...argv], options });
  process.stdout.write(await manualPage());
  return EXIT.ok;
}

const ENVIRONMENT: Readonly<Record<string, string>> = {
  TALEBRIDGE_DIR: "Directory of the sockets, where --dir does not name one.",
  TALEBRIDGE_JOURNAL_DIR: "Directory of the journal, where --journal-dir does not name one.",
  TALEBRIDGE_LOG_LEVEL: "Least level of the log lines, where --log-level does not name one.",
  XDG_RUNTIME_DIR: "Sockets are in talebridge below it by default, else in /tmp/talebridge-UID.",
  XDG_STATE_HOME: "The journal is in talebridge/journal below it by default, else below ~/.local/state.",
  XDG_CONFIG_HOME: "Keys are in talebridge/keys below it by default, else below ~/.config.",
};

const EXIT_STATUS: Readonly<Record<string, string>> = {
  "0": "Done; for doctor: healthy.",
  "1": "Failed. The reason is on the standard error.",
  "2": "Wrong use or configuration. The message names what, and the fix.",
};

/** The page in roff. Without a date: two builds of one version are the same bytes. */
export async function manualPage(): Promise<string> {
  const commands = await Promise.all(
    Object.entries(COMMANDS).map(async ([name, load]) => [name, (await load()).usage] as const),
  );
  return `${[
    `.TH TALEBRIDGE 1 "" "talebridge ${VERSION}" "User Commands"`,
    ".SH NAME",
    "talebridge \\- a risk gate for freqtrade",
    ".SH SYNOPSIS",
    ".B talebridge",
    ".I command",
    "[options]",
    ".PP",
    ".B talebridge",
    ".I command",
    "\\-\\-help",
    ".SH DESCRIPTION",
    ...wrapped(
      "The bridge decides about every entry a freqtrade strategy wants: it is allowed, cut or denied, with the one reason that binds. Exits are never touched. The command serves it, shows and steers it, and replays finished backtests.",
    ),
    ...paragraph("Results go to the standard output, everything else to the standard error."),
    ".SH COMMANDS",
    ...commands.flatMap(([name, text]) => [`.SS ${name}`, ...section(text)]),
    ".SH EXIT STATUS",
    ...tagged(EXIT_STATUS),
    ".SH ENVIRONMENT",
    ...tagged(ENVIRONMENT),
  ].join("\n")}\n`;
}

/** A usage text: its synopsis as it stands, then sentences, and options that are explained one by one. */
function section(text: string): string[] {
  const lines = text.split("\n");
  const first = lines.findIndex((line) => /^ {2}\S/.test(line));
  const made = [".nf", ...lines.slice(0, first).map((line) => escapeRoff(line.replace(/^ +/, "    "))), ".fi"];
  for (const { option, words } of parts(lines.slice(first)))
    made.push(...(option === null ? paragraph(words) : [".TP", `.B ${escapeRoff(option)}`, ...wrapped(words)]));
  return made;
}

/** Sentences, and options with theirs: a line that begins with two spaces and an option in a column of its own begins one. */
function parts(lines: readonly string[]): { option: string | null; words: string }[] {
  const found: { option: string | null; words: string }[] = [];
  for (const line of lines) {
    const [, option = null, words = line.trim()] = /^ {2}(--[a-z-]+) {2,}(.*)$/.exec(line) ?? [];
    const last = found.at(-1);
    if (option !== null || last === undefined) found.push({ option, words });
    else last.words = `${last.words} ${words}`;
  }
  return found;
}

function tagged(entries: Readonly<Record<string, string>>): string[] {
  return Object.entries(entries).flatMap(([tag, text]) => [".TP", `.B ${escapeRoff(tag)}`, ...wrapped(text)]);
}

function paragraph(text: string): string[] {
  return [".PP", ...wrapped(text)];
}

/** Lines of at most 78 characters, before what is escaped. */
function wrapped(text: string): string[] {
  const lines: string[] = [];
  for (const word of text.split(/\s+/)) {
    const last = lines.at(-1);
    if (last === undefined || last.length + 1 + word.length > 78) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines.map(escapeRoff);
}

/** Text that roff shows as it is: no line is a request, and a hyphen can be copied into a shell. */
function escapeRoff(text: string): string {
  const escaped = text
    .replaceAll("\\", "\\e")
    .replaceAll("-", "\\-")
    .replaceAll(/[^ -~]/gu, (char) => `\\[u${(char.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}]`);
  return /^[.']/.test(escaped) ? `\\&${escaped}` : escaped;
}
