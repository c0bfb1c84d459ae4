/** Small helpers for elements of the page. */

/**
 * An element with a class and a text.
 * @param {string} tag @param {string} [className] @param {unknown} [text]
 */
export function element(tag, className = "", text = "") {
  const created = document.createElement(tag);
  if (className) created.className = className;
  created.textContent = String(text);
  return created;
}

/**
 * Set a text only if it has changed, so that screen readers do not read it again.
 * @param {HTMLElement} node @param {unknown} text
 */
export function setText(node, text) {
  if (node.textContent !== String(text)) node.textContent = String(text);
}
