-- Returns the served set if housekeeping should measure its thresholds: they are missing, were measured by the release before
-- (without coverage), among other FAQs, or by more or fewer than p_probes questions (NULL: their number does not matter).
-- Returns NULL if nothing is owed. Waits until the vectors are complete, and for a minute after the last measurement. Does not
-- measure fewer than p_faqs published FAQs.
CREATE OR REPLACE FUNCTION embedding_set_to_measure(p_faqs integer, p_probes integer) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT m.key FROM embedding_models m
  WHERE m.key = serving_embedding_set() AND NOT m.in_columns AND m.dimensions IS NOT NULL AND m.due_at <= clock_timestamp()
    AND NOT EXISTS (SELECT FROM faq_vectors_owed o WHERE o.model = m.key AND o.failures < 2)
    AND EXISTS (SELECT FROM faqs WHERE status = 'published' OFFSET p_faqs - 1)
    AND NOT EXISTS (SELECT FROM embedding_thresholds t WHERE t.model = m.key AND t.coverage IS NOT NULL
      AND (t.computed_at > clock_timestamp() - CASE WHEN faqs_exceed(5000) THEN interval '10 minutes' ELSE interval '1 minute' END
        OR t.faq_version = (SELECT version::text FROM faq_set)
          AND coalesce(p_probes = (SELECT sum(probes) FROM embedding_thresholds WHERE model = m.key), true)))
$$;

-- The release before calls it, and creates it anew when it migrates. A second function of that name would make its calls
-- ambiguous.
CREATE OR REPLACE FUNCTION embedding_set_to_calibrate(p_faqs integer) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT embedding_set_to_measure(p_faqs, NULL)
$$;

-- Measures how near the probe questions of each language come to an FAQ, and stores the 95th percentile: one probe in twenty
-- may be about the knowledge base by chance. Only the release before calls it: others measure coverage too.
CREATE OR REPLACE FUNCTION calibrate_embedding_set(p_key text) RETURNS void LANGUAGE sql VOLATILE AS $$
  INSERT INTO embedding_thresholds AS t (model, language, threshold, probes, faq_version)
  SELECT p_key, p.language, percentile_cont(0.95) WITHIN GROUP (ORDER BY top.similarity), count(*),
    coalesce((SELECT version::text FROM faq_set), '')
  FROM embedding_probes p CROSS JOIN LATERAL (
    SELECT max(n.similarity) AS similarity FROM faqs_near(p.model, p.vector, 1, NULL) AS n) AS top
  WHERE p.model = p_key AND top.similarity IS NOT NULL GROUP BY p.language
  ON CONFLICT (model, language) DO UPDATE SET threshold = excluded.threshold, probes = excluded.probes,
    faq_version = excluded.faq_version, computed_at = clock_timestamp()
$$;
