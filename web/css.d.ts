// A stylesheet that is imported is its text (see `loader` in build.mjs).
declare module "*.css" {
  const text: string;
  export default text;
}
