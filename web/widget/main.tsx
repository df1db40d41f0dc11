/** @jsxRuntime classic */
/** @jsx h */
import './widget.css';
import { h, render } from 'preact';
import type { Vouched } from '../sdk/session.ts';
import { App } from './App.tsx';
import { focusField } from './Composer.tsx';
import { Talk } from './talk.ts';
import { speak, wish } from './words.ts';

await speak();
if (wish.color) document.documentElement.style.setProperty('--accent', wish.color);
const root = document.getElementById('root');
let version = 0;

// The policy of this page names the sites that may frame it, so that what reaches the parent reaches one of them.
const tell = (parley: string, detail?: unknown) => parent.postMessage({ parley, detail }, '*');
const talk = new Talk(draw, ({ content, message_type }) => tell('message', { content, from: message_type }));

function draw(): void {
  version += 1;
  tell('seen', talk.isAwaited ? String(talk.messages.at(-1)?.id) : '');
  if (root) render(<App talk={talk} version={version} onClose={() => tell('close')} />, root);
}

addEventListener('message', ({ source, data }: MessageEvent<{ parley?: string; detail?: unknown }>) => {
  if (source !== parent || parent === window) return;
  if (data.parley === 'open') {
    // A visitor who opens the chat wants to write, and sees what came.
    focusField();
    draw();
  }
  if (data.parley === 'identify') talk.identify(data.detail as Vouched | null);
});
addEventListener('online', () => talk.wake());
addEventListener('visibilitychange', () => document.hidden || talk.wake());
addEventListener('keydown', ({ key }) => key === 'Escape' && tell('close'));
draw();
void talk.resume();
void talk.greet();
tell('ready');
