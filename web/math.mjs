// TeX to markup, for the book's build: a line of JSON in, { tex, display }, a line out, { html } or
// { error }. A formula is drawn as SVG for the eye and written as MathML for a screen reader.
import { createInterface } from "node:readline";
// @ts-expect-error it comes without types
import mathjax from "mathjax";

const { startup, tex2mml, tex2svg } = await mathjax.init({
  loader: { load: ["input/tex", "output/svg"] },
  tex: {
    packages: { "[-]": ["noerrors", "noundefined"] },
    formatError(/** @type {unknown} */ _, /** @type {Error} */ error) {
      throw error;
    },
  },
  svg: { fontCache: "none" },
});

/** @param {{ tex: string, display: boolean }} formula */
function typeset({ tex, display }) {
  const drawn = startup.adaptor.innerHTML(tex2svg(tex, { display }));
  const quiet = drawn.replace('role="img" focusable="false"', 'aria-hidden="true"');
  return quiet.replace(/ data-mml-node="\w+"/g, "") + tex2mml(tex, { display }).replace(/>\s+</g, "><");
}

for await (const line of createInterface({ input: process.stdin })) {
  let answer;
  try {
    answer = { html: typeset(JSON.parse(line)) };
  } catch (error) {
    answer = { error: /** @type {Error} */ (error).message };
  }
  console.log(JSON.stringify(answer));
}
