// Making and changing elements without touching what is already right.

export const $ = (id) => document.getElementById(id);

// h("span", {class: "buy"}, "12", other): properties that start with "on" are listeners.
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "style") for (const [rule, to] of Object.entries(value)) element.style.setProperty(rule, to);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

export function text(element, value) {
  const wanted = String(value);
  if (element.textContent !== wanted) element.textContent = wanted;
}

// Even an attribute that stays what it is has the page's styles looked at again.
export function hide(element, hidden) {
  if (element.hidden !== hidden) element.hidden = hidden;
}

export function tone(element, name) {
  for (const each of ["buy", "sell", "profit", "loss", "muted"]) element.classList.toggle(each, each === name);
}

export function style(element, name, value) {
  if (element.style.getPropertyValue(name) !== value) element.style.setProperty(name, value);
}

// The children of a list by key, with as little moved as possible: what stays keeps focus, hover and
// place. `make(item)` makes the element of a new key; one of a known key is taken to be the same.
export function keyed(list, items, key, make) {
  const there = new Map([...list.children].map((child) => [child.dataset.key, child]));
  const wanted = new Set(items.map(key));
  for (const [name, child] of there) if (!wanted.has(name)) child.remove();
  let next = list.firstElementChild;
  for (const item of items) {
    const name = key(item);
    if (next?.dataset.key === name) {
      next = next.nextElementSibling;
      continue;
    }
    const element = there.get(name) ?? make(item);
    element.dataset.key = name;
    list.insertBefore(element, next);
  }
}

// Calls `render` only when one of the values is another than last time.
export function whenChanged(render) {
  let before = null;
  return (...values) => {
    if (before?.length === values.length && values.every((value, index) => value === before[index])) return;
    before = values;
    render(...values);
  };
}

// The last result for the same arguments, so that who compares by identity sees no change.
export function remember(compute) {
  let before = null;
  let result;
  return (...values) => {
    if (before === null || values.some((value, index) => value !== before[index])) result = compute(...values);
    before = values;
    return result;
  };
}

export const profitTone = (sign) => (sign > 0 ? "profit" : sign < 0 ? "loss" : null);
