import { describe, json, other } from './describe.ts';
import { anything } from './schema.ts';

export const docsDescriptions = describe('Operators', {
  'GET /openapi.json': {
    summary: 'This document',
    answers: { 200: json('OpenAPI 3.1', anything) },
  },
  'GET /asyncapi.json': {
    summary: 'The events, described',
    detail: 'Those of Socket.IO, of the plain WebSocket and of the event stream.',
    answers: { 200: json('AsyncAPI 3.0', anything) },
  },
  'GET /docs': {
    summary: 'This document as a page',
    answers: { 200: other('A page that needs no other site', 'text/html') },
  },
  'GET /docs/:file': {
    summary: 'What the page is made of',
    problems: ['not_found'],
    answers: { 200: other('A script, style sheet or picture', '*/*') },
  },
});
