/**
 * The script that a site loads: a button, and behind it the chat in a frame of Parley's own site. The frame is made at the
 * first click, or at once while a person has the talk. Nothing here needs an inline style or script, so that any policy of the
 * site will do that names this one.
 */
type Listener = (detail: unknown) => void;
type Said = { parley: string; detail?: unknown };

const script = document.currentScript as HTMLScriptElement;
const base = new URL('.', script.src);
const {
  assistant,
  language = document.documentElement.lang,
  color,
  side,
  greeting,
  questions,
} = script.dataset;
const WORDS: Record<string, [string, string]> = {
  ar: ['فتح المحادثة', 'إغلاق المحادثة'],
  de: ['Chat öffnen', 'Chat schließen'],
};
const [openChat, closeChat] = WORDS[language.slice(0, 2).toLowerCase()] ?? ['Open chat', 'Close chat'];
const listeners: Record<string, Listener[]> = {};
let frame: HTMLIFrameElement | undefined;
let ready = false;
let unread = 0;
let identity: unknown;

const at = side === 'left' ? 'left' : 'right';
const host = document.createElement('div');
const root = host.attachShadow({ mode: 'open' });
const sheet = new CSSStyleSheet();
sheet.replaceSync(`
:host{position:fixed;bottom:1rem;${at}:1rem;z-index:2147483000;display:grid;justify-items:${at}}
button{all:initial;box-sizing:border-box;position:relative;display:grid;place-items:center;width:56px;height:56px;border-radius:50%;background:var(--c,#1f6f5c);color:#fff;cursor:pointer;box-shadow:0 8px 32px #0005}
button:focus-visible{outline:3px solid var(--c,#1f6f5c);outline-offset:3px}
svg{width:26px;height:26px;fill:none;stroke:currentColor;stroke-width:2;stroke-linecap:round;stroke-linejoin:round}
i{position:absolute;top:-2px;inset-inline-end:-2px;min-width:20px;height:20px;padding:0 4px;box-sizing:border-box;border-radius:10px;background:#b3261e;color:#fff;font:700 12px/20px system-ui;text-align:center}
iframe{width:min(24rem,calc(100vw - 2rem));height:min(36rem,calc(100dvh - 7rem));border:0;border-radius:16px;margin-bottom:12px;box-shadow:0 8px 32px #0005;background:#fff;color-scheme:normal}
@media(max-width:480px),(max-height:480px){iframe:not([hidden]){position:fixed;inset:var(--y,0) 0 0 var(--x,0);width:var(--w,100%);height:var(--h,100%);margin:0;border-radius:0}.ready:not([hidden])+button{display:none}}
`);
root.adoptedStyleSheets = [sheet];
if (color && /^#[\da-f]{6}$/i.test(color)) host.style.setProperty('--c', color);

const button = document.createElement('button');
const shape = (name: string) => document.createElementNS('http://www.w3.org/2000/svg', name);
const draw = (d: string) => {
  const [svg, path] = [shape('svg'), shape('path')];
  svg.setAttribute('viewBox', '0 0 24 24');
  svg.setAttribute('aria-hidden', 'true');
  path.setAttribute('d', d);
  svg.append(path);
  return svg;
};
const badge = document.createElement('i');
const isOpen = () => frame?.hidden === false;
const show = () => {
  const open = isOpen();
  badge.hidden = !unread;
  badge.textContent = `${unread}`;
  button.setAttribute('aria-label', open ? closeChat : unread ? `${openChat} (${unread})` : openChat);
  button.setAttribute('aria-expanded', `${open}`);
  button.replaceChildren(draw(open ? 'M6 6l12 12M18 6L6 18' : 'M5 5h14v11H11l-4 4v-4H5z'), badge);
};
const tell = (name: string, detail?: unknown) => {
  for (const listener of listeners[name] ?? []) listener(detail);
};
const post = (parley: string, detail?: unknown) =>
  ready && frame?.contentWindow?.postMessage({ parley, detail }, base.origin);

/** While a person has the talk: the newest message that was seen, for the next page of the visit. A site may have no storage. */
const seen = (id?: string) => {
  try {
    if (id !== undefined) sessionStorage.parley = id;
    return sessionStorage.parley;
  } catch {}
};

function make(): HTMLIFrameElement {
  const made = document.createElement('iframe');
  made.title = 'Chat';
  made.allow = 'clipboard-write';
  made.hidden = true;
  const wanted = { assistant, language, color, greeting, questions, seen: seen() };
  const src = new URL('widget', base);
  for (const [name, value] of Object.entries(wanted)) if (value) src.searchParams.set(name, value);
  made.src = src.href;
  root.prepend(made);
  return made;
}

/** Keeps the frame of a phone to what is seen of the page: the keyboard hides a part, a page wider than the screen another. */
function fit(): void {
  const seen = visualViewport;
  if (!seen || seen.scale > 1) return;
  const { offsetLeft: x, offsetTop: y, width: w, height: h } = seen;
  for (const [name, size] of Object.entries({ x, y, w, h })) host.style.setProperty(`--${name}`, `${size}px`);
}

function open(): void {
  frame ??= make();
  fit();
  frame.hidden = false;
  unread = 0;
  show();
  frame.focus();
  post('open');
  tell('open');
}

function close(): void {
  if (!frame || !isOpen()) return;
  frame.hidden = true;
  if (!ready) {
    // Without a network there is no chat in it. The next click asks again.
    frame.remove();
    frame = undefined;
  }
  show();
  button.focus();
  tell('close');
}

addEventListener('message', ({ source, origin, data }: MessageEvent<Said>) => {
  if (!frame || source !== frame.contentWindow || origin !== base.origin) return;
  const { parley, detail } = data;
  if (parley === 'ready') {
    ready = true;
    // On a phone the frame covers the page: until it can close itself the button does.
    frame.className = 'ready';
    if (identity !== undefined) post('identify', identity);
  }
  if (parley === 'close') close();
  if (parley === 'seen' && isOpen()) seen(detail as string);
  if (parley === 'message') {
    if (!isOpen()) unread += 1;
    show();
    tell('message', detail);
  }
});
button.addEventListener('click', () => (isOpen() ? close() : open()));
root.append(button);
for (const event of ['resize', 'scroll']) visualViewport?.addEventListener(event, fit);
// What the person says is counted, also on the next page.
if (seen()) frame = make();
show();
// A page that has the script twice shows one button; one whose body was replaced, the button of the script that runs again.
const site = window as { Parley?: Record<string, unknown> & { host?: Node } };
if (!site.Parley?.host?.isConnected) {
  // A script in the head may run before there is a body.
  (document.body ?? document.documentElement).append(host);
  site.Parley = {
    host,
    open,
    close,
    /**
     * The site vouches for its user: `{external_id, hash, email?, name?}`, with the hash that its server made. null: for
     * nobody any more.
     */
    identify(user: unknown) {
      identity = user;
      post('identify', user);
    },
    on(name: string, listener: Listener) {
      (listeners[name] ??= []).push(listener);
    },
  };
}
