/** The page: signs in, follows the daemon, and shows every state it is told of. */
import type { WebState } from "../../src/web/state.js";
import { setClass, setText } from "./dom.js";
import { count, mebibytes, span } from "./format.js";
import { Page } from "./page.js";
import { askForToken } from "./sign_in.js";
import { follow, type Link } from "./stream.js";
import { dropToken, keepToken, takeToken } from "./token.js";

const LINKS: Readonly<Record<Link, { readonly text: string; readonly tone: string }>> = {
  connecting: { text: "Connecting", tone: "pill" },
  live: { text: "Live", tone: "pill good" },
  lost: { text: "Reconnecting", tone: "pill warn" },
  refused: { text: "Signed out", tone: "pill warn" },
};

const main = byId("main");
const about = byId("about");
const link = byId("link");
let version: string | null = null;

async function run(): Promise<void> {
  let token = takeToken();
  let problem = "";
  for (;;) {
    if (token === "") {
      setLink("refused", "");
      token = await askForToken(main, problem);
      keepToken(token);
    }
    const current = token;
    const page = new Page(main, () => current);
    await follow({ token: () => current, onState: (state) => show(page, state), onLink: setLink });
    dropToken();
    token = "";
    problem = "That token is not the daemon's.";
  }
}

function show(page: Page, state: WebState): void {
  const { daemon } = state;
  // Another version of the daemon comes with another version of this page.
  version ??= daemon.version;
  if (version !== daemon.version) {
    location.reload();
    return;
  }
  setText(
    about,
    `${daemon.version} · engine ${daemon.engine} (${daemon.simd}) · up ${span(daemon.uptime_s * 1000)} · ${mebibytes(daemon.rss_bytes)} · ${count(daemon.journal_lines)} journal lines`,
  );
  page.show(state);
}

function setLink(state: Link, detail: string): void {
  const { text, tone } = LINKS[state];
  setText(link, text);
  setClass(link, tone);
  link.title = detail;
  document.body.dataset.link = state;
}

function byId(id: string): HTMLElement {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`no #${id}`);
  return found;
}

addEventListener("hashchange", () => location.reload());
setLink("connecting", "");
void run();
