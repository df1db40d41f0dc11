import type { AssistantDefinition } from '../models/assistant.ts';

/** The default assistant of a fresh installation. Without instructions: the engine's own rules say how it answers. */
export const defaultAssistant: AssistantDefinition = {
  name: 'Parley',
  instructions: '',
  instructions_by_language: {},
  model: null,
  temperature: null,
  max_completion_tokens: null,
  history_limit: null,
  knowledge: { enabled: true, category_ids: null },
  greeting: { en: 'Hello! How can I help you?', de: 'Hallo! Wie kann ich helfen?' },
  suggested_questions: {
    en: [
      'How do I reset my password?',
      'How does Parley answer my messages?',
      'Which languages does Parley speak?',
      'How do I delete a conversation?',
    ],
    de: [
      'Wie setze ich mein Passwort zurück?',
      'Wie beantwortet Parley meine Nachrichten?',
      'Welche Sprachen spricht Parley?',
      'Wie lösche ich eine Unterhaltung?',
    ],
  },
  handoff: { enabled: true, after_unanswered: null },
};
