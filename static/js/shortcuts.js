// Every key that does something, with what it does: the help sheet is made from here.
//
// A key without a description works and is not shown (a second key for the same thing). Keys do nothing
// in fields, lists of tabs and dialogs, nor with Ctrl, Alt or the command key.

const ELSEWHERE = "input, textarea, select, [role=tablist], [contenteditable], dialog, [popover]";

export class Shortcuts {
  constructor() {
    this.all = new Map();
  }

  // `about`: {group: "Chart", does: "Zoom in", shown?: "+"}.
  set(key, action, about = null) {
    this.all.set(key, { action, about });
    return this;
  }

  get(key) {
    return this.all.get(key)?.action;
  }

  has(key) {
    return this.all.has(key);
  }

  delete(key) {
    return this.all.delete(key);
  }

  // [[group, [{key, does}]]], in the order in which they were set.
  groups() {
    const groups = new Map();
    for (const [key, { about }] of this.all) {
      if (about === null) continue;
      const { group = "Page", does, shown = NAMES[key] ?? key } = about;
      groups.set(group, [...(groups.get(group) ?? []), { key: shown, does }]);
    }
    return [...groups];
  }

  // Whether a key that was pressed did something.
  press(event) {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return false;
    if (event.target.closest?.(ELSEWHERE)) return false;
    const action = this.get(event.key);
    if (!action) return false;
    event.preventDefault();
    action(event);
    return true;
  }
}

const NAMES = { ArrowLeft: "←", ArrowRight: "→", ArrowUp: "↑", ArrowDown: "↓", " ": "Space", Escape: "Esc" };
