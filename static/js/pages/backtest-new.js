// The form of a backtest: only the fields that the choice of days needs.

import { $ } from "../ui/dom.js";

const which = $("n-which");

function show() {
  for (const field of document.querySelectorAll("[data-for]")) field.hidden = field.dataset.for !== which.value;
}

which?.addEventListener("change", show);
addEventListener("pageshow", () => which && show());
if (which) show();
document.querySelector("#new [aria-invalid]")?.focus();
