import { pageStore } from '../sdk/browser.ts';

/** What the frame keeps across pages and visits. */
export const store = pageStore();
export const TALK = 'parley.widget.talk';
export const DRAFT = 'parley.widget.draft';
export const RATED = 'parley.widget.rated';
// Earlier releases kept the talk and its user without saying whose it was.
for (const key of [TALK, 'parley.widget.who']) store.removeItem(key);

/** Returns the key of what is kept for one user; for nobody in particular, the name itself. */
export function keyOf(name: string, who: number | string | null | undefined): string {
  return who ? `${name}.${who}` : name;
}
