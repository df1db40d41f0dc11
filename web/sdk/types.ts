/** What this client reads of the API. `api.ts` is made from the contracts. */
import type * as api from './api.ts';

export type {
  Access,
  Consent,
  ConsentTexts,
  Conversation,
  Erasure,
  ErasureBegun,
  Export,
  ExportAsked,
  Faq,
  Message,
  Notification,
  NotificationSettings,
  OfferedAssistant as Assistant,
  Run,
  SecondFactor,
  Session as DeviceSession,
  SignIn,
  Source,
  Taken,
  User,
} from './api.ts';

export type Page<T> = { data: T[]; next_cursor: string | null };

/** Why a request was refused. A proxy's refusal has no more than a code and a status. */
export type Problem = Partial<Omit<api.Problem, 'code' | 'status'>> & { code: string; status: number };

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
