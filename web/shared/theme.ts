import { useSyncExternalStore } from 'react';
import { pageStore } from '../sdk/browser.ts';
import { listeners } from './listeners.ts';

export type Theme = 'system' | 'light' | 'dark';
export const THEMES: Theme[] = ['system', 'light', 'dark'];
const KEY = 'parley.theme';
const store = pageStore();
const { subscribe, changed } = listeners();

function theme(): Theme {
  return THEMES.find((one) => one === store.getItem(KEY)) ?? 'system';
}

/** Returns the colours that were chosen. */
export function useTheme(): Theme {
  return useSyncExternalStore(subscribe, theme);
}

/** Sets the colours of the page; without a theme, those that were chosen earlier. */
export function setTheme(chosen: Theme = theme()): void {
  store.setItem(KEY, chosen);
  document.documentElement.dataset.theme = chosen;
  changed();
}
