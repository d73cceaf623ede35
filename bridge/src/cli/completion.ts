/** `talebridge completion`: prints a shell's completion of commands, options and their values, from what the commands themselves accept. */
import { parseArgs } from "node:util";
import { COMMANDS, type Command } from "./commands.js";
import { EXIT, UsageError } from "./usage.js";

export const usage = `talebridge completion bash|zsh|fish
  Prints completion for a shell. bash: eval "$(talebridge completion bash)" in ~/.bashrc; zsh: the same in ~/.zshrc, after compinit;
  fish: talebridge completion fish > ~/.config/fish/completions/talebridge.fish`;

export const options = {} as const;

/** What follows a command at once. */
const WORDS: Readonly<Record<string, readonly string[]>> = {
  keys: ["server", "client", "list", "revoke"],
  completion: ["bash", "zsh", "fish"],
};
/** What an option's value is chosen from; all others take files and folders, or text. */
const VALUES: Readonly<Record<string, readonly string[]>> = {
  profile: ["conservative", "aggressive", "extreme"],
  mode: ["enforce", "shadow", "off"],
  "log-level": ["trace", "debug", "info", "warn", "error", "fatal", "silent"],
  "window-set": ["standard", "compact"],
  "trading-mode": ["spot", "futures"],
  profiles: ["all"],
};

type Table = readonly {
  readonly name: string;
  readonly words: readonly string[];
  readonly flags: Command["options"];
}[];

export async function run(argv: readonly string[]): Promise<number> {
  const { positionals } = parseArgs({ args: [...argv], options, allowPositionals: true });
  const [shell, ...rest] = positionals;
  if (rest.length > 0 || (shell !== "bash" && shell !== "zsh" && shell !== "fish")) throw new UsageError(usage);
  const table = await Promise.all(
    Object.entries(COMMANDS).map(async ([name, load]) => {
      const { options: flags } = await load();
      return { name, words: WORDS[name] ?? [], flags };
    }),
  );
  process.stdout.write(shell === "fish" ? fish(table) : shell === "zsh" ? `${ZSH}${bash(table)}` : bash(table));
  return EXIT.ok;
}

const ZSH = "autoload -Uz bashcompinit && bashcompinit\n";

function bash(table: Table): string {
  const commands = table
    .map(({ name, words, flags }) => {
      const all = [...words, ...Object.keys({ ...flags, help: null }).map((flag) => `--${flag}`)];
      return `    ${name}) words="${all.join(" ")}" ;;`;
    })
    .join("\n");
  const values = Object.entries(VALUES)
    .map(([option, list]) => `    --${option}) COMPREPLY=($(compgen -W "${list.join(" ")}" -- "$cur")); return ;;`)
    .join("\n");
  return `_talebridge() {
  local cur="\${COMP_WORDS[COMP_CWORD]}" prev="\${COMP_WORDS[COMP_CWORD-1]}" words
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W "${table.map(({ name }) => name).join(" ")} --help --version" -- "$cur")); return
  fi
  case "$prev" in
${values}
    --*dir|--*config|--settings|--html|--json|--out) COMPREPLY=($(compgen -f -- "$cur")) ;;
  esac
  case "\${COMP_WORDS[1]}" in
${commands}
    *) return ;;
  esac
  case "$cur" in
    -*) COMPREPLY=($(compgen -W "$words" -- "$cur")) ;;
    *) [ "\${#COMPREPLY[@]}" -gt 0 ] || COMPREPLY=($(compgen -W "$words" -- "$cur") $(compgen -f -- "$cur")) ;;
  esac
}
complete -F _talebridge talebridge
`;
}

function fish(table: Table): string {
  const lines = [`complete -c talebridge -n __fish_use_subcommand -f -a "${table.map(({ name }) => name).join(" ")}"`];
  for (const { name, words, flags } of table) {
    const when = `-n "__fish_seen_subcommand_from ${name}"`;
    if (words.length > 0) lines.push(`complete -c talebridge ${when} -f -a "${words.join(" ")}"`);
    for (const [flag, { type }] of Object.entries(flags)) {
      const values = VALUES[flag];
      const takes = type === "boolean" ? "" : values === undefined ? " -r" : ` -x -a "${values.join(" ")}"`;
      lines.push(`complete -c talebridge ${when} -l ${flag}${takes}`);
    }
  }
  return `${lines.join("\n")}\n`;
}
