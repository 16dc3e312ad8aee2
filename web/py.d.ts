// A Python file that is imported is its text (see `loader` in build.mjs).
declare module "*.py" {
  const text: string;
  export default text;
}
