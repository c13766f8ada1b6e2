import { Argument, type Command, type Option } from "commander";
import { UserError } from "../errors.ts";
import { choices } from "../suggest.ts";
import { namesOfArgument } from "./command.ts";
import { printLine } from "./print.ts";

/** A command as a shell completes it: its options, and what may follow its name. */
interface Completed {
  readonly name: string;
  readonly summary: string;
  readonly options: readonly CompletedOption[];
  /** What its argument may be, beside a file; for a command of commands their names. */
  readonly words: readonly string[];
  readonly commands: readonly Completed[];
}

interface CompletedOption {
  /** Such as "--data". */
  readonly flag: string;
  readonly help: string;
  readonly value?: "name" | "dir" | "file";
  /** The names that its value is one of, if it is. */
  readonly names: readonly string[];
}

const SHELLS: Readonly<Record<"bash" | "zsh" | "fish", (commands: readonly Completed[]) => string>> = {
  bash,
  zsh,
  fish,
};

/** Adds `completion SHELL` to a program: prints a script by which a shell completes its commands and options. */
export function addCompletion(program: Command): void {
  program
    .command("completion")
    .summary("print a script that completes commands in a shell")
    .description(
      'Prints a script by which a shell completes commands and options.\n  bash  eval "$(espalier completion bash)"  in ~/.bashrc\n  zsh   eval "$(espalier completion zsh)"   in ~/.zshrc, after compinit\n  fish  espalier completion fish | source   in ~/.config/fish/config.fish',
    )
    .addArgument(namesOfArgument(new Argument("<shell>", Object.keys(SHELLS).join(", ")), Object.keys(SHELLS)))
    .action((name: string) => {
      const shells = Object.entries(SHELLS);
      const found = shells.find(([shell]) => shell === name);
      if (!found) {
        throw new UserError(`There is no completion for "${name}": ${choices(name, Object.keys(SHELLS))}.`);
      }
      printLine(found[1](program.commands.map(completed)));
    });
}

function completed(command: Command): Completed {
  const [argument] = command.registeredArguments;
  const commands = command.commands.map(completed);
  return {
    name: command.name(),
    summary: command.summary(),
    options: [...command.options.map(completedOption), { flag: "--help", help: "display help for command", names: [] }],
    words: commands.length > 0 ? commands.map(({ name }) => name) : argument ? namesOfArgument(argument) : [],
    commands,
  };
}

function completedOption({ long, description, argChoices, flags, required }: Option): CompletedOption {
  const [, value = ""] = /<(\w+)/.exec(flags) ?? [];
  const kind = value === "dir" ? value : "file";
  return { flag: long ?? "", help: description, value: required ? kind : undefined, names: argChoices ?? [] };
}

function bash(commands: readonly Completed[]): string {
  const within = ({ name, options, words, commands: inner }: Completed, place: number): string => {
    const own = options.filter(({ value }) => value !== undefined);
    const values = own.map(({ flag, names }) => `${flag}) words="${names.join(" ")}" ;;`);
    const flags = options.map(({ flag }) => flag).join(" ");
    const here = `case "$before" in ${values.join(" ")} *) if [[ $current == -* ]]; then words="${flags}"; else words="${words.join(" ")}"; fi ;; esac`;
    if (inner.length === 0) return `${name}) ${here} ;;`;
    const cases = inner.map((each) => within(each, place + 1)).join("\n");
    return `${name}) if ((COMP_CWORD == ${place + 1})); then words="${words.join(" ")}"; else case "\${COMP_WORDS[${place + 1}]}" in\n${cases}\nesac; fi ;;`;
  };
  return `_espalier() {
local current="\${COMP_WORDS[COMP_CWORD]}" before="\${COMP_WORDS[COMP_CWORD-1]}" words=""
if ((COMP_CWORD == 1)); then words="${commands.map(({ name }) => name).join(" ")}"; else case "\${COMP_WORDS[1]}" in
${commands.map((command) => within(command, 1)).join("\n")}
esac; fi
COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _espalier espalier`;
}

function zsh(commands: readonly Completed[]): string {
  const word = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;
  const list = (all: readonly Completed[]) =>
    all.map(({ name, summary }) => word(`${name}:${summary.replaceAll(":", "\\:")}`)).join(" ");
  const spec = ({ flag, help, value, names }: CompletedOption) => {
    const said = `${flag}[${help.replace(/[[\]:\\]/g, "\\$&")}]`;
    if (value === undefined) return word(said);
    return word(
      `${said}:value:${names.length > 0 ? `(${names.join(" ")})` : value === "dir" ? "_files -/" : "_files"}`,
    );
  };
  const within = ({ name, options, words, commands: inner }: Completed): string => {
    if (inner.length > 0) {
      return `${name}) shift words; ((CURRENT--)); if ((CURRENT == 2)); then commands=(${list(inner)}); _describe command commands; else case $words[2] in\n${inner.map(within).join("\n")}\nesac; fi ;;`;
    }
    const names =
      words.length > 0
        ? `'*: :{_alternative "names\\:name\\:(${words.join(" ")})" "files\\:file\\:_files"}'`
        : "'*:file:_files'";
    return `${name}) shift words; ((CURRENT--)); _arguments ${options.map(spec).join(" ")} ${names} ;;`;
  };
  return `#compdef espalier
_espalier() {
local -a commands
if ((CURRENT == 2)); then commands=(${list(commands)}); _describe command commands; else case $words[2] in
${commands.map(within).join("\n")}
esac; fi
}
if [[ $funcstack[1] == _espalier ]]; then _espalier "$@"; else compdef _espalier espalier; fi`;
}

function fish(commands: readonly Completed[]): string {
  const word = (text: string) => `'${text.replace(/['\\]/g, "\\$&")}'`;
  const line = (condition: string, rest: string) => `complete -c espalier -n ${word(condition)} ${rest}`;
  const within = ({ name, options, words, commands: inner }: Completed): string[] => {
    const seen = `__fish_seen_subcommand_from ${name}`;
    const others = inner.length > 0 ? `${seen}; and not __fish_seen_subcommand_from ${words.join(" ")}` : seen;
    return [
      ...(words.length > 0 ? [line(others, `-a ${word(words.join(" "))}`)] : []),
      ...inner.flatMap(within),
      ...options.map(({ flag, help, value, names }) => {
        const takes = value === undefined ? "" : names.length > 0 ? ` -x -a ${word(names.join(" "))}` : " -r";
        return line(seen, `-l ${flag.slice(2)} -d ${word(help)}${takes}`);
      }),
    ];
  };
  return commands
    .flatMap((command) => [
      line("__fish_use_subcommand", `-f -a ${command.name} -d ${word(command.summary)}`),
      ...within(command),
    ])
    .join("\n");
}
