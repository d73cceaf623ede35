/** The little that is needed of a view library: elements, texts that are written only when they change, and lists whose rows are kept by key. */

type Child = Node | string;

/** Makes an element. `class` and the rest are attributes. */
export function el<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Readonly<Record<string, string>> = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

/** Writes a text if it is another one: what does not change is not laid out again, nor read out again. */
export function setText(node: Element, text: string): void {
  if (node.textContent !== text) node.textContent = text;
}

export function setClass(node: Element, name: string): void {
  if (node.className !== name) node.className = name;
}

export function setHidden(node: HTMLElement, hidden: boolean): void {
  if (node.hidden !== hidden) node.hidden = hidden;
}

/** One row of a list: its element, and how it shows an item. */
export interface Row<T> {
  readonly node: HTMLElement;
  update(item: T): void;
}

/** Shows a list: rows are made, updated, moved and removed as its items are. */
export class KeyedList<T> {
  private readonly parent: Element;
  private readonly keyOf: (item: T) => string;
  private readonly make: (item: T) => Row<T>;
  private rows = new Map<string, Row<T>>();

  constructor(parent: Element, keyOf: (item: T) => string, make: (item: T) => Row<T>) {
    this.parent = parent;
    this.keyOf = keyOf;
    this.make = make;
  }

  show(items: readonly T[]): void {
    const next = new Map<string, Row<T>>();
    for (const item of items) {
      const key = this.keyOf(item);
      const row = this.rows.get(key) ?? this.make(item);
      row.update(item);
      next.set(key, row);
      this.rows.delete(key);
    }
    for (const { node } of this.rows.values()) node.remove();
    this.rows = next;
    let at = this.parent.firstElementChild;
    for (const { node } of next.values()) {
      if (node === at) at = at.nextElementSibling;
      else this.parent.insertBefore(node, at);
    }
  }
}

/** A card with a heading. */
export function section(title: string, ...children: readonly Child[]): HTMLElement {
  return el("section", { "aria-label": title }, el("h2", {}, title), ...children);
}
