import type { Knex } from 'knex';

/**
 * The knowledge base around the FAQs: ratings, words for full-text search, embedding claims, a version of all
 * FAQs for caches, and imports.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(ratings);
  await knex.raw(words);
  await knex.raw(embeddings);
  await knex.raw(version);
  await knex.raw(imports);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    DROP TABLE IF EXISTS faq_import_rows, faq_imports, faq_embedding_claims, faq_feedback;
    DROP TRIGGER IF EXISTS faqs_changed ON faqs;
    DROP FUNCTION IF EXISTS faq_set_changed;
    DROP TABLE faq_set;
    DROP INDEX faqs_answer_embedding_model;
    ALTER TABLE faqs DROP COLUMN words;
    DROP FUNCTION faq_words, faq_config;
  `);
}

const ratings = `
CREATE TABLE faq_feedback (
  faq_id bigint NOT NULL REFERENCES faqs ON DELETE CASCADE,
  user_id bigint NOT NULL REFERENCES users ON DELETE CASCADE,
  helpful boolean NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (faq_id, user_id)
);
CREATE INDEX faq_feedback_user ON faq_feedback (user_id);
`;

/**
 * Immutable functions, as a generated column requires. They live here and not in db/functions, because a change
 * of either means rewriting the column. The texts are cut: Postgres would refuse a row with a tsvector over 1 MB.
 */
const words = `
CREATE FUNCTION faq_config(language text) RETURNS regconfig LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE split_part(lower(language), '-', 1)
    WHEN 'da' THEN 'pg_catalog.danish'::regconfig
    WHEN 'de' THEN 'pg_catalog.german'::regconfig
    WHEN 'en' THEN 'pg_catalog.english'::regconfig
    WHEN 'es' THEN 'pg_catalog.spanish'::regconfig
    WHEN 'fi' THEN 'pg_catalog.finnish'::regconfig
    WHEN 'fr' THEN 'pg_catalog.french'::regconfig
    WHEN 'it' THEN 'pg_catalog.italian'::regconfig
    WHEN 'nl' THEN 'pg_catalog.dutch'::regconfig
    WHEN 'no' THEN 'pg_catalog.norwegian'::regconfig
    WHEN 'pt' THEN 'pg_catalog.portuguese'::regconfig
    WHEN 'ru' THEN 'pg_catalog.russian'::regconfig
    WHEN 'sv' THEN 'pg_catalog.swedish'::regconfig
    WHEN 'tr' THEN 'pg_catalog.turkish'::regconfig
    ELSE 'pg_catalog.simple'::regconfig END
$$;
CREATE FUNCTION faq_words(language text, question text, keywords text[], answer text)
RETURNS tsvector LANGUAGE sql IMMUTABLE AS $$
  SELECT setweight(to_tsvector(faq_config(language), left(question, 1000)), 'A')
    || setweight(to_tsvector(faq_config(language), left(array_to_string(keywords, ' '), 5000)), 'B')
    || setweight(to_tsvector(faq_config(language), left(answer, 20000)), 'C')
$$;
ALTER TABLE faqs ADD COLUMN words tsvector
  GENERATED ALWAYS AS (faq_words(language, question, keywords, answer)) STORED;
CREATE INDEX faqs_words ON faqs USING gin (words);
`;

/**
 * A claim stops two workers from paying for the same text, and holds back a text that the provider refuses. It
 * applies to one text: an edited text is never held back.
 */
const embeddings = `
CREATE TABLE faq_embedding_claims (
  faq_id bigint PRIMARY KEY REFERENCES faqs ON DELETE CASCADE,
  text_hash text NOT NULL,
  claimed_until timestamptz NOT NULL,
  failures integer NOT NULL DEFAULT 0
);
CREATE INDEX faqs_answer_embedding_model ON faqs (answer_embedding_model);
`;

/**
 * One row whose token names the state of all FAQs; caches use it in their keys. The token is random and not a
 * counter: a restored backup would reuse the numbers of stale cache entries. A transaction that changes the row
 * holds it until its end: a long one sets parley.faq_set_later and changes it last.
 */
const version = `
CREATE TABLE faq_set (
  only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one),
  version uuid NOT NULL DEFAULT gen_random_uuid()
);
INSERT INTO faq_set DEFAULT VALUES;
CREATE FUNCTION faq_set_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF current_setting('parley.faq_set_later', true) = 'on' THEN
    RETURN NULL;
  END IF;
  INSERT INTO faq_set DEFAULT VALUES ON CONFLICT (only_one) DO UPDATE SET version = gen_random_uuid();
  RETURN NULL;
END $$;
CREATE TRIGGER faqs_changed AFTER INSERT OR DELETE OR TRUNCATE OR UPDATE OF
  question, answer, keywords, language, status, priority, question_embedding, answer_embedding ON faqs
  FOR EACH STATEMENT EXECUTE FUNCTION faq_set_changed();
`;

const imports = `
CREATE TABLE faq_imports (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  user_id bigint NOT NULL REFERENCES users ON DELETE CASCADE,
  status text NOT NULL DEFAULT 'receiving'
    CHECK (status IN ('receiving', 'queued', 'in_progress', 'completed', 'failed')),
  all_or_nothing boolean NOT NULL,
  total integer NOT NULL DEFAULT 0,
  processed integer NOT NULL DEFAULT 0,
  imported integer NOT NULL DEFAULT 0,
  failed integer NOT NULL DEFAULT 0,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  completed_at timestamptz
);
CREATE INDEX faq_imports_unfinished ON faq_imports (id) WHERE completed_at IS NULL;
CREATE INDEX faq_imports_user ON faq_imports (user_id);

-- One line of the upload: its fields until it is imported, or its errors.
CREATE TABLE faq_import_rows (
  import_id bigint NOT NULL REFERENCES faq_imports ON DELETE CASCADE,
  line integer NOT NULL,
  fields jsonb,
  errors jsonb,
  PRIMARY KEY (import_id, line)
);
CREATE INDEX faq_import_rows_open ON faq_import_rows (import_id, line) WHERE fields IS NOT NULL;
CREATE INDEX faq_import_rows_wrong ON faq_import_rows (import_id, line) WHERE errors IS NOT NULL;
`;
