// Choosing two of a list. Pure.

const WANTED = 2;

export const ready = (chosen) => chosen === WANTED;

// A third cannot be chosen; what is chosen can always be let go.
export const mayChoose = (checked, chosen) => checked || chosen < WANTED;
