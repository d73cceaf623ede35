/** Reads the page's data block. */
import type { Packed, PackedTexts, PageData } from "../../src/replay/report/data/types.js";

export function pageData(): PageData {
  return JSON.parse(byId("data").textContent ?? "");
}

export function bytes(packed: Packed): ArrayBuffer {
  const text = atob(packed);
  const array = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at++) array[at] = text.charCodeAt(at);
  return array.buffer;
}

export const float64 = (packed: Packed): Float64Array => new Float64Array(bytes(packed));
export const float32 = (packed: Packed): Float32Array => new Float32Array(bytes(packed));
export const int32 = (packed: Packed): Int32Array => new Int32Array(bytes(packed));
export const uint8 = (packed: Packed): Uint8Array => new Uint8Array(bytes(packed));

/** Text of each row. */
export function texts({ texts: different, index }: PackedTexts): string[] {
  return Array.from(new Uint16Array(bytes(index)), (number) => different[number] ?? "");
}

/** @throws Error when the page has no such element */
export function byId(id: string): HTMLElement {
  const element = document.getElementById(id);
  if (element === null) throw new Error(`the page has no #${id}`);
  return element;
}

/** A new element with text and attributes. */
export function element<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  attributes: Readonly<Record<string, string>> = {},
  ...content: readonly (Node | string)[]
): HTMLElementTagNameMap[Name] {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...content);
  return made;
}
