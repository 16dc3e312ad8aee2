// Builds dist/, which the book serves from its own root: fonts, models and the in-page parts,
// no other host asked.
import { cp, mkdir, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { build } from "esbuild";

const DIST = "dist";
const VENDORED = [
  ["mathjax/LICENSE", "vendor/mathjax/LICENSE"], // whose letters formulas are drawn with
  [
    "@fontsource-variable/ibm-plex-sans/files/ibm-plex-sans-latin-wght-normal.woff2",
    "vendor/fonts/ibm-plex-sans-latin-wght-normal.woff2",
  ],
  [
    "@fontsource/ibm-plex-sans/files/ibm-plex-sans-latin-400-italic.woff2",
    "vendor/fonts/ibm-plex-sans-latin-400-italic.woff2",
  ],
  [
    "@fontsource/ibm-plex-mono/files/ibm-plex-mono-latin-400-normal.woff2",
    "vendor/fonts/ibm-plex-mono-latin-400-normal.woff2",
  ],
  [
    "@fontsource/ibm-plex-mono/files/ibm-plex-mono-latin-600-normal.woff2",
    "vendor/fonts/ibm-plex-mono-latin-600-normal.woff2",
  ],
  ["@fontsource/ibm-plex-mono/LICENSE", "vendor/fonts/LICENSE"],
  ["@fortawesome/free-solid-svg-icons/LICENSE.txt", "vendor/fontawesome/LICENSE.txt"],
  ["onnxruntime-web/dist/ort-wasm-simd-threaded.wasm", "vendor/onnxruntime/ort-wasm-simd-threaded.wasm"],
  ["pyodide/pyodide.asm.wasm", "vendor/pyodide/pyodide.asm.wasm"],
  ["ts-fsrs/LICENSE", "vendor/ts-fsrs/LICENSE"],
  ["pyodide/python_stdlib.zip", "vendor/pyodide/python_stdlib.zip"],
];
const OWN = [
  ["../_build/models", "models"],
  ["latent-explorer/LICENSE-onnxruntime", "vendor/onnxruntime/LICENSE"], // its package lacks it
  ["python/LICENSE-pyodide", "vendor/pyodide/LICENSE"],
  ["python/sandbox.html", "parts/python-sandbox.html"],
];

await rm(DIST, { recursive: true, force: true });
for (const [from, to] of [...VENDORED.map(([from, to]) => [join("node_modules", from), to]), ...OWN]) {
  const target = join(DIST, to);
  await mkdir(dirname(target), { recursive: true });
  await cp(from, target, { recursive: true });
}
await build({
  entryPoints: { "python-sandbox": "python/sandbox.mjs", "python-worker": "python/worker.mjs" },
  outdir: join(DIST, "parts"),
  bundle: true,
  minify: true,
  charset: "utf8",
  format: "iife", // the sandbox has an origin of its own, from which modules may not be asked for
  loader: { ".py": "text" },
  define: { "import.meta.url": '""' },
  external: ["node:*"], // which Pyodide asks for in Node alone
});
await build({
  entryPoints: {
    host: "host.mjs",
    marks: "progress/marks.mjs",
    progress: "progress/progress.mjs",
    "atlas-table": "atlas-table/atlas-table.mjs",
    question: "question/question.mjs",
    drill: "drill/drill.mjs",
    "shape-tracer": "shape-tracer/shape-tracer.mjs",
    "latent-explorer": "latent-explorer/latent-explorer.mjs",
    "latent-explorer-worker": "latent-explorer/worker.mjs",
    starter: "starter/starter.mjs",
    exercise: "exercise/exercise.mjs",
    editor: "editor/editor.mjs",
    python: "python/python.mjs",
  },
  outdir: join(DIST, "parts"),
  outExtension: { ".js": ".mjs" },
  bundle: true,
  minify: true,
  charset: "utf8",
  format: "esm",
  loader: { ".css": "text", ".py": "text" },
});
