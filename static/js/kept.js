// What a person chose is kept in the browser. Where storage is forbidden it lasts as long as the page.

export function kept(name, otherwise = null) {
  try {
    return localStorage.getItem(name) ?? otherwise;
  } catch {
    return otherwise;
  }
}

export function keep(name, value) {
  try {
    localStorage.setItem(name, String(value));
  } catch {
    // Nothing to do: the choice holds until the page is left.
  }
}
