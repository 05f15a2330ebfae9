// Sets the theme before anything is painted. A classic script on purpose: modules run too late.
try {
  const theme = localStorage.getItem("theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
} catch {
  // Storage is forbidden: the page stays dark.
}
