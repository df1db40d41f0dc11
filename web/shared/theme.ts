import { pageStore } from '../sdk/browser.ts';

export type Theme = 'system' | 'light' | 'dark';
export const THEMES: Theme[] = ['system', 'light', 'dark'];
const KEY = 'parley.theme';
const store = pageStore();

export function theme(): Theme {
  return THEMES.find((one) => one === store.getItem(KEY)) ?? 'system';
}

/** Sets the colours of the page; without a theme, those that were chosen earlier. */
export function setTheme(chosen: Theme = theme()): void {
  store.setItem(KEY, chosen);
  document.documentElement.dataset.theme = chosen;
}
