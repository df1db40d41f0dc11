-- Two versions of an assistant side by side.

-- Returns the arm of a conversation, the same at each call. share is the part of conversations that get version_b.
CREATE OR REPLACE FUNCTION arm_drawn(p_experiment experiments, p_conversation bigint) RETURNS integer LANGUAGE plpgsql STABLE AS $$
DECLARE
  -- 32 bits of a hash, as a number from 0 up to 1.
  v_draw CONSTANT double precision :=
    ('x' || left(md5(p_experiment.id || ':' || p_conversation), 8))::bit(32)::bigint / 4294967296.0;
BEGIN
  RETURN CASE WHEN v_draw < p_experiment.share THEN p_experiment.version_b ELSE p_experiment.version_a END;
END $$;

-- Returns the version that answers the first run of a conversation: its arm, which the conversation's row then keeps, or
-- p_now without an experiment. The caller has just made the conversation, or holds its lock.
CREATE OR REPLACE FUNCTION join_experiment(p_conversation bigint, p_assistant bigint, p_now integer)
RETURNS integer LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  v_experiment experiments;
  v_version integer;
BEGIN
  SELECT * INTO v_experiment FROM experiments
  WHERE assistant_id = p_assistant AND ended_at IS NULL AND (until IS NULL OR until > clock_timestamp());
  IF NOT FOUND THEN
    RETURN p_now;
  END IF;
  v_version := arm_drawn(v_experiment, p_conversation);
  UPDATE conversations SET experiment_id = v_experiment.id, experiment_version = v_version WHERE id = p_conversation;
  RETURN v_version;
END $$;

-- Returns the version that answers next in a conversation: its arm until the experiment ends, or p_now.
CREATE OR REPLACE FUNCTION version_in(p_experiment bigint, p_version integer, p_now integer)
RETURNS integer LANGUAGE plpgsql STABLE AS $$
BEGIN
  IF p_experiment IS NOT NULL AND EXISTS (SELECT FROM experiments WHERE id = p_experiment AND ended_at IS NULL) THEN
    RETURN p_version;
  END IF;
  RETURN p_now;
END $$;

-- Ends an experiment. p_keep: the version that answers from now on, added as a new version where the assistant has another one
-- now. NULL changes nothing. Returns 'ended', 'conflict' (it has ended) or 'not_one' (p_keep belongs to neither arm).
CREATE OR REPLACE FUNCTION end_experiment(p_experiment bigint, p_keep integer) RETURNS text LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  v_experiment experiments;
  v_now jsonb;
  v_kept jsonb;
BEGIN
  LOCK TABLE assistants IN SHARE ROW EXCLUSIVE MODE;
  SELECT * INTO v_experiment FROM experiments WHERE id = p_experiment FOR UPDATE;
  IF v_experiment.ended_at IS NOT NULL THEN
    RETURN 'conflict';
  END IF;
  IF p_keep NOT IN (v_experiment.version_a, v_experiment.version_b) THEN
    RETURN 'not_one';
  END IF;
  UPDATE experiments SET ended_at = clock_timestamp(), kept = p_keep WHERE id = p_experiment;
  SELECT v.definition INTO v_now FROM assistants a JOIN assistant_versions v ON v.assistant_id = a.id AND v.version = a.version
  WHERE a.id = v_experiment.assistant_id;
  SELECT definition INTO v_kept FROM assistant_versions
  WHERE assistant_id = v_experiment.assistant_id AND version = p_keep;
  IF v_kept IS DISTINCT FROM v_now AND v_kept IS NOT NULL THEN
    UPDATE assistants SET version = version + 1, updated_at = clock_timestamp() WHERE id = v_experiment.assistant_id;
    INSERT INTO assistant_versions (assistant_id, version, definition)
    SELECT id, version, v_kept FROM assistants WHERE id = v_experiment.assistant_id;
  END IF;
  RETURN 'ended';
END $$;
