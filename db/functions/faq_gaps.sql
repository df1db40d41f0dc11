-- Says whether an answer cites any of the passages that it was offered. A citation has the form that the prompt asks for ([5],
-- also [5, 7]). An answer that knows nothing cites nothing, in any words and any language.
CREATE OR REPLACE FUNCTION cites_any(p_answer text, p_passages jsonb) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
  SELECT EXISTS (SELECT FROM jsonb_array_elements(p_passages) AS passage
    WHERE p_answer ~ ('[[【][^][【】]*\m' || CAST(passage ->> 'faq_id' AS bigint) || '\M[^][【】]*[]】]'))
$$;

-- Collects questions that the knowledge base did not answer well: no passage was near enough, the answer cites
-- none of its passages, or a user rated it down. It looks once in five seconds, however often it is called. It
-- reads two thousand runs at most, so that it catches up after a pause. Each look overlaps the previous one by
-- more than a transaction lasts. Returns true when it looked and a question has no suggestion yet.
CREATE OR REPLACE FUNCTION collect_faq_gaps() RETURNS boolean LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  since timestamptz;
  until timestamptz;
  began CONSTANT timestamptz := clock_timestamp();
BEGIN
  INSERT INTO faq_gap_scan DEFAULT VALUES ON CONFLICT DO NOTHING;
  SELECT scanned_to - interval '15 seconds' INTO since FROM faq_gap_scan
  WHERE scanned_to < began - interval '5 seconds' FOR UPDATE SKIP LOCKED;
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  until := coalesce((SELECT completed_at FROM runs WHERE status = 'completed' AND completed_at > since + interval '15 seconds'
    ORDER BY completed_at OFFSET 2000 LIMIT 1), began);
  INSERT INTO faq_gaps (message_id, reason)
  SELECT r.message_id, 'no_passage' FROM runs r
  WHERE r.status = 'completed' AND r.completed_at > since AND r.completed_at <= until AND r.context -> 'passages' = '[]'
    AND r.context -> 'passages_unavailable' IS DISTINCT FROM 'true'
    AND r.moderation -> 'flagged' IS DISTINCT FROM 'true'
    -- An assistant without the knowledge base misses nothing in it.
    AND assistant_of(r.assistant_id, r.assistant_version) #> '{knowledge,enabled}' IS DISTINCT FROM 'false'
  ON CONFLICT DO NOTHING;
  INSERT INTO faq_gaps (message_id, reason)
  SELECT r.message_id, 'not_cited' FROM runs r JOIN messages m ON m.id = r.reply_id
  WHERE r.status = 'completed' AND r.completed_at > since AND r.completed_at <= until AND r.context -> 'passages' <> '[]'
    AND r.context -> 'passages_unavailable' IS DISTINCT FROM 'true'
    AND r.finish_reason IS DISTINCT FROM 'content_filter' AND NOT cites_any(m.content, r.context -> 'passages')
  ON CONFLICT DO NOTHING;
  INSERT INTO faq_gaps (message_id, reason)
  SELECT r.message_id, 'rated_down' FROM message_feedback f JOIN runs r ON r.reply_id = f.message_id
  WHERE f.rating = 'down' AND f.updated_at > since AND f.updated_at <= until
  ON CONFLICT DO NOTHING;
  UPDATE faq_gap_scan SET scanned_to = until;
  RETURN EXISTS (SELECT FROM faq_gaps WHERE suggestion_id IS NULL);
END $$;

-- Puts a question into the group of the same meaning, or begins a group.
CREATE OR REPLACE FUNCTION group_faq_gap(
  p_message bigint, p_language text, p_vector vector, p_model text, p_similarity double precision)
RETURNS void LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  suggestion bigint;
BEGIN
  -- A question that was erased meanwhile begins no group.
  PERFORM FROM faq_gaps WHERE message_id = p_message FOR UPDATE;
  IF NOT FOUND THEN
    RETURN;
  END IF;
  SELECT found.id INTO suggestion FROM (
    SELECT id, embedding <=> p_vector AS distance FROM faq_suggestions
    WHERE embedding_model = p_model AND vector_dims(embedding) = vector_dims(p_vector) OFFSET 0) AS found
  WHERE 1 - found.distance >= p_similarity ORDER BY found.distance LIMIT 1;
  IF NOT FOUND THEN
    INSERT INTO faq_suggestions (language, embedding, embedding_model) VALUES (p_language, p_vector, p_model)
    RETURNING id INTO suggestion;
  END IF;
  UPDATE faq_gaps SET suggestion_id = suggestion, embedding = p_vector WHERE message_id = p_message;
END $$;

-- Says whether an FAQ answers a question: whether one of its vectors of that set has at least p_similarity to the question's.
CREATE OR REPLACE FUNCTION near_enough(p_faq bigint, p_model text, p_vector vector, p_similarity double precision)
RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT coalesce(1 - min(v.vector <=> p_vector) >= p_similarity, false) FROM faq_vectors v
  WHERE v.model = p_model AND v.faq_id = p_faq AND v.dimensions = vector_dims(p_vector)
$$;
