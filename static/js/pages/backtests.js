// The list of backtests: exactly two can be compared.

import { mayChoose, ready } from "../backtests/choosing.js";

const boxes = () => [...document.querySelectorAll('input[name="run"][form="compare"]')];

function show() {
  const all = boxes();
  const chosen = all.filter((box) => box.checked).length;
  for (const box of all) box.disabled = !mayChoose(box.checked, chosen);
  const button = document.querySelector("#compare button");
  if (button) button.disabled = !ready(chosen);
}

document.addEventListener("change", (event) => {
  if (event.target.name === "run") show();
});
document.addEventListener("htmx:afterSwap", show);
// Going back may bring boxes that are checked already.
addEventListener("pageshow", show);
show();
