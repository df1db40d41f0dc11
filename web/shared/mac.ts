export const isMac = /Mac|iPhone|iPad/.test(navigator.platform);
/** What is written on the key that goes with letters. */
export const MOD = isMac ? '⌘' : 'Ctrl';
