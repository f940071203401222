/** Sets colours before the first paint: the reader's choice, else that of the system. A file of its own, for the policy. */
const dark = matchMedia("(prefers-color-scheme: dark)");
const contrast = matchMedia("(prefers-contrast: more)");

function apply(): void {
  const { dataset } = document.documentElement;
  dataset.scheme = localStorage.getItem("asof.scheme") ?? (dark.matches ? "dark" : "light");
  dataset.vision = localStorage.getItem("asof.vision") ?? (contrast.matches ? "contrast" : "normal");
}

apply();
dark.addEventListener("change", apply);
contrast.addEventListener("change", apply);
addEventListener("asof.theme", apply);
