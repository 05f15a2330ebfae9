// Dark and light: the choice is kept in the browser; js/theme-boot.js applies it before the first paint.

export function themeToggle(button, onChange) {
  button.addEventListener("click", () => {
    const root = document.documentElement;
    const next = root.dataset.theme === "light" ? "dark" : "light";
    root.dataset.theme = next;
    try {
      localStorage.setItem("theme", next);
    } catch {
      // Storage is forbidden: the choice lasts as long as the page.
    }
    onChange();
  });
}
