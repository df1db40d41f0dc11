import '../shared/style.css';
import { createRoot } from 'react-dom/client';
import { keepFocus } from '../shared/keepFocus.ts';
import { setTheme } from '../shared/theme.ts';
import { preferred, speak } from '../shared/words.ts';
import { App } from './App.tsx';

setTheme();
keepFocus();
await speak(preferred());
const root = document.getElementById('root');
if (root) createRoot(root).render(<App />);
// After a release, a page that is still open may ask for a part that does not exist any more.
addEventListener('vite:preloadError', () => location.reload());
