// What the navigation does on every page: dark or light. Who draws with colours of its own listens for
// `themechange` on the document.

import { $ } from "./ui/dom.js";
import { themeToggle } from "./ui/theme-toggle.js";

themeToggle($("theme"), () => document.dispatchEvent(new Event("themechange")));
