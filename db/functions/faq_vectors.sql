-- Returns the set that questions are compared with; NULL without one.
CREATE OR REPLACE FUNCTION serving_embedding_set() RETURNS text LANGUAGE sql STABLE AS $$
  SELECT key FROM embedding_models WHERE ready_at IS NOT NULL ORDER BY ready_at DESC LIMIT 1
$$;

-- Returns the set to keep complete: the served set, or the set that will replace it.
CREATE OR REPLACE FUNCTION filled_embedding_set() RETURNS text LANGUAGE sql STABLE AS $$
  SELECT key FROM embedding_models ORDER BY wanted_at DESC, ready_at DESC NULLS LAST, key LIMIT 1
$$;

-- Returns the set to fill: the given model's, which is created if missing. While a process with other settings is alive (it
-- asked within five seconds), returns that process's set instead. So two releases never undo each other's work. The very first
-- set is served at once. Another query prefix removes the set's probes and thresholds: they were made with the former one.
CREATE OR REPLACE FUNCTION want_embedding_set(
  p_name text, p_provider text, p_model text, p_dimensions integer, p_query_prefix text, p_document_prefix text)
RETURNS SETOF embedding_models LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  chosen embedding_models;
  own text;
BEGIN
  SELECT * INTO chosen FROM embedding_models WHERE key = filled_embedding_set();
  IF embedding_set_is(chosen, p_name, p_dimensions, p_document_prefix) AND chosen.query_prefix = p_query_prefix THEN
    own := chosen.key;
  ELSIF chosen.seen_at > clock_timestamp() - interval '5 seconds' THEN
    RETURN NEXT chosen;
    RETURN;
  ELSE
    SELECT m.key INTO own FROM embedding_models m WHERE embedding_set_is(m, p_name, p_dimensions, p_document_prefix)
    ORDER BY m.wanted_at DESC, m.key LIMIT 1;
    own := coalesce(own, free_embedding_key(p_name, p_dimensions, p_document_prefix));
  END IF;

  IF own = chosen.key AND chosen.wanted_at > '-infinity' AND chosen.query_prefix = p_query_prefix
    AND (p_dimensions IS NULL OR p_dimensions IS NOT DISTINCT FROM chosen.dimensions_asked)
    AND chosen.seen_at > clock_timestamp() - interval '1 second' THEN
    RETURN NEXT chosen;
    RETURN;
  END IF;
  -- Waits for whoever stores probes or thresholds of the former prefix.
  PERFORM FROM embedding_models WHERE key = own AND query_prefix <> p_query_prefix FOR NO KEY UPDATE;
  IF FOUND THEN
    DELETE FROM embedding_probes WHERE model = own;
    DELETE FROM embedding_thresholds WHERE model = own;
  END IF;
  RETURN QUERY INSERT INTO embedding_models AS m (key, name, provider, model, dimensions, dimensions_asked, query_prefix,
    document_prefix, wanted_at, seen_at, ready_at)
  VALUES (own, p_name, p_provider, p_model, p_dimensions, p_dimensions, p_query_prefix, p_document_prefix,
    clock_timestamp(), clock_timestamp(),
    CASE WHEN NOT EXISTS (SELECT FROM embedding_models WHERE ready_at IS NOT NULL) THEN clock_timestamp() END)
  ON CONFLICT (key) DO UPDATE SET query_prefix = excluded.query_prefix, seen_at = excluded.seen_at,
    wanted_at = CASE WHEN m.key = chosen.key AND m.wanted_at > '-infinity' THEN m.wanted_at ELSE excluded.wanted_at END,
    dimensions = coalesce(m.dimensions, excluded.dimensions),
    dimensions_asked = coalesce(excluded.dimensions_asked, m.dimensions_asked)
  RETURNING m.*;
END $$;

-- Returns whether a set belongs to a model. Without a configured dimension, the set must have a measured one.
CREATE OR REPLACE FUNCTION embedding_set_is(m embedding_models, p_name text, p_dimensions integer, p_document_prefix text)
RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
  SELECT m.name = p_name AND m.document_prefix = p_document_prefix AND CASE
    WHEN p_dimensions IS NULL THEN m.dimensions_asked IS NULL OR m.from_before
    ELSE coalesce(m.dimensions, p_dimensions) = p_dimensions END
$$;

-- Returns a new set's name: the model's name. If another set has that name, adds what differs.
CREATE OR REPLACE FUNCTION free_embedding_key(p_name text, p_dimensions integer, p_document_prefix text)
RETURNS text LANGUAGE sql STABLE AS $$
  SELECT CASE WHEN NOT EXISTS (SELECT FROM embedding_models WHERE key = p_name) THEN p_name
    ELSE p_name || coalesce('@' || p_dimensions, '') || '#' || left(md5(p_document_prefix), 8) END
$$;

-- Begins a new set of a model that answers with another dimension: the model behind the name was replaced.
-- Does so only for the set that is filled, only if it requests no dimension, and once in ten seconds.
CREATE OR REPLACE FUNCTION remeasure_embedding_set(p_key text, p_dimensions integer) RETURNS boolean LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  chosen embedding_models;
BEGIN
  SELECT * INTO chosen FROM embedding_models WHERE key = filled_embedding_set();
  IF chosen.key IS DISTINCT FROM p_key OR chosen.dimensions_asked IS NOT NULL OR chosen.dimensions = p_dimensions
    OR chosen.wanted_at > clock_timestamp() - interval '10 seconds' THEN
    RETURN false;
  END IF;
  INSERT INTO embedding_models (key, name, provider, model, dimensions, query_prefix, document_prefix, wanted_at, seen_at)
  VALUES (chosen.name || '@' || p_dimensions || '#' || left(md5(chosen.document_prefix), 8), chosen.name, chosen.provider,
    chosen.model, p_dimensions, chosen.query_prefix, chosen.document_prefix, clock_timestamp(), chosen.seen_at)
  ON CONFLICT (key) DO UPDATE SET wanted_at = excluded.wanted_at, seen_at = excluded.seen_at;
  RETURN true;
END $$;

-- Begins a new set of a model that gives other vectors than before for the same texts: the model behind the name was replaced.
-- Does so only for the set that is filled, and once an hour. Otherwise two models behind one name would alternate without end.
-- Of two callers one waits for the other.
CREATE OR REPLACE FUNCTION replace_embedding_set(p_key text) RETURNS boolean LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  chosen embedding_models;
BEGIN
  PERFORM FROM embedding_models WHERE key = p_key FOR NO KEY UPDATE;
  SELECT * INTO chosen FROM embedding_models WHERE key = filled_embedding_set();
  IF chosen.key IS DISTINCT FROM p_key OR chosen.wanted_at > clock_timestamp() - interval '1 hour' THEN
    RETURN false;
  END IF;
  INSERT INTO embedding_models (key, name, provider, model, dimensions, dimensions_asked, from_before, query_prefix,
    document_prefix, wanted_at, seen_at)
  VALUES (chosen.name || '#' || left(md5(chosen.key || clock_timestamp()), 8), chosen.name, chosen.provider, chosen.model,
    chosen.dimensions, chosen.dimensions_asked, chosen.from_before, chosen.query_prefix, chosen.document_prefix,
    clock_timestamp(), chosen.seen_at);
  RETURN true;
END $$;

-- Searches the next FAQs for texts without a vector in a set and notes them as owed. Copies a set that is still in the
-- columns of faqs. Returns true if more FAQs are left. First waits for transactions that write FAQs, because their
-- triggers did not know the set.
CREATE OR REPLACE FUNCTION fill_embedding_set(p_key text, p_count integer) RETURNS boolean LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  state embedding_models;
  upto bigint;
BEGIN
  SELECT * INTO state FROM embedding_models WHERE key = p_key FOR NO KEY UPDATE SKIP LOCKED;
  IF state.filled_parts IS DISTINCT FROM faq_parts() THEN
    state.filled_to := 0;
  END IF;
  IF state.key IS NULL OR state.filled_to IS NULL THEN
    RETURN false;
  END IF;
  IF state.filled_to = 0 THEN
    PERFORM set_config('lock_timeout', '1s', true);
    LOCK TABLE faqs IN SHARE MODE;
  END IF;
  SELECT id INTO upto FROM faqs WHERE id > state.filled_to ORDER BY id OFFSET p_count - 1 LIMIT 1;

  IF state.in_columns THEN
    INSERT INTO faq_vectors (model, faq_id, part, text_hash, vector)
    SELECT p_key, f.id, c.part, c.text_hash, c.vector FROM faqs f CROSS JOIN LATERAL (VALUES
      ('question', f.question_embedding_model, f.question_text_hash, f.question_embedding),
      ('answer', f.answer_embedding_model, f.answer_text_hash, f.answer_embedding)) AS c (part, model, text_hash, vector)
    WHERE f.id > state.filled_to AND f.id <= coalesce(upto, f.id) AND c.model = p_key AND c.vector IS NOT NULL
    ON CONFLICT DO NOTHING;
  END IF;
  INSERT INTO faq_vectors_owed (model, faq_id, part)
  SELECT p_key, f.id, p.part FROM faqs f CROSS JOIN unnest(faq_parts()) AS p (part)
  WHERE f.id > state.filled_to AND f.id <= coalesce(upto, f.id)
    AND NOT EXISTS (SELECT FROM faq_vectors v WHERE v.model = p_key AND v.faq_id = f.id AND v.part = p.part
      AND v.text_hash = md5(faq_part(p.part, f.question, f.answer, f.keywords)))
  ON CONFLICT DO NOTHING;
  UPDATE embedding_models SET filled_to = upto, filled_parts = faq_parts() WHERE key = p_key;
  RETURN upto IS NOT NULL;
END $$;

-- Stores the vectors of unchanged texts; texts edited since are due at once. A set without vectors gets the dimension of
-- the first vector.
CREATE OR REPLACE FUNCTION save_faq_vectors(p_key text, p_faqs bigint[], p_parts text[], p_texts text[], p_vectors vector[])
RETURNS void LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  PERFORM FROM faqs WHERE id = ANY (p_faqs) ORDER BY id FOR NO KEY UPDATE;
  UPDATE embedding_models SET dimensions = vector_dims(p_vectors[1]) WHERE key = p_key AND dimensions IS NULL;
  UPDATE embedding_models SET failures = 0, due_at = '-infinity' WHERE key = p_key AND failures > 0;

  WITH new AS (SELECT * FROM unnest(p_faqs, p_parts, p_texts, p_vectors) AS n (faq_id, part, text, vector)),
  kept AS (
    INSERT INTO faq_vectors (model, faq_id, part, text_hash, vector)
    SELECT p_key, n.faq_id, n.part, md5(n.text), n.vector FROM new n JOIN faqs f ON f.id = n.faq_id
    WHERE faq_part(n.part, f.question, f.answer, f.keywords) = n.text
    ON CONFLICT (model, faq_id, part) DO UPDATE SET text_hash = excluded.text_hash, vector = excluded.vector
    RETURNING faq_id, part),
  edited AS (
    UPDATE faq_vectors_owed o SET due_at = clock_timestamp() FROM new n
    WHERE o.model = p_key AND o.faq_id = n.faq_id AND o.part = n.part
      AND NOT EXISTS (SELECT FROM kept k WHERE k.faq_id = n.faq_id AND k.part = n.part))
  DELETE FROM faq_vectors_owed o USING kept k WHERE o.model = p_key AND o.faq_id = k.faq_id AND o.part = k.part;

  IF p_key = serving_embedding_set() THEN
    INSERT INTO faq_set DEFAULT VALUES ON CONFLICT (only_one) DO UPDATE SET version = gen_random_uuid();
  END IF;
END $$;

-- Returns whether a valid index exists for this dimension.
CREATE OR REPLACE FUNCTION faq_vectors_indexed(p_dimensions integer) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT EXISTS (SELECT FROM pg_index
    WHERE indexrelid = to_regclass('faq_vectors_hnsw_' || p_dimensions) AND indisvalid)
$$;

-- Returns whether there are enough FAQs for an index. Always false on PGlite, where an insert into an index takes 100 ms.
CREATE OR REPLACE FUNCTION faq_vectors_want_index() RETURNS boolean LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN faqs_exceed(300) AND version() NOT LIKE '%PGlite%';
END $$;

-- Serves a set instead of the present one if it is complete: every FAQ was searched, only texts refused twice are owed (of
-- one FAQ in ten at most), and a needed index exists. Changes one row, so that no question sees a half-finished switch.
CREATE OR REPLACE FUNCTION switch_embedding_set(p_key text) RETURNS boolean LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  state embedding_models;
  missing integer;
BEGIN
  SELECT * INTO state FROM embedding_models WHERE key = p_key FOR NO KEY UPDATE SKIP LOCKED;
  IF state.key IS NULL OR state.filled_to IS NOT NULL OR (p_key = serving_embedding_set() AND NOT state.in_columns)
    OR (state.dimensions IS NOT NULL AND faq_vectors_want_index() AND NOT faq_vectors_indexed(state.dimensions)) THEN
    RETURN false;
  END IF;
  IF p_key IS DISTINCT FROM serving_embedding_set() THEN
    IF EXISTS (SELECT FROM faq_vectors_owed WHERE model = p_key AND failures < 2) THEN
      RETURN false;
    END IF;
    SELECT count(DISTINCT faq_id) INTO missing FROM faq_vectors_owed WHERE model = p_key;
    IF missing > 0 AND (NOT EXISTS (SELECT FROM faq_vectors WHERE model = p_key)
      OR missing > greatest(1, (SELECT count(*) / 10 FROM faqs))) THEN
      RETURN false;
    END IF;
  END IF;
  UPDATE embedding_models SET ready_at = clock_timestamp(), in_columns = false WHERE key = p_key;
  INSERT INTO faq_set DEFAULT VALUES ON CONFLICT (only_one) DO UPDATE SET version = gen_random_uuid();
  RETURN true;
END $$;

-- Deletes up to p_count vectors of sets that are neither served nor filled. Waits for a minute after the switch, because
-- running searches may have vectors of the old set. Returns the deleted sets.
CREATE OR REPLACE FUNCTION drop_embedding_sets(p_count integer) RETURNS SETOF text LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  old text;
BEGIN
  SELECT m.key INTO old FROM embedding_models m
  WHERE m.key IS DISTINCT FROM serving_embedding_set()
    AND m.key <> filled_embedding_set()
    AND NOT EXISTS (SELECT FROM embedding_models WHERE ready_at > clock_timestamp() - interval '1 minute')
  ORDER BY m.key LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED;
  IF NOT FOUND THEN
    RETURN;
  END IF;
  DELETE FROM faq_vectors WHERE model = old AND (faq_id, part) IN (
    SELECT faq_id, part FROM faq_vectors WHERE model = old LIMIT p_count);
  DELETE FROM faq_vectors_owed WHERE model = old AND (faq_id, part) IN (
    SELECT faq_id, part FROM faq_vectors_owed WHERE model = old LIMIT 10 * p_count);
  IF NOT EXISTS (SELECT FROM faq_vectors WHERE model = old) AND NOT EXISTS (SELECT FROM faq_vectors_owed WHERE model = old) THEN
    DELETE FROM embedding_models WHERE key = old;
    RETURN NEXT old;
  END IF;
END $$;
