/** One colour per class, by its index among the labels. The label is always shown beside it. */

const PALETTE_SIZE = 10; // --c0 to --c9 of page.css; further colours go around the hue circle by the golden angle
const GOLDEN_ANGLE = 137.5; // degrees

/** @param {string | null} emotion null if none is certain enough @param {string[]} labels @returns {string} */
export function colourOf(emotion, labels) {
  return emotion === null ? "var(--muted)" : colour(labels.indexOf(emotion));
}

/** @param {number} index of the label, or -1 if it is unknown. @returns {string} a CSS colour */
export function colour(index) {
  if (index < 0) return "var(--muted)";
  if (index < PALETTE_SIZE) return `var(--c${index})`;
  const hue = Math.round(index * GOLDEN_ANGLE) % 360;
  return `light-dark(oklch(0.55 0.14 ${hue}), oklch(0.8 0.12 ${hue}))`;
}
