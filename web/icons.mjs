// Icons for the book's build: node icons.mjs fa-bars fa-github … prints, by name, the SVG of each.
import { icon, library } from "@fortawesome/fontawesome-svg-core";
import { fab } from "@fortawesome/free-brands-svg-icons";
import { fas } from "@fortawesome/free-solid-svg-icons";

library.add(fas, fab);

/** @param {string} name as the theme has it in a class */
function drawn(name) {
  const iconName = /** @type {import("@fortawesome/fontawesome-svg-core").IconName} */ (name.slice("fa-".length));
  return (icon({ prefix: "fas", iconName }) ?? icon({ prefix: "fab", iconName }))?.html[0];
}

console.log(JSON.stringify(Object.fromEntries(process.argv.slice(2).map((name) => [name, drawn(name)]))));
