-- Notes which rollups are to be counted again (analytics.sql counts them), and keeps the totals of deleted rows.

DROP FUNCTION IF EXISTS analytics_changed(text, timestamptz);

-- Says that the quarter hours of some times are to be counted again. NULL stands for no time.
CREATE OR REPLACE FUNCTION analytics_changed(p_part text, VARIADIC p_times timestamptz[]) RETURNS void LANGUAGE sql VOLATILE AS $$
  INSERT INTO analytics_changes (part, start) SELECT DISTINCT p_part, analytics_quarter(time) FROM unnest(p_times) AS time
  WHERE time IS NOT NULL
$$;

-- Says that the quarter hour in which a conversation began is to be counted again.
CREATE OR REPLACE FUNCTION analytics_begun_changed(p_conversation bigint) RETURNS void LANGUAGE sql VOLATILE AS $$
  SELECT analytics_changed('begun', created_at) FROM conversations WHERE id = p_conversation
$$;

-- Triggers on late changes; a message on its way fires none. Changes of what is not counted yet are noted
-- too: nobody reads them, and counting removes them. OLD is NULL where a row is inserted.
CREATE OR REPLACE FUNCTION analytics_message_changed() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
  PERFORM analytics_changed('moments', NEW.created_at, OLD.created_at);
  RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION analytics_run_changed() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
  IF TG_OP = 'UPDATE' AND (OLD.status, OLD.completed_at, OLD.created_at, OLD.started_at, OLD.assistant_id, OLD.language, OLD.model,
      OLD.sources, OLD.prompt_tokens, OLD.completion_tokens, OLD.total_tokens, OLD.first_token_ms)
    IS NOT DISTINCT FROM (NEW.status, NEW.completed_at, NEW.created_at, NEW.started_at, NEW.assistant_id, NEW.language, NEW.model,
      NEW.sources, NEW.prompt_tokens, NEW.completion_tokens, NEW.total_tokens, NEW.first_token_ms) THEN
    RETURN NULL;
  END IF;
  PERFORM analytics_changed('moments', NEW.completed_at, OLD.completed_at);
  PERFORM analytics_begun_changed(NEW.conversation_id);
  RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION analytics_conversation_changed() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
  PERFORM analytics_changed('begun', NEW.created_at);
  IF TG_OP = 'INSERT' THEN
    PERFORM analytics_changed('moments', NEW.created_at);
  ELSIF (OLD.created_at, OLD.language, OLD.channel, OLD.assistant_id)
      IS DISTINCT FROM (NEW.created_at, NEW.language, NEW.channel, NEW.assistant_id) THEN
    -- Other dimensions of all that was said in it.
    PERFORM analytics_changed('begun', OLD.created_at), analytics_changed('moments', OLD.created_at, NEW.created_at);
    PERFORM analytics_changed('moments', quarter) FROM (
      SELECT analytics_quarter(m.created_at) FROM messages m WHERE m.conversation_id = NEW.id AND m.message_type = 'user'
      UNION SELECT analytics_quarter(r.completed_at) FROM runs r WHERE r.conversation_id = NEW.id AND r.completed_at IS NOT NULL
      UNION SELECT analytics_quarter(f.created_at) FROM messages m JOIN message_feedback f ON f.message_id = m.id
        WHERE m.conversation_id = NEW.id
      UNION SELECT analytics_quarter(e.handoff_at) FROM episodes e WHERE e.conversation_id = NEW.id) AS of_it (quarter);
  END IF;
  RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION analytics_feedback_changed() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
  PERFORM analytics_changed('moments', NEW.created_at, OLD.created_at);
  PERFORM analytics_begun_changed(NEW.conversation_id);
  RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION analytics_rating_changed() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
  PERFORM analytics_begun_changed(NEW.conversation_id);
  RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION analytics_episode_changed() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
  PERFORM analytics_changed('moments', NEW.handoff_at, OLD.handoff_at);
  PERFORM analytics_begun_changed(NEW.conversation_id);
  RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION analytics_user_changed() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
  PERFORM analytics_changed('moments', NEW.created_at, OLD.created_at);
  RETURN NULL;
END $$;

-- Triggers on deletions keep the totals: erasure and retention take the rows, never the counts.

-- Notes what became of a conversation before the first of its messages is deleted.
CREATE OR REPLACE FUNCTION analytics_message_deleted() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
  v_of conversations;
BEGIN
  SELECT * INTO v_of FROM conversations WHERE id = OLD.conversation_id;
  IF v_of.fate IS NULL AND current_setting('parley.deleting', true) IS DISTINCT FROM v_of.id::text THEN
    UPDATE conversations SET fate = (SELECT jsonb_build_object('answered', answered, 'rated', rated)
      FROM analytics_conversations(ARRAY[v_of.id])) WHERE id = v_of.id;
  END IF;
  IF OLD.message_type = 'user' THEN
    INSERT INTO analytics_cells (grain, start, assistant_id, language, model, channel, outcome, messages_in)
    VALUES ('k', analytics_quarter(OLD.created_at), coalesce(v_of.assistant_id, 0), coalesce(v_of.language, 'en'), '',
      coalesce(v_of.channel, 'api'), '', 1);
    INSERT INTO analytics_people (grain, start, assistant_id, channel, person)
    VALUES ('k', analytics_quarter(OLD.created_at), coalesce(v_of.assistant_id, 0), coalesce(v_of.channel, 'api'), OLD.user_id);
    PERFORM analytics_changed('moments', OLD.created_at);
  END IF;
  RETURN OLD;
END $$;

CREATE OR REPLACE FUNCTION analytics_run_deleted() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
  v_start CONSTANT timestamptz := analytics_quarter(OLD.completed_at);
  v_assistant CONSTANT bigint := coalesce(OLD.assistant_id, 0);
  v_channel CONSTANT text := coalesce((SELECT channel FROM conversations WHERE id = OLD.conversation_id), 'api');
BEGIN
  IF v_start IS NULL THEN
    RETURN OLD;
  END IF;
  INSERT INTO analytics_cells (grain, start, assistant_id, language, model, channel, outcome, answers, from_knowledge, unanswered,
    prompt_tokens, completion_tokens, total_tokens)
  VALUES ('k', v_start, v_assistant, OLD.language, coalesce(OLD.model, ''),
    v_channel, OLD.status, 1,
    (OLD.status = 'completed' AND OLD.sources <> '[]')::integer, (OLD.status = 'completed' AND OLD.sources = '[]')::integer,
    coalesce(OLD.prompt_tokens, 0), coalesce(OLD.completion_tokens, 0), coalesce(OLD.total_tokens, 0));
  INSERT INTO analytics_spread
  SELECT 'k', v_start, v_assistant, measure, key, 1, v_channel
  FROM analytics_measures_of(OLD.status, OLD.first_token_ms, OLD.created_at, OLD.started_at, OLD.completed_at, OLD.sources);
  PERFORM analytics_changed('moments', OLD.completed_at);
  RETURN OLD;
END $$;

-- Deletes the conversation's messages itself, while their conversation is still there to say what they belonged to.
CREATE OR REPLACE FUNCTION analytics_conversation_deleted() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
  INSERT INTO analytics_cells (grain, start, assistant_id, language, model, channel, outcome, conversations)
  VALUES ('k', analytics_quarter(OLD.created_at), coalesce(OLD.assistant_id, 0), OLD.language, '', OLD.channel, '', 1);
  INSERT INTO analytics_cells (grain, start, assistant_id, language, model, channel, outcome, handoffs)
  SELECT 'k', analytics_quarter(handoff_at), coalesce(OLD.assistant_id, 0), OLD.language, '', OLD.channel, '', 1
  FROM episodes WHERE conversation_id = OLD.id AND handoff_at IS NOT NULL;
  PERFORM analytics_changed('moments', handoff_at) FROM episodes WHERE conversation_id = OLD.id;
  INSERT INTO analytics_begun SELECT 'k', counted.* FROM analytics_begun_in(ARRAY[OLD.id],
    make_interval(hours => coalesce((SELECT quiet_h FROM analytics_state WHERE part = 'begun'), 24))) AS counted;
  PERFORM analytics_changed('moments', OLD.created_at), analytics_changed('begun', OLD.created_at);
  PERFORM set_config('parley.deleting', OLD.id::text, true);
  DELETE FROM messages WHERE conversation_id = OLD.id;
  RETURN OLD;
END $$;

-- A rating that its user takes back is gone; one that went with its message stays counted.
CREATE OR REPLACE FUNCTION analytics_feedback_deleted() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM messages WHERE id = OLD.message_id) THEN
    INSERT INTO analytics_cells (grain, start, assistant_id, language, model, channel, outcome, rated_up, rated_down)
    SELECT 'k', analytics_quarter(OLD.created_at), coalesce(assistant_id, 0), language, '', channel, '',
      (OLD.rating = 'up')::integer, (OLD.rating = 'down')::integer
    FROM conversations WHERE id = OLD.conversation_id;
  END IF;
  PERFORM analytics_changed('moments', OLD.created_at);
  PERFORM analytics_begun_changed(OLD.conversation_id);
  RETURN OLD;
END $$;

-- Runs before the rest of the user is deleted. In counts of different people, a random number takes the user's place.
CREATE OR REPLACE FUNCTION analytics_user_deleted() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
  v_nobody CONSTANT bigint := -floor(random() * 9e15)::bigint - 1;
BEGIN
  INSERT INTO analytics_spread VALUES ('k', analytics_quarter(OLD.created_at), 0, 'users_new', 0, 1);
  PERFORM analytics_changed('moments', OLD.created_at);
  DELETE FROM conversations WHERE user_id = OLD.id;
  -- Waits for a count that is under way, which would write the id once more.
  PERFORM FROM analytics_state WHERE part = 'moments' FOR UPDATE;
  UPDATE analytics_people SET person = v_nobody WHERE person = OLD.id;
  RETURN OLD;
END $$;
