// Takes from the theme's style sheets in a built book the rules that none of its pages and scripts
// can meet: node purge.mjs FOLDER. A rule stays if what it asks for are words of theirs.
import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { PurgeCSS } from "purgecss";

const OWN = /(figure|latent-shapes)\.css$/;
const [folder] = process.argv.slice(2);
const files = (await readdir(folder, { recursive: true })).map((name) => join(folder, name));
const sheets = files.filter((name) => name.endsWith(".css") && !OWN.test(name));
const content = files.filter((name) => /\.(html|m?js)$/.test(name) && !/searchindex|vendor/.test(name));
const purged = await new PurgeCSS().purge({
  content,
  css: sheets,
  fontFace: false,
  keyframes: false,
  variables: false,
  safelist: { standard: [":focus-visible"], greedy: [/tooltip/] }, // names put together while running
  dynamicAttributes: ["data-bs-theme", "data-mode", "data-popper-placement", "data-theme"],
});
for (const { file, css } of purged) if (file) await writeFile(file, css);
