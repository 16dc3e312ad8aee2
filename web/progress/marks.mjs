// @ts-check
// On every page: notes that it was read and where the reader is in it, and shows in the contents what
// is done. What there is to do on each page stands in the page, as JSON (see _ext/progress.py).
import { make } from "../elements.mjs";
import { doneOn, pageName, said } from "./course.mjs";
import { Reading } from "./reading.mjs";
import { store } from "./store.mjs";

/** @typedef {import("./course.mjs").Work} Work */

const STAY = 5; // seconds in one section before it is kept as the reader's place

/** @type {Record<string, Work>} */
const course = JSON.parse(document.getElementById("ls-course")?.textContent ?? "{}");
const links = [.../** @type {NodeListOf<HTMLAnchorElement>} */ (document.querySelectorAll("nav.bd-links a.reference"))];
const here = pageName(location.pathname);
const article = document.querySelector("article.bd-article");

const problem = make("p", { class: "ls-not-kept", role: "status" });
document.querySelector("nav.bd-links")?.append(problem);
warn();
for (const link of links) mark(link);
store.on((key) => {
  warn();
  const [, changed] = key.split("/");
  for (const link of links) if (!changed || pageName(link.pathname) === changed) mark(link);
});
if (article && Object.hasOwn(course, here)) follow(article);

// That something is not kept is said once there is something to keep.
function warn() {
  problem.textContent = (store.keys().length && store.problem) || "";
}

/** @param {HTMLAnchorElement} link */
function mark(link) {
  const name = pageName(link.pathname);
  if (!Object.hasOwn(course, name)) return;
  const work = course[name];
  const done = doneOn(name, work, store);
  const words = said(work, done);
  link.querySelector(".ls-mark")?.remove();
  if (!words) return;
  const begun = done.answered.length || done.ran || done.solved.length;
  const shares = [share(done.answered, work.questions), Number(done.ran), share(done.solved, work.exercises)];
  const seen = make("span", { "aria-hidden": "true", title: words });
  if (done.read) seen.append("✓");
  if (begun) seen.append(...shares.map(bar));
  link.append(make("span", { class: "ls-mark" }, seen, make("span", { class: "visually-hidden" }, `, ${words}`)));
}

/**
 * @param {string[]} some
 * @param {string[]} all
 */
function share(some, all) {
  return all.length ? some.length / all.length : 0;
}

/** @param {number} done */
function bar(done) {
  const element = make("i");
  element.style.setProperty("--done", String(done));
  return element;
}

/** @param {Element} text */
function follow(text) {
  const reading = new Reading();
  const sections = [...text.querySelectorAll("section[id]")];
  let read = Boolean(store.get(`read/${here}`));
  let [section, stayed] = [/** @type {Element | undefined} */ (undefined), 0];
  setInterval(() => {
    if (document.hidden) return;
    const { top, height } = text.getBoundingClientRect();
    const finished = reading.second(-top / height, (innerHeight - top) / height);
    if (finished && !read) store.set(`read/${here}`, true);
    read ||= finished;
    const now = sections.findLast((one) => one.getBoundingClientRect().top < innerHeight / 3);
    stayed = now === section ? stayed + 1 : 1;
    section = now;
    if (section && stayed === STAY) store.set(`place/${here}`, { section: section.id, title: titleOf(section) });
  }, 1000);
}

/** @param {Element} section */
function titleOf(section) {
  return section.querySelector(":is(h1, h2, h3)")?.firstChild?.textContent?.trim() ?? "";
}
