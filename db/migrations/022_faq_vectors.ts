import type { Knex } from 'knex';

/**
 * Vectors of any dimension, beside their texts. Quick on big tables: it copies no vector. The vectors in the columns of
 * `faqs` become a set that is served from there until housekeeping has copied it (fill_embedding_set). The columns stay for
 * the release before this one: what that writes there is copied by a trigger.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(tables);
  await knex.raw(parts);
  await knex.raw(written);
  await knex.raw(columns);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    DROP TRIGGER IF EXISTS faq_written ON faqs;
    DROP TABLE faq_vectors_owed, faq_vectors, embedding_models CASCADE;
    DROP FUNCTION IF EXISTS faq_written, faq_column_vector, faq_part, faq_parts;
  `);
}

/**
 * embedding_models: one row a set of vectors. The newest ready_at is served, the newest wanted_at is filled; seen_at says when
 * a process last wanted it. dimensions: NULL until the first answer. dimensions_asked: what requests name; NULL: none.
 * from_before: made by the release before, which named 1,536 in every request. in_columns: still in the columns of faqs.
 * filled_to: FAQs up to this id were looked through for what the set lacks; NULL: all of them, for filled_parts.
 * due_at, failures: how long the model is left alone after it failed for every text.
 *
 * faq_vectors_owed: texts that lack a vector in a set. A claim, and a refusal, move due_at.
 */
const tables = `
CREATE TABLE embedding_models (
  key text PRIMARY KEY,
  name text NOT NULL,
  provider text NOT NULL,
  model text NOT NULL,
  dimensions integer CHECK (dimensions BETWEEN 1 AND 16000),
  dimensions_asked integer,
  query_prefix text NOT NULL DEFAULT '',
  document_prefix text NOT NULL DEFAULT '',
  from_before boolean NOT NULL DEFAULT false,
  in_columns boolean NOT NULL DEFAULT false,
  filled_to bigint DEFAULT 0,
  filled_parts text[] NOT NULL DEFAULT '{}',
  due_at timestamptz NOT NULL DEFAULT '-infinity',
  failures integer NOT NULL DEFAULT 0,
  wanted_at timestamptz NOT NULL DEFAULT '-infinity',
  seen_at timestamptz NOT NULL DEFAULT '-infinity',
  ready_at timestamptz,
  UNIQUE (key, dimensions)
);
CREATE TABLE faq_vectors (
  model text NOT NULL,
  faq_id bigint NOT NULL REFERENCES faqs ON DELETE CASCADE,
  part text NOT NULL,
  text_hash text NOT NULL,
  vector vector NOT NULL,
  dimensions integer GENERATED ALWAYS AS (vector_dims(vector)) STORED,
  PRIMARY KEY (model, faq_id, part),
  FOREIGN KEY (model, dimensions) REFERENCES embedding_models (key, dimensions)
);
CREATE INDEX faq_vectors_faq ON faq_vectors (faq_id);
CREATE TABLE faq_vectors_owed (
  model text NOT NULL REFERENCES embedding_models ON DELETE CASCADE,
  faq_id bigint NOT NULL REFERENCES faqs ON DELETE CASCADE,
  part text NOT NULL,
  due_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  failures integer NOT NULL DEFAULT 0,
  PRIMARY KEY (model, faq_id, part)
);
CREATE INDEX faq_vectors_owed_due ON faq_vectors_owed (model, due_at);
CREATE INDEX faq_vectors_owed_faq ON faq_vectors_owed (faq_id);
`;

/** What of an FAQ is embedded. A part that is added to both is owed by every set from then on. */
const parts = `
CREATE FUNCTION faq_parts() RETURNS text[] LANGUAGE sql IMMUTABLE AS $$ SELECT ARRAY['question', 'answer'] $$;
CREATE FUNCTION faq_part(p_part text, p_question text, p_answer text, p_keywords text[])
RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE p_part WHEN 'question' THEN p_question WHEN 'answer' THEN p_answer END
$$;
`;

/** Notes what a new text owes to each set, and copies what the release before this one writes into the columns. */
const written = `
CREATE FUNCTION faq_column_vector(p_faq bigint, p_part text, p_model text, p_hash text, p_vector vector)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF p_vector IS NULL OR p_model IS NULL THEN
    RETURN;
  END IF;
  INSERT INTO embedding_models AS m (key, name, provider, model, dimensions, from_before, dimensions_asked, ready_at)
  VALUES (p_model, p_model, 'openai', p_model, vector_dims(p_vector), true,
    CASE WHEN p_model <> 'text-embedding-ada-002' THEN vector_dims(p_vector) END,
    CASE WHEN NOT EXISTS (SELECT FROM embedding_models WHERE ready_at IS NOT NULL) THEN clock_timestamp() END)
  ON CONFLICT (key) DO UPDATE SET dimensions = excluded.dimensions WHERE m.dimensions IS NULL;
  INSERT INTO faq_vectors (model, faq_id, part, text_hash, vector)
  SELECT p_model, p_faq, p_part, p_hash, p_vector FROM embedding_models
  WHERE key = p_model AND dimensions = vector_dims(p_vector)
  ON CONFLICT (model, faq_id, part) DO UPDATE SET text_hash = excluded.text_hash, vector = excluded.vector;
END $$;

CREATE FUNCTION faq_written() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
  IF TG_OP = 'INSERT' OR (NEW.question_embedding_model, NEW.question_text_hash, NEW.question_embedding)
      IS DISTINCT FROM (OLD.question_embedding_model, OLD.question_text_hash, OLD.question_embedding) THEN
    PERFORM faq_column_vector(NEW.id, 'question', NEW.question_embedding_model, NEW.question_text_hash, NEW.question_embedding);
  END IF;
  IF TG_OP = 'INSERT' OR (NEW.answer_embedding_model, NEW.answer_text_hash, NEW.answer_embedding)
      IS DISTINCT FROM (OLD.answer_embedding_model, OLD.answer_text_hash, OLD.answer_embedding) THEN
    PERFORM faq_column_vector(NEW.id, 'answer', NEW.answer_embedding_model, NEW.answer_text_hash, NEW.answer_embedding);
  END IF;

  INSERT INTO faq_vectors_owed (model, faq_id, part)
  SELECT m.key, NEW.id, p.part FROM embedding_models m CROSS JOIN unnest(faq_parts()) AS p (part)
  WHERE TG_OP = 'INSERT' OR faq_part(p.part, NEW.question, NEW.answer, NEW.keywords)
    IS DISTINCT FROM faq_part(p.part, OLD.question, OLD.answer, OLD.keywords)
  ON CONFLICT (model, faq_id, part) DO UPDATE SET due_at = clock_timestamp(), failures = 0;
  DELETE FROM faq_vectors_owed o USING faq_vectors v
  WHERE o.faq_id = NEW.id AND v.faq_id = NEW.id AND v.model = o.model AND v.part = o.part
    AND v.text_hash = md5(faq_part(v.part, NEW.question, NEW.answer, NEW.keywords));
  RETURN NULL;
END $$;
CREATE TRIGGER faq_written AFTER INSERT OR UPDATE OF question, answer, keywords,
  question_embedding, question_embedding_model, question_text_hash,
  answer_embedding, answer_embedding_model, answer_text_hash ON faqs
  FOR EACH ROW EXECUTE FUNCTION faq_written();
`;

/** The models of the columns, one step in an index each. The one that most FAQs have is served. */
const columns = `
WITH RECURSIVE models AS (
  SELECT least(min(question_embedding_model), min(answer_embedding_model)) AS name FROM faqs
  UNION ALL
  SELECT least((SELECT min(question_embedding_model) FROM faqs WHERE question_embedding_model > name),
    (SELECT min(answer_embedding_model) FROM faqs WHERE answer_embedding_model > name))
  FROM models WHERE name IS NOT NULL),
counted AS (
  SELECT name, (SELECT count(*) FROM faqs WHERE question_embedding_model = name) AS faqs FROM models WHERE name IS NOT NULL)
INSERT INTO embedding_models (key, name, provider, model, dimensions, from_before, dimensions_asked, in_columns, ready_at)
SELECT name, name, 'openai', name, 1536, true, CASE WHEN name <> 'text-embedding-ada-002' THEN 1536 END, true,
  CASE WHEN row_number() OVER (ORDER BY faqs DESC, name) = 1 THEN clock_timestamp() END
FROM counted;
`;
