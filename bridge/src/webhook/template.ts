/**
 * Templates as freqtrade's webhook has them: any JSON, whose texts are filled as Python's str.format does with names alone: `{status}`, and `{{` and `}}`
 * for braces. What Python could do besides (formats, attributes, conversions) is refused when the configuration is read.
 */
import { isRecord } from "../config/check.js";
import { isValueName, VALUES, type Values } from "./values.js";

/** Braces that mean something: doubled ones, a name, or a stray one. */
const PARTS = /\{\{|\}\}|\{([^{}]*)\}|[{}]/g;

/** What is wrong with a template, as halves of sentences; empty when it can be filled. */
export function templateProblems(template: unknown, path: string): { path: string; message: string }[] {
  if (typeof template === "string") return textProblems(template).map((message) => ({ path, message }));
  if (Array.isArray(template)) return template.flatMap((item, at) => templateProblems(item, `${path}[${at}]`));
  if (!isRecord(template)) return [];
  return Object.entries(template).flatMap(([key, item]) => templateProblems(item, `${path}.${key}`));
}

function textProblems(text: string): string[] {
  const problems: string[] = [];
  for (const [part, name] of text.matchAll(PARTS)) {
    if (part === "{{" || part === "}}") continue;
    if (name === undefined) problems.push(`has a single "${part}": write it twice for a brace`);
    else if (!isValueName(name))
      problems.push(`has {${name.slice(0, 40)}}, which is not known here; known: ${Object.keys(VALUES).join(", ")}`);
  }
  return problems;
}

/** The template with its texts filled. What is put in is not read as a template again. */
export function fill(template: unknown, values: Values): unknown {
  if (typeof template === "string") {
    return template.replace(PARTS, (part, name: string | undefined) => {
      if (name !== undefined && isValueName(name)) return values[name];
      return part === "{{" ? "{" : part === "}}" ? "}" : part;
    });
  }
  if (Array.isArray(template)) return template.map((item) => fill(item, values));
  if (!isRecord(template)) return template;
  return Object.fromEntries(Object.entries(template).map(([key, item]) => [key, fill(item, values)]));
}
