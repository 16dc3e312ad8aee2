// @ts-check
// Times and counts in words.

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
/** @type {[size: number, unit: string][]} */
const UNITS = [
  [365 * DAY, "year"],
  [30 * DAY, "month"],
  [DAY, "day"],
  [60 * MINUTE, "hour"],
  [MINUTE, "minute"],
];
const CLOCK = new Intl.DateTimeFormat("en-US", { hour: "numeric", minute: "2-digit" });
const DATE = new Intl.DateTimeFormat("en-US", { dateStyle: "medium" });
const WHEN = new Intl.DateTimeFormat("en-US", { dateStyle: "medium", timeStyle: "short" });

/**
 * How long that is, in the largest unit of which there is one: "3 days".
 * @param {number} ms
 */
export function span(ms) {
  const [size, unit] = UNITS.find(([size]) => ms >= size) ?? UNITS[UNITS.length - 1];
  return counted(Math.max(1, Math.round(ms / size)), unit);
}

/**
 * A time to come: "at 3:40 PM" today, "on Nov 25, 2026" later.
 * @param {number} at
 * @param {number} now
 */
export const when = (at, now) =>
  dayOf(at) === dayOf(now) ? `at ${CLOCK.format(at)}` : `on ${DATE.format(at)}`;

/** @param {number} at */
export const moment = (at) => WHEN.format(at);

/**
 * The reader's own day, for counting what is new today.
 * @param {number} at
 */
export const dayOf = (at) => new Date(at).toDateString();

/**
 * Minutes and seconds: "12:05"; time that was overrun with a plus.
 * @param {number} seconds
 */
export function clock(seconds) {
  const whole = Math.abs(Math.ceil(seconds));
  const [minutes, rest] = [Math.floor(whole / 60), whole % 60];
  return `${seconds <= -1 ? "+" : ""}${minutes}:${String(rest).padStart(2, "0")}`;
}

/**
 * @param {number} count
 * @param {string} one
 * @param {string} many
 */
export const counted = (count, one, many = `${one}s`) => `${count} ${count === 1 ? one : many}`;

/** @param {string} name of a lab: "Lab 04" */
export const labNumber = (name) => `Lab ${name.split("-")[1]}`;
