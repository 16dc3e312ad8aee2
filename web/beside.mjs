// @ts-check

/**
 * A part's module, loaded when it is asked for from where this one lies once it is built.
 * @param {string} name
 * @returns {Promise<any>}
 */
export const beside = (name) => import(new URL(`${name}.mjs`, import.meta.url).href);
