/**
 * The only script in the live page: it replaces parts of the page with those its server sends, and keeps what the
 * reader has unfolded, focused, scrolled or chosen. A part with selected text waits. The text of the script never
 * changes, so the page's policy can name it by its hash. What arrives is parsed as a separate document, where no script runs.
 */
export const LIVE_SCRIPT = `
const bar = document.getElementById("live");
const said = bar.querySelector("p");
const pause = bar.querySelector("button");
const source = new EventSource("/events");
const waiting = new Map();
const kept = "details, input, summary, a, button, [tabindex], .scroll, [role=img]";
const say = (text, lost) => {
  if (said.textContent !== text) said.textContent = text;
  bar.classList.toggle("lost", lost === true);
};
const isSelected = (part) => {
  const selection = document.getSelection();
  return selection !== null && !selection.isCollapsed && selection.intersectsNode(part);
};
const renew = (id, text) => {
  const old = document.getElementById(id);
  const fresh = new DOMParser().parseFromString(text, "text/html").getElementById(id);
  if (old === null || fresh === null) return;
  const olds = [...old.querySelectorAll(kept)];
  const focused = olds.indexOf(document.activeElement);
  old.replaceWith(document.adoptNode(fresh));
  [...fresh.querySelectorAll(kept)].forEach((element, i) => {
    const before = olds[i];
    if (before === undefined || before.tagName !== element.tagName) return;
    if (element.tagName === "DETAILS") element.open = before.open;
    if (element.type === "radio") element.checked = before.checked;
    element.scrollLeft = before.scrollLeft;
    if (i === focused) element.focus({ preventScroll: true });
  });
};
const apply = () => {
  if (pause.getAttribute("aria-pressed") === "true") return;
  for (const [id, text] of [...waiting]) {
    const part = document.getElementById(id);
    if (part !== null && isSelected(part)) continue;
    waiting.delete(id);
    if (id === "title") document.title = text;
    else renew(id, text);
  }
};
pause.hidden = false;
pause.addEventListener("click", () => {
  const paused = pause.getAttribute("aria-pressed") !== "true";
  pause.setAttribute("aria-pressed", String(paused));
  if (source.readyState === EventSource.OPEN) say(paused ? "Paused." : "Live: updates as the training runs.");
  apply();
});
source.addEventListener("open", () => say("Live: updates as the training runs."));
source.addEventListener("parts", (event) => {
  for (const [id, text] of Object.entries(JSON.parse(event.data))) waiting.set(id, text);
  apply();
});
document.addEventListener("selectionchange", apply);
source.addEventListener("end", (event) => {
  source.close();
  pause.setAttribute("aria-pressed", "false");
  pause.hidden = true;
  apply();
  say(JSON.parse(event.data));
});
source.addEventListener("error", () => {
  say("The connection to the training is lost: its process has ended or cannot be reached. This is its last known state.", true);
});
`;
