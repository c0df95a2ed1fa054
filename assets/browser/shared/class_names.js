// What the classes of the images are called: digits, unless the pictures are somebody's own.
export const DIGITS = Array.from({ length: 10 }, (_, digit) => String(digit));

/** A name with no more than so many letters. */
export const shortened = (name, most) => (name.length > most ? `${name.slice(0, most - 1)}…` : name);
