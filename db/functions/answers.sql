-- Says whether a run's answer came from no passage: it ended completed, was shown as the model said it, and cites
-- nothing. An assistant without the knowledge base leaves nothing unanswered.
CREATE OR REPLACE FUNCTION is_unanswered(p_run runs) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN p_run.status = 'completed' AND p_run.sources = '[]' AND p_run.finish_reason IS DISTINCT FROM 'content_filter'
    AND assistant_of(p_run.assistant_id, p_run.assistant_version) #> '{knowledge,enabled}' IS DISTINCT FROM 'false';
END $$;
