/** One colour for each class, by its place among the labels. The name stands beside it everywhere. */

const CHOSEN = 10; // --c0 to --c9 of page.css; further ones go round the wheel by the golden angle

/** @param {number} index of the label; -1 for one that is not among them. @returns {string} a CSS colour */
export function colour(index) {
  if (index < 0) return "var(--quiet)";
  if (index < CHOSEN) return `var(--c${index})`;
  const hue = Math.round(index * 137.5) % 360;
  return `light-dark(oklch(0.55 0.14 ${hue}), oklch(0.8 0.12 ${hue}))`;
}
