/** Long enough to be read aloud. Afterwards somebody who walks through the page would meet a text twice. */
const HEARD_MS = 5_000;

/**
 * Makes a live region for screen readers alone. It stands in a closed shadow root: what it says is not part of the page a
 * second time, for whoever searches or selects its text.
 * @param className hides it from sight
 * @returns a function that has a text read aloud; an empty one ends what is there
 */
export function speaker(className: string): (text: string) => void {
  const host = document.body.appendChild(document.createElement('div'));
  host.className = className;
  const region = host.attachShadow({ mode: 'closed' }).appendChild(document.createElement('p'));
  region.setAttribute('role', 'status');
  let timer: ReturnType<typeof setTimeout>;
  return (text) => {
    region.textContent = text;
    clearTimeout(timer);
    timer = setTimeout(() => (region.textContent = ''), HEARD_MS);
  };
}

let shared: ((text: string) => void) | undefined;

/** Has a text read aloud on a page whose style has `sr-only`. */
export function say(text: string): void {
  shared ??= speaker('sr-only');
  shared(text);
}
