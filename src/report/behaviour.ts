import { createHash } from "node:crypto";

/**
 * The only script in a page: it shows the gallery's filters, which need a script, and hides pictures that do not match. The
 * page works without it. The text never changes, so the page's policy can name it by its hash.
 */
export const BEHAVIOUR = `
for (const form of document.querySelectorAll("form.filters")) {
  const shots = [...form.parentElement.querySelectorAll(".shot")];
  const told = form.querySelector("output");
  const filter = () => {
    const { search, label, fooled } = form.elements;
    const words = search.value.toLowerCase().split(/\\s+/).filter(Boolean);
    let shown = 0;
    for (const shot of shots) {
      const text = shot.textContent.toLowerCase();
      shot.hidden = !(
        words.every((word) => text.includes(word)) &&
        (label.value === "" || shot.dataset.label === label.value) &&
        (!fooled.checked || shot.classList.contains("is-fooled"))
      );
      if (!shot.hidden) shown++;
    }
    told.textContent = shown + " of " + shots.length;
  };
  form.hidden = false;
  form.addEventListener("input", filter);
  form.addEventListener("submit", (event) => event.preventDefault());
  filter();
}
`;

/** A script as a source in a Content-Security-Policy: its hash. */
export function scriptSource(script: string): string {
  return `'sha256-${createHash("sha256").update(script).digest("base64")}'`;
}

/** The source of {@link BEHAVIOUR} in a Content-Security-Policy. */
export const BEHAVIOUR_SOURCE: string = scriptSource(BEHAVIOUR);
