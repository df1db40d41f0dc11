import { Type } from 'typebox';
import { contract, json, other } from '../contract/contract.ts';

/** An object, already written as JSON. */
const written = Type.Unsafe<string>({ type: 'object' });

export const docsContract = contract('Operators', {
  'GET /openapi.json': {
    who: 'anyone',
    summary: 'This document',
    answers: { 200: json('OpenAPI 3.1', written) },
  },
  'GET /asyncapi.json': {
    who: 'anyone',
    summary: 'The events, described',
    detail: 'The events of Socket.IO, the plain WebSocket and the event stream.',
    answers: { 200: json('AsyncAPI 3.0', written) },
  },
  'GET /docs': {
    who: 'anyone',
    summary: 'This document as a page',
    answers: { 200: other('A page that needs no other site', 'text/html') },
  },
  'GET /docs/:file': {
    who: 'anyone',
    summary: 'What the page is made of',
    problems: ['not_found'],
    answers: { 200: other('A script, style sheet or picture', '*/*') },
  },
});
