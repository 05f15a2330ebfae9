// A report on disk has no switch: it follows the system, also when that changes. A classic script,
// before anything is painted.
(() => {
  const light = matchMedia("(prefers-color-scheme: light)");
  const follow = () => {
    document.documentElement.dataset.theme = light.matches ? "light" : "dark";
  };
  light.addEventListener("change", follow);
  follow();
})();
