-- Drops older versions: a function with other parameters is another function, and calls would fit both. The file runs
-- as one transaction.
DROP FUNCTION IF EXISTS faqs_near, faqs_near_in_columns, faq_vectors_walk, faqs_with_words, search_faqs, faq_query_words,
  faq_query_all, faqs_holding, faqs_if_few;

-- Stores a user's verdict on a published FAQ in place of an earlier one. Returns false when no such FAQ is published.
CREATE OR REPLACE FUNCTION rate_faq(p_faq bigint, p_user bigint, p_helpful boolean)
RETURNS boolean LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  before boolean;
BEGIN
  PERFORM FROM faqs WHERE id = p_faq AND status = 'published' FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  SELECT helpful INTO before FROM faq_feedback WHERE faq_id = p_faq AND user_id = p_user;
  IF before IS NOT DISTINCT FROM p_helpful THEN
    RETURN true;
  END IF;
  INSERT INTO faq_feedback (faq_id, user_id, helpful) VALUES (p_faq, p_user, p_helpful)
  ON CONFLICT (faq_id, user_id) DO UPDATE SET helpful = excluded.helpful, updated_at = clock_timestamp();
  UPDATE faqs SET
    helpful_count = helpful_count + p_helpful::integer - coalesce(before::integer, 0),
    not_helpful_count = not_helpful_count + (NOT p_helpful)::integer - coalesce((NOT before)::integer, 0)
  WHERE id = p_faq;
  RETURN true;
END $$;

-- Returns a page of the FAQs whose question or keywords hold all words, or parts of words, of a text; the newest first. NULL
-- narrows nothing. Looks through the newest ones first: what many hold is there. What few hold the index finds (120_faq_grams).
-- Compares the texts that 136_faq_folded keeps: folding is dear. A subquery reads them, because a join would read all of them.
CREATE OR REPLACE FUNCTION faqs_holding(p_text text, p_status text, p_language text, p_category bigint, p_original bigint,
  p_before bigint, p_limit integer)
RETURNS SETOF bigint LANGUAGE plpgsql STABLE SET plan_cache_mode = force_custom_plan SET jit = off AS $$
DECLARE
  newest CONSTANT integer := 1000;
  words CONSTANT text[] := search_words(to_jsonb(regexp_split_to_array(p_text, '\s+')));
  patterns CONSTANT text[] := search_patterns(words);
  asked tsquery;
  looked integer;
  found bigint[];
BEGIN
  SELECT count(*), array_agg(f.id ORDER BY f.id DESC) FILTER (WHERE
    coalesce((SELECT t.folded FROM faq_terms t WHERE t.faq_id = f.id), search_folded(faq_listed(f.question, f.keywords))) LIKE ALL (patterns))
  INTO looked, found FROM (
    SELECT id, question, keywords FROM faqs
    WHERE (p_status IS NULL OR status = p_status) AND (p_language IS NULL OR language = p_language)
      AND (p_category IS NULL OR category_id = p_category) AND (p_before IS NULL OR id < p_before)
      AND (p_original IS NULL OR id = p_original OR translation_of = p_original)
    ORDER BY id DESC LIMIT newest) AS f;
  IF looked < newest OR cardinality(found) >= p_limit THEN
    RETURN QUERY SELECT unnest(found[1:p_limit]);
    RETURN;
  END IF;
  -- A word of one or two characters is not typed to its end: all grams that begin with it.
  SELECT CAST(string_agg(CASE WHEN length(word) < 3 THEN search_lexeme(word) || ':*' ELSE search_query(ARRAY[word]) END, ' & ') AS tsquery)
  INTO asked FROM unnest(words) AS word;
  RETURN QUERY
  WITH near AS MATERIALIZED (
    SELECT id, question, keywords FROM faqs WHERE search_grams(0, search_folded(faq_listed(question, keywords))) @@ asked
      AND (p_status IS NULL OR status = p_status) AND (p_language IS NULL OR language = p_language)
      AND (p_category IS NULL OR category_id = p_category) AND (p_before IS NULL OR id < p_before)
      AND (p_original IS NULL OR id = p_original OR translation_of = p_original))
  -- OFFSET 0: compares in the order of ids, and only until the page is full.
  SELECT f.id FROM (SELECT * FROM near ORDER BY id DESC OFFSET 0) AS f
  WHERE coalesce((SELECT t.folded FROM faq_terms t WHERE t.faq_id = f.id), search_folded(faq_listed(f.question, f.keywords)))
    LIKE ALL (patterns) LIMIT p_limit;
END $$;

-- Says whether there are more than p_count FAQs, by the planner's estimate. PGlite keeps no estimate: there the
-- answer is always no.
CREATE OR REPLACE FUNCTION faqs_exceed(p_count integer) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN (SELECT reltuples > p_count FROM pg_class WHERE oid = 'faqs'::regclass);
END $$;

-- Returns the published FAQs of some categories, or of some languages, or of all (NULL), if they are p_most at most; NULL if
-- they are more.
CREATE OR REPLACE FUNCTION faqs_if_few(p_categories bigint[], p_languages text[], p_most integer) RETURNS bigint[]
LANGUAGE plpgsql STABLE SET plan_cache_mode = force_generic_plan SET enable_sort = off SET enable_seqscan = off AS $$
DECLARE
  found bigint[];
BEGIN
  IF p_categories IS NOT NULL THEN
    found := ARRAY(SELECT one.id FROM (SELECT DISTINCT unnest(p_categories) AS id) AS c CROSS JOIN LATERAL (
      SELECT f.id FROM faqs f WHERE f.category_id = c.id AND f.status = 'published' LIMIT p_most + 1) AS one LIMIT p_most + 1);
  ELSIF p_languages IS NOT NULL THEN
    found := ARRAY(SELECT one.id FROM unnest(p_languages) AS l (name) CROSS JOIN LATERAL (
      SELECT f.id FROM faqs f WHERE f.status = 'published' AND f.language = l.name LIMIT p_most + 1) AS one LIMIT p_most + 1);
  ELSE
    found := ARRAY(SELECT id FROM faqs WHERE status = 'published' ORDER BY status, language, id LIMIT p_most + 1);
  END IF;
  RETURN CASE WHEN cardinality(found) <= p_most THEN found END;
END $$;

-- Returns the published FAQs nearest to a vector, by any of their parts. Compares only vectors of the same dimension. Up to 300
-- FAQs all vectors are compared, which is exact and takes about 2 ms. Above that, the dimension's HNSW index is walked until it
-- yields enough published FAQs of the set. Where a search may find few of many FAQs (300, or 1,000 of some categories), these
-- are compared: the walk would go through all others, and end before it met each. The planner does not know the limit and would
-- sort all rows: hence enable_sort. The body sets the walk's settings, since only a superuser may name them in a header. ROWS:
-- with the default guess of a thousand, search_faqs would read all FAQs for the few found ones.
CREATE OR REPLACE FUNCTION faqs_near(p_model text, p_vector vector, p_count integer, p_categories bigint[])
RETURNS TABLE (faq_id bigint, similarity double precision) LANGUAGE plpgsql STABLE ROWS 20
SET jit = off SET plan_cache_mode = force_generic_plan SET enable_sort = off AS $$
DECLARE
  dims CONSTANT integer := vector_dims(p_vector);
  from_columns boolean;
  few bigint[];
BEGIN
  SELECT m.in_columns INTO from_columns FROM embedding_models m WHERE m.key = p_model AND m.dimensions = dims;
  IF NOT FOUND THEN
    RETURN;
  END IF;
  IF faqs_exceed(300) AND (from_columns OR faq_vectors_indexed(dims)) THEN
    PERFORM set_config('hnsw.iterative_scan', 'relaxed_order', true),
      set_config('hnsw.ef_search', CASE WHEN dims > 4000 THEN '400' ELSE '100' END, true);
  END IF;
  IF from_columns THEN
    RETURN QUERY SELECT * FROM faqs_near_in_columns(p_model, p_vector, p_count, p_categories);
    RETURN;
  END IF;
  IF faqs_exceed(300) AND faq_vectors_indexed(dims) THEN
    few := faqs_if_few(p_categories, NULL, CASE WHEN p_categories IS NULL THEN 300 ELSE 1000 END);
    IF few IS NOT NULL THEN
      RETURN QUERY SELECT found.id, 1 - found.distance FROM (
        SELECT one.id, min(v.vector <=> p_vector) AS distance FROM unnest(few) AS one (id)
        CROSS JOIN LATERAL (SELECT p.vector FROM faq_vectors p WHERE p.model = p_model AND p.faq_id = one.id OFFSET 0) AS v
        GROUP BY one.id) AS found
      WHERE found.distance <> 'NaN' ORDER BY found.distance LIMIT p_count;
      RETURN;
    END IF;
    -- An FAQ has several parts, and all of one may be near. Where the index holds signs alone, ten times as many
    -- are compared in full.
    RETURN QUERY EXECUTE faq_vectors_walk(dims)
    USING p_vector, p_model, p_count * cardinality(faq_parts()) * CASE WHEN dims > 4000 THEN 10 ELSE 1 END, p_categories;
  ELSE
    RETURN QUERY SELECT found.id, 1 - found.distance FROM (
      SELECT v.faq_id AS id, min(v.vector <=> p_vector) AS distance FROM faq_vectors v JOIN faqs f ON f.id = v.faq_id
      WHERE v.model = p_model AND f.status = 'published' AND (p_categories IS NULL OR f.category_id = ANY (p_categories))
      GROUP BY v.faq_id) AS found
    WHERE found.distance <> 'NaN' ORDER BY found.distance LIMIT p_count;
  END IF;
END $$;

-- Returns the SQL that walks an index: $1 the vector, $2 the set, $3 the number of texts, $4 the categories or NULL. The
-- dimension is part of the text, because each index covers one dimension and a plan must match it. Half precision takes
-- half the size and finds the same, up to 4,000 dimensions. Beyond that the index compares signs. Found vectors are
-- compared again in full precision.
CREATE OR REPLACE FUNCTION faq_vectors_walk(p_dimensions integer) RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT format('
    SELECT found.faq_id, 1 - min(found.distance) FROM (
      SELECT v.faq_id, v.vector <=> $1 AS distance FROM faq_vectors v JOIN faqs f ON f.id = v.faq_id
      WHERE v.dimensions = %1$s AND v.model = $2 AND f.status = ''published''
        AND ($4 IS NULL OR f.category_id = ANY ($4))
      ORDER BY ' || CASE WHEN p_dimensions > 4000
        THEN 'CAST(binary_quantize(v.vector) AS bit(%1$s)) <~> CAST(binary_quantize($1) AS bit(%1$s))'
        ELSE 'CAST(v.vector AS halfvec(%1$s)) <=> CAST($1 AS halfvec(%1$s))' END || ' LIMIT $3) AS found
    WHERE found.distance <> ''NaN'' GROUP BY found.faq_id', p_dimensions)
$$;

-- Does the same for a set that the previous release left in the columns of faqs. Remove it with these columns.
CREATE OR REPLACE FUNCTION faqs_near_in_columns(p_model text, p_vector vector, p_count integer, p_categories bigint[])
RETURNS TABLE (faq_id bigint, similarity double precision) LANGUAGE plpgsql STABLE
SET jit = off SET plan_cache_mode = force_generic_plan SET enable_sort = off AS $$
DECLARE
  half CONSTANT halfvec(1536) := p_vector;
BEGIN
  IF faqs_exceed(300) THEN
    PERFORM set_config('hnsw.iterative_scan', 'relaxed_order', true), set_config('hnsw.ef_search', '100', true);
    RETURN QUERY SELECT found.id, 1 - min(found.distance) FROM (
      SELECT q.id, q.question_embedding <=> p_vector AS distance FROM (
        SELECT f.id, f.question_embedding FROM faqs f
        WHERE f.status = 'published' AND f.question_embedding_model = p_model AND (p_categories IS NULL OR f.category_id = ANY (p_categories))
        ORDER BY CAST(f.question_embedding AS halfvec(1536)) <=> half LIMIT p_count) AS q
      UNION ALL
      SELECT a.id, a.answer_embedding <=> p_vector FROM (
        SELECT f.id, f.answer_embedding FROM faqs f
        WHERE f.status = 'published' AND f.answer_embedding_model = p_model AND (p_categories IS NULL OR f.category_id = ANY (p_categories))
        ORDER BY CAST(f.answer_embedding AS halfvec(1536)) <=> half LIMIT p_count) AS a) AS found
    WHERE found.distance <> 'NaN' GROUP BY found.id;
  ELSE
    -- OFFSET 0 stops the planner from computing each distance again wherever it is used.
    RETURN QUERY SELECT found.id, 1 - found.distance FROM (
      SELECT f.id, least(
        CASE WHEN f.question_embedding_model = p_model THEN f.question_embedding <=> p_vector END,
        CASE WHEN f.answer_embedding_model = p_model THEN f.answer_embedding <=> p_vector END) AS distance
      FROM faqs f WHERE f.status = 'published' AND (p_categories IS NULL OR f.category_id = ANY (p_categories)) OFFSET 0) AS found
    WHERE found.distance <> 'NaN' ORDER BY found.distance LIMIT p_count;
  END IF;
END $$;

-- Quotes a lexeme as tsquery's text form does.
CREATE OR REPLACE FUNCTION faq_lexeme(p_word text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT '''' || replace(replace(p_word, '\', '\\'), '''', '''''') || ''''
$$;

-- Returns the words of a query for one text search configuration, each with the forms that stand for it. The first form
-- is the word itself. p_also: [{"word": "pasword", "as": "password", "weight": 0.9, "mends": true}] (mend.ts). mends: the
-- form counts only for a word that no FAQ holds. Leaves out scripts without spaces, which are searched by grams.
CREATE OR REPLACE FUNCTION faq_query_words(p_config regconfig, p_query text, p_also jsonb)
RETURNS TABLE (word text, form text, weight double precision, mends boolean) LANGUAGE sql STABLE AS $$
  WITH words AS MATERIALIZED (
    SELECT lexeme FROM unnest(to_tsvector(p_config, regexp_replace(p_query,
      '[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff]+', ' ', 'g')))
    ORDER BY positions[1] LIMIT 48)
  SELECT lexeme, lexeme, CAST(1 AS double precision), false FROM words
  UNION ALL
  SELECT w.lexeme, other, max(a.weight), bool_and(a.mends)
  FROM jsonb_to_recordset(p_also) AS a (word text, "as" text, weight double precision, mends boolean)
    CROSS JOIN unnest(tsvector_to_array(to_tsvector(p_config, a.word))) AS meant
    JOIN words w ON w.lexeme = meant
    CROSS JOIN unnest(tsvector_to_array(to_tsvector(p_config, a."as"))) AS other
  WHERE other <> w.lexeme GROUP BY w.lexeme, other
$$;

-- Returns a query that an FAQ matches when it holds every word, in one of its forms. NULL for a query without words.
CREATE OR REPLACE FUNCTION faq_query_all(p_config regconfig, p_query text, p_also jsonb) RETURNS tsquery
LANGUAGE sql STABLE AS $$
  WITH forms AS (
    SELECT q.word, q.mends, faq_lexeme(q.form) AS quoted, q.form = q.word AS itself
    FROM faq_query_words(p_config, p_query, p_also) AS q),
  known AS (
    SELECT f.word FROM forms f WHERE f.itself AND EXISTS (SELECT FROM forms m WHERE m.word = f.word AND m.mends)
      AND EXISTS (SELECT FROM faqs WHERE words @@ CAST(f.quoted AS tsquery)))
  SELECT CAST(string_agg(any_form, ' & ') AS tsquery) FROM (
    SELECT '(' || string_agg(f.quoted, ' | ') || ')' AS any_form FROM forms f
    WHERE NOT f.mends OR f.word NOT IN (SELECT word FROM known) GROUP BY f.word) AS words
$$;

-- Returns the published FAQs that contain a query's words, parsed by each FAQ's language. coverage is the share of the
-- query that an FAQ contains, 0 to 1. A word weighs by its rarity (idf; a word in no FAQ weighs most). It counts in
-- full in the question, less in keywords and answer, and less again by a form that stands for it. Among more than 5,000
-- FAQs all words must match, because common words would match half of the FAQs; there coverage is 1. JIT is off:
-- compiling takes ten times as long as running.
CREATE OR REPLACE FUNCTION faqs_with_words(p_query text, p_also jsonb, p_count integer, p_categories bigint[])
RETURNS TABLE (faq_id bigint, coverage double precision) LANGUAGE plpgsql STABLE ROWS 20 SET jit = off AS $$
DECLARE
  languages CONSTANT text[] := ARRAY(
    WITH RECURSIVE found AS (
      SELECT min(f.language) AS name FROM faqs f WHERE f.status = 'published'
      UNION ALL
      SELECT (SELECT min(f.language) FROM faqs f WHERE f.status = 'published' AND f.language > l.name)
      FROM found l WHERE l.name IS NOT NULL)
    SELECT name FROM found WHERE name IS NOT NULL);
  configs CONSTANT regconfig[] := ARRAY(SELECT DISTINCT faq_config(name) FROM unnest(languages) AS l (name));
  query_grams CONSTANT text[] := ARRAY(SELECT gram FROM unnest(faq_grams(left(p_query, 200))) WITH ORDINALITY AS g (gram, n)
    GROUP BY gram ORDER BY min(n) LIMIT 48);
  one regconfig;
  every tsquery;
  few bigint[];
BEGIN
  IF faqs_exceed(5000) THEN
    FOREACH one IN ARRAY configs LOOP
      every := faq_query_all(one, p_query, p_also);
      -- Many FAQs may hold the words, and few of them be of the categories or of the language.
      few := faqs_if_few(p_categories, ARRAY(SELECT l.name FROM unnest(languages) AS l (name) WHERE faq_config(l.name) = one),
        CASE WHEN p_categories IS NULL THEN 300 ELSE 1000 END);
      IF every IS NOT NULL AND few IS NOT NULL THEN
        RETURN QUERY SELECT f.id, CAST(1 AS double precision) FROM unnest(few) AS among (id)
        CROSS JOIN LATERAL (SELECT a.id, a.language, a.words FROM faqs a WHERE a.id = among.id OFFSET 0) AS f
        WHERE faq_config(f.language) = one AND f.words @@ every LIMIT p_count;
      ELSIF every IS NOT NULL THEN
        RETURN QUERY SELECT f.id, CAST(1 AS double precision) FROM faqs f
        WHERE f.status = 'published' AND faq_config(f.language) = one AND f.words @@ every AND (p_categories IS NULL OR f.category_id = ANY (p_categories))
        LIMIT p_count;
      END IF;
    END LOOP;
    IF cardinality(query_grams) > 0 THEN
      every := (SELECT string_agg(faq_lexeme(gram), ' & ') FROM unnest(query_grams) AS gram);
      RETURN QUERY SELECT t.faq_id, CAST(1 AS double precision) FROM faq_terms t JOIN faqs f ON f.id = t.faq_id
      WHERE t.grams @@ every AND f.status = 'published' AND (p_categories IS NULL OR f.category_id = ANY (p_categories))
      LIMIT p_count;
    END IF;
    RETURN;
  END IF;

  RETURN QUERY
  WITH forms AS (
    SELECT config_of.config, q.word, q.form, q.weight, q.mends, CAST(l.quoted AS tsquery) AS anywhere,
      CAST(l.quoted || ':A' AS tsquery) AS in_question, CAST(l.quoted || ':B' AS tsquery) AS in_keywords
    FROM unnest(configs) AS config_of (config)
      CROSS JOIN LATERAL faq_query_words(config_of.config, p_query, p_also) AS q
      CROSS JOIN LATERAL (SELECT faq_lexeme(q.form) AS quoted) AS l),
  matched AS (
    SELECT t.config, t.word, t.form = t.word AS itself, t.mends, f.id, t.weight *
      CASE WHEN f.words @@ t.in_question THEN 1 WHEN f.words @@ t.in_keywords THEN 0.8 ELSE 0.6 END AS weight
    -- OFFSET 0 makes the planner go word by word, with the index where FAQs are many, and not through all FAQs
    -- for each language.
    FROM forms t CROSS JOIN LATERAL (SELECT one.id, one.language, one.words FROM faqs one
      WHERE one.status = 'published' AND one.words @@ t.anywhere
        AND (p_categories IS NULL OR one.category_id = ANY (p_categories)) OFFSET 0) AS f
    WHERE faq_config(f.language) = t.config),
  -- A gram is a word of every language. The space keeps its name apart from any lexeme.
  grams AS (
    SELECT ' ' || gram AS word, faq_lexeme(gram) AS quoted FROM unnest(query_grams) AS gram),
  in_grams AS (
    SELECT faq_config(f.language) AS config, g.word, f.id, CAST(CASE WHEN f.grams @@ CAST(g.quoted || ':A' AS tsquery) THEN 1
      WHEN f.grams @@ CAST(g.quoted || ':B' AS tsquery) THEN 0.8 ELSE 0.6 END AS double precision) AS weight
    FROM grams g CROSS JOIN LATERAL (SELECT one.id, one.language, t.grams FROM faq_terms t JOIN faqs one ON one.id = t.faq_id
      WHERE t.grams @@ CAST(g.quoted AS tsquery) AND one.status = 'published'
        AND (p_categories IS NULL OR one.category_id = ANY (p_categories)) OFFSET 0) AS f),
  hits AS (
    SELECT m.config, m.word, m.id, max(m.weight) AS weight, bool_or(m.itself) AS itself FROM matched m
    WHERE NOT m.mends OR NOT EXISTS (SELECT FROM matched k WHERE k.itself AND k.config = m.config AND k.word = m.word)
    GROUP BY m.config, m.word, m.id
    UNION ALL
    SELECT g.config, g.word, g.id, g.weight, true FROM in_grams g),
  terms AS (
    SELECT DISTINCT f.config, f.word FROM forms f
    UNION ALL
    SELECT c.config, g.word FROM unnest(configs) AS c (config) CROSS JOIN grams g),
  light AS MATERIALIZED (
    SELECT c.config, w.word FROM unnest(configs) AS c (config)
      CROSS JOIN jsonb_to_recordset(p_also) AS a (word text, light boolean)
      CROSS JOIN unnest(tsvector_to_array(to_tsvector(c.config, a.word))) AS w (word) WHERE a.light),
  total AS (SELECT count(*) AS faqs FROM faqs f WHERE f.status = 'published' AND (p_categories IS NULL OR f.category_id = ANY (p_categories))),
  -- numeric, so that equal sums are equal in any order of addition. Other forms make no known word more common. Every
  -- second gram spans two words, so a gram of no FAQ weighs half.
  weights AS (
    SELECT t.config, t.word, CASE WHEN t.word LIKE ' %' AND count(h.id) = 0
        OR EXISTS (SELECT FROM light l WHERE l.config = t.config AND l.word = t.word) THEN 0.5 ELSE 1 END * ln(1 + (SELECT faqs FROM total)
      / (0.5 + coalesce(nullif(count(h.id) FILTER (WHERE h.itself), 0), count(h.id)))) AS idf
    FROM terms t LEFT JOIN hits h ON h.config = t.config AND h.word = t.word GROUP BY t.config, t.word),
  sums AS (SELECT w.config, sum(w.idf) AS idf FROM weights w GROUP BY w.config)
  SELECT h.id, CAST(sum(w.idf * CAST(h.weight AS numeric)) / max(s.idf) AS double precision) AS covered
  FROM hits h JOIN sums s ON s.config = h.config JOIN weights w ON w.config = h.config AND w.word = h.word
  WHERE s.idf > 0
  GROUP BY h.id ORDER BY covered DESC, h.id LIMIT p_count;
END $$;

-- Returns published FAQs that may answer a query, best first. Fuses the results by vector and by words by reciprocal
-- rank (1 / (60 + rank), Cormack et al. 2009). The part of words weighs by twice the share of the query that the FAQ
-- covers: a single common word moves nothing. priority breaks ties. Leaves out FAQs below both thresholds. An FAQ in the
-- requested language comes first if it is nearly as good; other languages are the fallback.
-- p_models and p_vectors: the query's vector in the served set; empty: search by words only.
-- p_categories: FAQs of these only; NULL: all. p_also: other forms of the query's words (faq_query_words).
-- p_candidates: how many are ranked by vector, and how many by words; NULL: p_count.
-- similarity is the cosine; without a vector it is coverage, the share of the query that the FAQ covers.
CREATE OR REPLACE FUNCTION search_faqs(
  p_query text, p_models text[], p_vectors vector[], p_language text, p_count integer,
  p_similarity double precision, p_coverage double precision, p_categories bigint[] DEFAULT NULL, p_also jsonb DEFAULT '[]',
  p_candidates integer DEFAULT NULL)
RETURNS TABLE (id bigint, question text, answer text, language text, similarity double precision, coverage double precision)
LANGUAGE plpgsql STABLE SET jit = off SET plan_cache_mode = force_generic_plan AS $$
DECLARE
  candidates CONSTANT integer := greatest(20, coalesce(p_candidates, p_count));
  wanted CONSTANT text := split_part(lower(p_language), '-', 1);
BEGIN
  RETURN QUERY
  WITH near AS (
    SELECT n.faq_id, max(n.similarity) AS similarity
    FROM unnest(p_models, p_vectors) AS m (model, vector)
      CROSS JOIN LATERAL faqs_near(m.model, m.vector, candidates, p_categories) AS n
    GROUP BY n.faq_id),
  worded AS (SELECT w.faq_id, w.coverage FROM faqs_with_words(p_query, p_also, candidates, p_categories) AS w
    WHERE p_query <> ''),
  found AS (
    SELECT f.id, f.question, f.answer, f.language, f.priority, w.coverage,
      coalesce(n.similarity, similarity_of.value) AS similarity,
      coalesce(split_part(lower(f.language), '-', 1) = wanted, false) AS in_language
    FROM near n FULL JOIN worded w USING (faq_id) JOIN faqs f ON f.id = faq_id
    LEFT JOIN LATERAL (
      SELECT nullif(1 - min(parts.distance), 'NaN') AS value FROM unnest(p_models, p_vectors) AS m (model, vector)
      CROSS JOIN LATERAL (
        SELECT v.vector <=> m.vector AS distance FROM faq_vectors v
        WHERE v.model = m.model AND v.faq_id = f.id AND v.dimensions = vector_dims(m.vector)
        UNION ALL
        SELECT least(f.question_embedding <=> m.vector, f.answer_embedding <=> m.vector) FROM embedding_models e
        WHERE e.key = m.model AND e.in_columns AND e.dimensions = vector_dims(m.vector)
          AND f.question_embedding_model = e.key AND f.answer_embedding_model = e.key) AS parts
      WHERE n.faq_id IS NULL) AS similarity_of ON true),
  ranked AS (
    SELECT a.*,
      rank() OVER (ORDER BY round(CAST(a.similarity + CASE WHEN in_language THEN 0.1 ELSE 0 END AS numeric), 4) DESC NULLS LAST) AS by_vector,
      rank() OVER (ORDER BY round(CAST(a.coverage * CASE WHEN in_language THEN 1.25 ELSE 1 END AS numeric), 4) DESC NULLS LAST) AS by_words
    FROM found a)
  SELECT r.id, r.question, r.answer, r.language, least(1, coalesce(r.similarity, r.coverage)), coalesce(r.coverage, 0)
  FROM ranked r WHERE r.similarity >= p_similarity OR r.coverage >= p_coverage
  ORDER BY CASE WHEN r.similarity IS NULL THEN 0 ELSE 1.0 / (60 + r.by_vector) END
      + CASE WHEN r.coverage IS NULL THEN 0 ELSE 2 * round(CAST(r.coverage AS numeric), 4) / (60 + r.by_words) END DESC,
    r.priority DESC, coalesce(r.similarity, r.coverage) DESC, r.id
  LIMIT p_count;
END $$;
