// @ts-check
// What the page cannot run, it sends elsewhere.
import { make } from "../elements.mjs";

/**
 * @param {string} sentence why, without its end: "in" and the places follow
 * @param {Record<string, string>} places and their addresses
 */
export function elsewhere(sentence, places) {
  const links = Object.entries(places).map(([name, address]) => make("a", { href: address }, name));
  const words = links.flatMap((link, i) => (i ? [" or ", link] : [link]));
  return make("p", { class: "ls-elsewhere" }, `${sentence} in `, ...words, ".");
}
