// Before the page is drawn: where the browser keeps nothing, a storage that forgets with the page,
// and the color scheme that the reader chose.
try {
  localStorage.getItem("mode");
} catch {
  const kept = new Map();
  const forgetful = {
    forgetful: true,
    getItem: (key) => kept.get(String(key)) ?? null,
    setItem: (key, value) => void kept.set(String(key), String(value)),
    removeItem: (key) => void kept.delete(String(key)),
    clear: () => kept.clear(),
    key: (index) => [...kept.keys()][index] ?? null,
    get length() {
      return kept.size;
    },
  };
  Object.defineProperty(window, "localStorage", { value: forgetful });
}
document.documentElement.dataset.mode = localStorage.getItem("mode") || "auto";
document.documentElement.dataset.theme = localStorage.getItem("theme") || "auto";
