// @ts-check
// The small things that all screens of the drill are made of.
import { make } from "../elements.mjs";

export { make };

/**
 * @param {string | Node} text
 * @param {() => void} act
 * @param {Record<string, string | boolean>} attributes
 */
export function button(text, act, attributes = {}) {
  const element = make("button", { type: "button", ...attributes }, text);
  element.addEventListener("click", act);
  return element;
}

/**
 * @param {string} address
 * @param {string} text
 */
export const link = (address, text) => make("a", { href: address }, text);

/**
 * A heading that can take the focus when what it heads has appeared.
 * @param {"h2" | "h3"} level
 * @param {string} text
 */
export const heading = (level, text) => make(level, { tabindex: -1 }, text);

/**
 * A text with code between backticks, and with shapes and sizes that stay on one line.
 * @param {string} text
 */
export function marked(text) {
  const whole = text.replaceAll(/(?<=\d) × (?=\d)/g, "\u00a0×\u00a0").replaceAll(/(?<=\d), (?=\d)/g, ",\u00a0");
  return whole.split("`").map((part, index) => (index % 2 ? make("code", {}, part) : part));
}

/**
 * @param {string} text with an empty line between paragraphs
 * @returns {HTMLElement[]}
 */
export const paragraphs = (text) => text.trim().split(/\n\s*\n/).map((part) => make("p", {}, ...marked(part)));

/**
 * The text of a button, with the key that presses it.
 * @param {string} text
 * @param {string} key
 */
export function keyed(text, key) {
  const both = make("span", {}, text, " ");
  both.append(make("kbd", { "aria-hidden": "true" }, key));
  return both;
}

/**
 * Whether a key that was pressed there means something else: a letter in a text, a space on a button.
 * @param {KeyboardEvent} event
 */
export function taken({ key, target, ctrlKey, altKey, metaKey }) {
  if (ctrlKey || altKey || metaKey) return true;
  const uses = key === " " ? "button, a, summary, audio, input, textarea, select" : "textarea, select, audio, input[type=number]";
  return Boolean(/** @type {Element} */ (target).closest(uses));
}
