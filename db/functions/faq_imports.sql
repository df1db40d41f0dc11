-- Imports the next lines of an import and returns its progress. No row: the import is over or does not exist. Of
-- two callers one waits for the other. An all-or-nothing import adds nothing after the first fault; the caller
-- removes what it added before.
CREATE OR REPLACE FUNCTION import_faqs(p_import bigint, p_count integer)
RETURNS TABLE (id bigint, user_id bigint, status text, all_or_nothing boolean, total integer, processed integer,
  imported integer, failed integer, created_at timestamptz, completed_at timestamptz, added jsonb)
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  state faq_imports;
  taken integer;
  wrong integer;
BEGIN
  SELECT * INTO state FROM faq_imports i WHERE i.id = p_import AND i.status IN ('queued', 'in_progress') FOR UPDATE;
  IF NOT FOUND THEN
    RETURN;
  END IF;
  added := '[]';

  DROP TABLE IF EXISTS pg_temp.faq_lines;
  CREATE TEMP TABLE faq_lines ON COMMIT DROP AS
  SELECT r.line, r.fields ->> 'question' AS question, r.fields ->> 'answer' AS answer,
    r.fields ->> 'category' AS category, CAST(r.fields ->> 'category_id' AS bigint) AS category_id,
    ARRAY(SELECT jsonb_array_elements_text(coalesce(r.fields -> 'keywords', '[]'))) AS keywords,
    coalesce(r.fields ->> 'language', 'en') AS language, coalesce(r.fields ->> 'status', 'draft') AS faq_status,
    coalesce(CAST(r.fields ->> 'priority' AS integer), 0) AS priority, r.fields ->> 'slug' AS slug,
    CAST(r.fields ->> 'slug_asked' AS boolean) AS slug_asked, r.fields ->> 'meta_title' AS meta_title,
    r.fields ->> 'meta_description' AS meta_description, CAST(NULL AS jsonb) AS errors
  FROM faq_import_rows r WHERE r.import_id = p_import AND r.fields IS NOT NULL
  ORDER BY r.line LIMIT p_count;
  GET DIAGNOSTICS taken = ROW_COUNT;

  UPDATE faq_lines l SET category_id = c.id FROM faq_categories c WHERE c.slug = l.category;
  UPDATE faq_lines l SET errors = '[{"path": "/category", "message": "must be a category that exists"}]'
  WHERE (l.category IS NOT NULL AND l.category_id IS NULL)
    OR (l.category_id IS NOT NULL AND NOT EXISTS (SELECT FROM faq_categories c WHERE c.id = l.category_id));
  UPDATE faq_lines l SET errors = '[{"path": "/slug", "message": "must be unique: it is taken"}]'
  WHERE l.errors IS NULL AND l.slug_asked AND (EXISTS (SELECT FROM faqs f WHERE f.slug = l.slug)
    OR EXISTS (SELECT FROM faq_lines e WHERE e.slug = l.slug AND e.slug_asked AND e.errors IS NULL AND e.line < l.line));
  -- A slug made from the question gives way.
  UPDATE faq_lines l SET slug = l.slug || '-' || p_import || '-' || l.line
  WHERE NOT l.slug_asked AND (EXISTS (SELECT FROM faqs f WHERE f.slug = l.slug)
    OR EXISTS (SELECT FROM faq_lines e WHERE e.slug = l.slug AND e.line <> l.line AND (e.slug_asked OR e.line < l.line)));

  IF NOT (state.all_or_nothing AND (state.failed > 0 OR EXISTS (SELECT FROM faq_lines l WHERE l.errors IS NOT NULL))) THEN
    WITH made AS (
      INSERT INTO faqs (category_id, question, answer, keywords, language, status, priority, slug, meta_title,
        meta_description, published_at)
      SELECT l.category_id, l.question, l.answer, l.keywords, l.language, l.faq_status, l.priority, l.slug, l.meta_title,
        l.meta_description, CASE WHEN l.faq_status = 'published' THEN clock_timestamp() END
      FROM faq_lines l WHERE l.errors IS NULL ORDER BY l.line
      ON CONFLICT (slug) DO NOTHING
      RETURNING faqs.id, faqs.slug, md5(faqs.question || chr(1) || faqs.answer) AS text_hash),
    -- Another transaction has just taken the slug.
    missed AS (
      UPDATE faq_lines l SET errors = '[{"path": "/slug", "message": "must be unique: it is taken"}]'
      WHERE l.errors IS NULL AND NOT EXISTS (SELECT FROM made WHERE made.slug = l.slug))
    SELECT coalesce(jsonb_agg(jsonb_build_object('id', made.id, 'text_hash', made.text_hash)), '[]') INTO added FROM made;
  END IF;
  SELECT count(*) INTO wrong FROM faq_lines l WHERE l.errors IS NOT NULL;

  UPDATE faq_import_rows r SET fields = NULL, errors = l.errors FROM faq_lines l
  WHERE r.import_id = p_import AND r.line = l.line;
  -- Deletes the imported lines; those with errors stay for the client to read.
  DELETE FROM faq_import_rows r USING faq_lines l
  WHERE r.import_id = p_import AND r.line = l.line AND l.errors IS NULL;
  DROP TABLE faq_lines;

  RETURN QUERY UPDATE faq_imports i SET
    status = CASE WHEN state.processed + taken >= i.total THEN
      CASE WHEN i.all_or_nothing AND state.failed + wrong > 0 THEN 'failed' ELSE 'completed' END ELSE 'in_progress' END,
    processed = state.processed + taken, failed = state.failed + wrong,
    imported = state.imported + jsonb_array_length(added), updated_at = clock_timestamp(),
    completed_at = CASE WHEN state.processed + taken >= i.total THEN clock_timestamp() END
  WHERE i.id = p_import
  RETURNING i.id, i.user_id, i.status, i.all_or_nothing, i.total, i.processed, i.imported, i.failed, i.created_at,
    i.completed_at, added;
END $$;
