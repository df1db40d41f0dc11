export type SeedFaq = {
  slug: string;
  category: string;
  language: 'en' | 'de';
  question: string;
  answer: string;
  keywords: string[];
};

export type SeedCategory = { name: string; slug: string; description: string };

export const faqCategories: SeedCategory[] = [
  { name: 'Account', slug: 'account', description: 'Signing in, passwords, devices and languages' },
  { name: 'Conversations', slug: 'conversations', description: 'Sending messages and reading answers' },
  { name: 'Privacy', slug: 'privacy', description: 'Consent and what is stored' },
  {
    name: 'Knowledge base',
    slug: 'knowledge-base',
    description: 'Writing the FAQs that answers are drawn from',
  },
  { name: 'Operations', slug: 'operations', description: 'Running Parley: queues, workers, Redis, models' },
];

/** What Parley knows about itself on a fresh installation. Each answer must match the interface. */
export const faqs: SeedFaq[] = [
  {
    slug: 'reset-password',
    category: 'account',
    language: 'en',
    question: 'How do I reset my password?',
    answer:
      'While you are signed in, send your current and your new password to POST /api/v1/users/me/password. A password has between 8 and 256 characters, and changing it signs your other devices out. If you can no longer sign in, have a link mailed to you from the sign-in page.',
    keywords: ['password', 'reset', 'forgot', 'change'],
  },
  {
    slug: 'passwort-zuruecksetzen',
    category: 'account',
    language: 'de',
    question: 'Wie setze ich mein Passwort zurück?',
    answer:
      'Solange du angemeldet bist, schicke dein bisheriges und dein neues Passwort an POST /api/v1/users/me/password. Ein Passwort hat 8 bis 256 Zeichen, und eine Änderung meldet deine anderen Geräte ab. Wenn du dich nicht mehr anmelden kannst, lass dir auf der Anmeldeseite einen Link schicken.',
    keywords: ['Passwort', 'zurücksetzen', 'vergessen', 'ändern'],
  },
  {
    slug: 'languages',
    category: 'account',
    language: 'en',
    question: 'Which languages does Parley speak?',
    answer:
      'Parley instructs the model in the language of your profile, which you choose when you register and can change with PATCH /api/v1/users/me. A single message can name another language in its "language" field. The FAQs that come with Parley are in English and German.',
    keywords: ['language', 'English', 'German', 'translation'],
  },
  {
    slug: 'sprachen',
    category: 'account',
    language: 'de',
    question: 'Welche Sprachen spricht Parley?',
    answer:
      'Parley weist das Modell in der Sprache deines Profils an; du wählst sie bei der Registrierung und änderst sie mit PATCH /api/v1/users/me. Eine einzelne Nachricht kann in ihrem Feld "language" eine andere Sprache nennen. Die mitgelieferten FAQs gibt es auf Englisch und Deutsch.',
    keywords: ['Sprache', 'Deutsch', 'Englisch', 'Übersetzung'],
  },
  {
    slug: 'many-devices',
    category: 'account',
    language: 'en',
    question: 'Can I be signed in on several devices at once?',
    answer:
      'Yes. Every sign-in is a session of its own, and each answer streams to all of your connected devices at the same time. Signing out ends one session; POST /api/v1/auth/logout with {"everywhere": true} ends them all.',
    keywords: ['devices', 'sessions', 'phone', 'logout'],
  },
  {
    slug: 'mehrere-geraete',
    category: 'account',
    language: 'de',
    question: 'Kann ich auf mehreren Geräten gleichzeitig angemeldet sein?',
    answer:
      'Ja. Jede Anmeldung ist eine eigene Sitzung, und jede Antwort erscheint gleichzeitig auf allen verbundenen Geräten. Abmelden beendet eine Sitzung; POST /api/v1/auth/logout mit {"everywhere": true} beendet alle.',
    keywords: ['Geräte', 'Sitzungen', 'Handy', 'abmelden'],
  },
  {
    slug: 'token-expiry',
    category: 'account',
    language: 'en',
    question: 'How long is an access token valid?',
    answer:
      'An access token is valid for 15 minutes and a refresh token for 30 days, unless the operator sets ACCESS_TOKEN_TTL_S or REFRESH_TOKEN_TTL_S. POST /api/v1/auth/refresh exchanges a refresh token for a new pair and spends the old one. Using a spent refresh token again ends that sign-in everywhere.',
    keywords: ['token', 'expire', 'refresh', 'session', 'valid'],
  },
  {
    slug: 'token-gueltigkeit',
    category: 'account',
    language: 'de',
    question: 'Wie lange ist ein Access-Token gültig?',
    answer:
      'Ein Access-Token gilt 15 Minuten und ein Refresh-Token 30 Tage, solange die Betreiber ACCESS_TOKEN_TTL_S oder REFRESH_TOKEN_TTL_S nicht anders setzen. POST /api/v1/auth/refresh tauscht ein Refresh-Token gegen ein neues Paar und verbraucht das alte. Wer ein verbrauchtes noch einmal vorzeigt, beendet diese Anmeldung überall.',
    keywords: ['Token', 'ablaufen', 'Refresh', 'Sitzung', 'gültig'],
  },
  {
    slug: 'how-messages-are-answered',
    category: 'conversations',
    language: 'en',
    question: 'How does Parley answer my messages?',
    answer:
      'Your message is stored first and then answered by background jobs: one checks whether the text is allowed, one gathers the history and fitting FAQs, and one asks the model and streams the answer to you. Messages of one conversation are answered one after another, in order. A message that was accepted is answered once, even when parts of the system fail in between.',
    keywords: ['answer', 'message', 'jobs', 'streaming', 'order'],
  },
  {
    slug: 'wie-nachrichten-beantwortet-werden',
    category: 'conversations',
    language: 'de',
    question: 'Wie beantwortet Parley meine Nachrichten?',
    answer:
      'Deine Nachricht wird zuerst gespeichert und dann von Hintergrundjobs beantwortet: Einer prüft, ob der Text erlaubt ist, einer sammelt Verlauf und passende FAQs, einer fragt das Modell und überträgt dir die Antwort, während sie entsteht. Die Nachrichten einer Unterhaltung werden der Reihe nach beantwortet. Eine angenommene Nachricht wird einmal beantwortet, auch wenn dazwischen Teile des Systems ausfallen.',
    keywords: ['Antwort', 'Nachricht', 'Jobs', 'Reihenfolge'],
  },
  {
    slug: 'connection-drops',
    category: 'conversations',
    language: 'en',
    question: 'What happens when my connection drops during an answer?',
    answer:
      'Nothing is lost: the answer goes on without you and is stored. When your client reconnects it sends "resume" with the number of the last event it saw and gets everything that came after. When the log of the answer has expired, which is 15 minutes by default, you get the whole answer at once.',
    keywords: ['connection', 'offline', 'reconnect', 'resume', 'network'],
  },
  {
    slug: 'verbindung-bricht-ab',
    category: 'conversations',
    language: 'de',
    question: 'Was passiert, wenn während einer Antwort die Verbindung abbricht?',
    answer:
      'Nichts geht verloren: Die Antwort entsteht ohne dich weiter und wird gespeichert. Nach dem Wiederverbinden schickt dein Client "resume" mit der Nummer des letzten Ereignisses, das er sah, und erhält alles, was danach kam. Ist das Protokoll der Antwort abgelaufen, nach 15 Minuten als Vorgabe, bekommst du die ganze Antwort auf einmal.',
    keywords: ['Verbindung', 'offline', 'Internet', 'Netz', 'wiederverbinden'],
  },
  {
    slug: 'cancel-answer',
    category: 'conversations',
    language: 'en',
    question: 'How can I cancel an answer that is being written?',
    answer:
      'Send "cancel" with the run_id over the socket, or POST /api/v1/runs/{id}/cancel. The model is stopped within about a second, and the text you have already seen is kept. Sending your next message with multitask_strategy "interrupt" cancels the running answer and all waiting ones of that conversation.',
    keywords: ['cancel', 'stop', 'interrupt', 'abort'],
  },
  {
    slug: 'antwort-abbrechen',
    category: 'conversations',
    language: 'de',
    question: 'Wie kann ich eine laufende Antwort abbrechen?',
    answer:
      'Schicke "cancel" mit der run_id über den Socket oder POST /api/v1/runs/{id}/cancel. Das Modell hält nach etwa einer Sekunde an, und der bereits gezeigte Text bleibt erhalten. Eine neue Nachricht mit der multitask_strategy "interrupt" bricht die laufende und alle wartenden Antworten dieser Unterhaltung ab.',
    keywords: ['abbrechen', 'stoppen', 'anhalten', 'unterbrechen'],
  },
  {
    slug: 'delete-conversation',
    category: 'conversations',
    language: 'en',
    question: 'How do I delete a conversation?',
    answer:
      'DELETE /api/v1/conversations/{id} deletes a conversation of yours. Answers that are still being written for it are cancelled. After that it is no longer found, by you or anybody else.',
    keywords: ['delete', 'remove', 'conversation', 'erase'],
  },
  {
    slug: 'unterhaltung-loeschen',
    category: 'conversations',
    language: 'de',
    question: 'Wie lösche ich eine Unterhaltung?',
    answer:
      'DELETE /api/v1/conversations/{id} löscht eine deiner Unterhaltungen. Antworten, die darin noch entstehen, werden abgebrochen. Danach ist sie nicht mehr zu finden, weder von dir noch von anderen.',
    keywords: ['löschen', 'entfernen', 'Unterhaltung', 'Gespräch'],
  },
  {
    slug: 'archived-conversations',
    category: 'conversations',
    language: 'en',
    question: 'Where are my archived conversations?',
    answer:
      'GET /api/v1/conversations?archived=true lists them. You archive a conversation with PUT /api/v1/conversations/{id} and {"is_archived": true}, and bring it back with false. Archiving deletes nothing.',
    keywords: ['archive', 'archived', 'hide', 'restore'],
  },
  {
    slug: 'archivierte-unterhaltungen',
    category: 'conversations',
    language: 'de',
    question: 'Wo finde ich archivierte Unterhaltungen?',
    answer:
      'GET /api/v1/conversations?archived=true listet sie auf. Du archivierst eine Unterhaltung mit PUT /api/v1/conversations/{id} und {"is_archived": true} und holst sie mit false zurück. Archivieren löscht nichts.',
    keywords: ['Archiv', 'archivieren', 'ausblenden', 'zurückholen'],
  },
  {
    slug: 'rate-limits',
    category: 'conversations',
    language: 'en',
    question: 'What is the rate limit: how many messages may I send per minute?',
    answer:
      'By default 60 requests a minute, 1,000 an hour and 10,000 a day; the operator can set other limits. Beyond that you get the status 429 with a Retry-After header that says when to try again. At most 100 of your messages can wait for an answer at the same time.',
    keywords: ['limit', 'rate', 'quota', '429', 'too many'],
  },
  {
    slug: 'grenzen',
    category: 'conversations',
    language: 'de',
    question: 'Welches Limit gilt: Wie viele Nachrichten darf ich pro Minute senden?',
    answer:
      'Als Vorgabe 60 Anfragen in der Minute, 1.000 in der Stunde und 10.000 am Tag; die Betreiber können andere Grenzen setzen. Darüber hinaus kommt der Status 429 mit einem Retry-After, das sagt, wann es weitergeht. Höchstens 100 deiner Nachrichten können gleichzeitig auf Antwort warten.',
    keywords: ['Grenze', 'Limit', 'Anfragen', '429', 'zu viele'],
  },
  {
    slug: 'privacy-consent',
    category: 'privacy',
    language: 'en',
    question: 'Why do I have to consent to the processing of my data?',
    answer:
      'Your messages are stored in the database of this installation and sent to the configured model to be answered, so Parley refuses them with consent_required until you give data_processing_consent. You give or change your consents with PATCH /api/v1/users/me. Marketing consent is separate and voluntary, and message text never stands in the job queues.',
    keywords: ['privacy', 'consent', 'data', 'GDPR'],
  },
  {
    slug: 'datenschutz-einwilligung',
    category: 'privacy',
    language: 'de',
    question: 'Warum muss ich in die Verarbeitung meiner Daten einwilligen?',
    answer:
      'Deine Nachrichten werden in der Datenbank dieser Installation gespeichert und zum Beantworten an das eingestellte Modell geschickt; ohne data_processing_consent lehnt Parley sie deshalb mit consent_required ab. Deine Einwilligungen gibst und änderst du mit PATCH /api/v1/users/me. Die für Werbung ist davon getrennt und freiwillig, und Nachrichtentext steht nie in den Warteschlangen.',
    keywords: ['Datenschutz', 'Einwilligung', 'Daten', 'DSGVO'],
  },
  {
    slug: 'add-faqs',
    category: 'knowledge-base',
    language: 'en',
    question: 'How do I add an FAQ to the knowledge base?',
    answer:
      'Admins and agents add one with POST /api/v1/faqs, or many at once as JSON or CSV with POST /api/v1/faqs/import. Users see an FAQ only with the status "published". Its embedding is made in the background; after that it can be found and cited in answers.',
    keywords: ['FAQ', 'knowledge base', 'import', 'publish'],
  },
  {
    slug: 'faqs-hinzufuegen',
    category: 'knowledge-base',
    language: 'de',
    question: 'Wie füge ich der Wissensbasis eine FAQ hinzu?',
    answer:
      'Admins und Agenten legen sie mit POST /api/v1/faqs an, oder viele auf einmal als JSON oder CSV mit POST /api/v1/faqs/import. Nutzer sehen eine FAQ nur im Status "published". Ihr Embedding entsteht im Hintergrund; danach kann sie gefunden und in Antworten zitiert werden.',
    keywords: ['FAQ', 'Wissensbasis', 'Import', 'veröffentlichen'],
  },
  {
    slug: 'watch-queues',
    category: 'operations',
    language: 'en',
    question: 'How can I watch the job queues in Bull Board?',
    answer:
      'Open /admin/queues as an admin: Bull Board shows every queue and each message as one flow of jobs. Payloads hold ids only, so nobody reads conversations there. For graphs and alerts, GET /metrics serves Prometheus.',
    keywords: ['queues', 'Bull Board', 'jobs', 'monitoring', 'metrics'],
  },
  {
    slug: 'warteschlangen-beobachten',
    category: 'operations',
    language: 'de',
    question: 'Wie beobachte ich die Warteschlangen in Bull Board?',
    answer:
      'Öffne als Admin /admin/queues: Bull Board zeigt jede Warteschlange und jede Nachricht als einen Ablauf von Jobs. Die Jobs enthalten nur Nummern, niemand liest dort Unterhaltungen mit. Für Kurven und Alarme liefert GET /metrics Prometheus-Werte.',
    keywords: ['Warteschlangen', 'Bull Board', 'Jobs', 'Überwachung', 'Metriken'],
  },
  {
    slug: 'scale-workers',
    category: 'operations',
    language: 'en',
    question: 'How do I scale the workers?',
    answer:
      'Start more copies of the process type that has a backlog, for example a second "node workers/run.ts completion", on the same or another machine with the same environment. COMPLETION_CONCURRENCY, 100 by default, says how many answers one completion worker streams at once. Copies need no coordination, and a worker that gets SIGTERM finishes or hands back its work.',
    keywords: ['scale', 'workers', 'concurrency', 'Procfile', 'capacity'],
  },
  {
    slug: 'worker-skalieren',
    category: 'operations',
    language: 'de',
    question: 'Wie skaliere ich die Worker?',
    answer:
      'Starte weitere Kopien des Prozesstyps, der nicht nachkommt, zum Beispiel ein zweites "node workers/run.ts completion", auf derselben oder einer anderen Maschine mit derselben Umgebung. COMPLETION_CONCURRENCY, als Vorgabe 100, sagt, wie viele Antworten ein solcher Worker gleichzeitig überträgt. Die Kopien brauchen keine Abstimmung, und ein Worker beendet bei SIGTERM seine Arbeit oder gibt sie zurück.',
    keywords: ['skalieren', 'Worker', 'Kapazität', 'Procfile'],
  },
  {
    slug: 'wipe-redis',
    category: 'operations',
    language: 'en',
    question: 'What happens if Redis is wiped?',
    answer:
      'No message is lost. Every fact lives in PostgreSQL; Redis holds only deliveries, copies and the short-lived logs of answers. The housekeeping process asks PostgreSQL what is still owed and fills the queues again within seconds, and answers that were being written go on.',
    keywords: ['Redis', 'wipe', 'flush', 'recovery', 'data loss'],
  },
  {
    slug: 'redis-geleert',
    category: 'operations',
    language: 'de',
    question: 'Was geschieht, wenn Redis geleert wird?',
    answer:
      'Keine Nachricht geht verloren. Alle Tatsachen stehen in PostgreSQL; in Redis liegen nur Zustellungen, Kopien und die kurzlebigen Protokolle der Antworten. Der Housekeeping-Prozess fragt PostgreSQL, was noch aussteht, und füllt die Warteschlangen binnen Sekunden neu; begonnene Antworten gehen weiter.',
    keywords: ['Redis', 'leeren', 'Flush', 'Wiederherstellung', 'Datenverlust'],
  },
  {
    slug: 'configure-model',
    category: 'operations',
    language: 'en',
    question: 'How do I configure which model Parley uses?',
    answer:
      'Set CHAT_MODEL, and optionally CHAT_MODEL_FALLBACK, along with OPENAI_API_KEY. OPENAI_BASE_URL points Parley at any server that speaks the OpenAI wire format, such as Ollama or vLLM. TEMPERATURE and MAX_COMPLETION_TOKENS shape the answers; restart the processes after a change.',
    keywords: ['model', 'OpenAI', 'CHAT_MODEL', 'Ollama', 'temperature'],
  },
  {
    slug: 'modell-einstellen',
    category: 'operations',
    language: 'de',
    question: 'Wie stelle ich ein, welches Modell Parley verwendet?',
    answer:
      'Setze CHAT_MODEL und bei Bedarf CHAT_MODEL_FALLBACK sowie OPENAI_API_KEY. OPENAI_BASE_URL richtet Parley auf jeden Server, der das Format von OpenAI spricht, etwa Ollama oder vLLM. TEMPERATURE und MAX_COMPLETION_TOKENS formen die Antworten; starte die Prozesse nach einer Änderung neu.',
    keywords: ['Modell', 'OpenAI', 'CHAT_MODEL', 'Ollama', 'Temperatur'],
  },
  {
    slug: 'self-hosting',
    category: 'operations',
    language: 'en',
    question: 'Can I host Parley on my own server?',
    answer:
      'Yes. "npm start" runs everything on one machine with an embedded database, a private Redis and a stand-in for the model. For real use, "docker compose up" starts PostgreSQL with pgvector, Redis and all process types; on many machines, run the same image with a DATABASE_URL, a REDIS_URL and a JWT_SECRET.',
    keywords: ['self-hosting', 'server', 'docker', 'install'],
  },
  {
    slug: 'selbst-betreiben',
    category: 'operations',
    language: 'de',
    question: 'Kann ich Parley auf meinem eigenen Server betreiben?',
    answer:
      'Ja. "npm start" startet alles auf einem Rechner, mit eingebetteter Datenbank, eigenem Redis und einem Ersatz für das Modell. Für den Betrieb startet "docker compose up" PostgreSQL mit pgvector, Redis und alle Prozesstypen; auf vielen Maschinen läuft dasselbe Abbild mit DATABASE_URL, REDIS_URL und JWT_SECRET.',
    keywords: ['Self-Hosting', 'Server', 'Docker', 'installieren'],
  },
];
