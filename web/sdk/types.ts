/** What the API answers, as far as this client reads it. test/web/types.test.ts compares it with the contracts. */
export type Page<T> = { data: T[]; next_cursor: string | null };

export type User = {
  id: number;
  email: string | null;
  username: string | null;
  first_name: string | null;
  last_name: string | null;
  role: 'guest' | 'user' | 'agent' | 'admin';
  language: string;
  timezone: string;
  data_processing_consent: boolean;
  marketing_consent: boolean;
  email_verified_at?: string | null;
};

export type SignIn = { user: User; access_token: string; refresh_token?: string; expires_in: number };

export type Conversation = {
  id: number;
  title: string | null;
  assistant_id: number | null;
  is_archived: boolean;
  message_count: number;
  last_message_at: string;
  status?: 'bot' | 'waiting' | 'agent' | 'resolved';
  agent?: { id: number; name: string | null } | null;
};

export type Message = {
  id: number;
  conversation_id: number;
  content: string;
  message_type: 'user' | 'assistant' | 'agent' | 'system';
  status: 'pending' | 'streaming' | 'sent' | 'delivered' | 'read' | 'failed' | 'cancelled';
  run_id: number | null;
  created_at: string;
  replaces_id: number | null;
  replaced_by: number | null;
  feedback: 'up' | 'down' | null;
};

export type Source = { faq_id: number; question: string; similarity: number };

export type Run = {
  id: number;
  status: 'queued' | 'in_progress' | 'completed' | 'incomplete' | 'failed' | 'cancelled';
  conversation_id: number;
  message_id: number;
  reply_id: number;
  error: { code: string; message: string } | null;
  sources: Source[];
};

/** The answer to a message that is stored. `run_id` and `reply_id` are null where a person answers. */
export type Taken = {
  conversation_id: number;
  message_id: number;
  reply_id: number | null;
  run_id: number | null;
  status: string;
};

export type Faq = { id: number; question: string; answer: string; language: string };

export type Assistant = {
  id: number;
  name: string;
  is_default: boolean;
  greeting: string | null;
  suggested_questions: string[];
};

export type DeviceSession = {
  id: number;
  user_agent: string | null;
  ip: string | null;
  created_at: string;
  last_used_at: string;
  current: boolean;
};

export type Problem = {
  code: string;
  status: number;
  title?: string;
  detail?: string;
  errors?: { path: string; message: string }[];
  retry_after_s?: number;
};

/** What a browser's localStorage does, and a Map can. */
export type Store = {
  getItem: (key: string) => string | null;
  setItem: (key: string, value: string) => void;
  removeItem: (key: string) => void;
  key: (index: number) => string | null;
  readonly length: number;
};

/** Runs work while no other tab runs work of the same name: `navigator.locks.request`, or less where there is none. */
export type Lock = <T>(name: string, work: () => Promise<T>) => Promise<T>;
