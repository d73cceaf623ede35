/** The report's script: draws the charts, fills the ledger, remembers the theme. Every figure it shows is in the page's data. */
import { drawEquity } from "./charts/equity.js";
import { drawPrices } from "./charts/prices.js";
import { Redraw } from "./charts/redraw.js";
import { pageData } from "./data.js";
import { readEntries } from "./ledger/entries.js";
import { makeLedger } from "./ledger/view.js";
import { printWhole } from "./print.js";
import { chooseTheme } from "./theme.js";

const data = pageData();
const entries = readEntries(data.entries);
const redraw = new Redraw();

chooseTheme(redraw);
printWhole(redraw);
drawEquity(data, redraw);
const prices = drawPrices(data, entries, redraw);
makeLedger(entries, data, prices);
// Tests and benches wait for it.
document.documentElement.dataset.ready = String(Math.round(performance.now()));
