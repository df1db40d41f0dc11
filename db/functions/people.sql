-- Who speaks in a conversation: bot → waiting → agent → resolved, and back. Each change happens under the conversation's
-- lock and is decided in a later statement, as the life of a run is (runs.sql). While a conversation is 'waiting' or
-- 'agent' no run of it starts: accept_message stores messages without one, and claim_run ends what it meets.
--
-- Functions that change a conversation for agents return an outcome: 'done', 'not_found', 'conflict' (another agent has
-- it, or its state does not allow this). ended: the runs that ended here, which the caller announces.

DROP FUNCTION IF EXISTS release_left, hand_over, take_over, assign_conversation, reply_as_agent, return_to_bot, resolve_conversation;

-- Notes that devices and agents have to be told of a conversation, and of a message if one is named. The caller tells them
-- after the commit; what it does not tell is owed (shared/delivery/news.ts). The caller holds the lock.
CREATE OR REPLACE FUNCTION note_news(p_conversation bigint, p_message bigint) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  INSERT INTO conversation_news AS news (conversation_id, from_message_id, changed_at)
  VALUES (p_conversation, p_message, clock_timestamp())
  ON CONFLICT (conversation_id) DO UPDATE SET version = news.version + 1, changed_at = clock_timestamp(),
    from_message_id = coalesce(news.from_message_id, excluded.from_message_id), state_changed = true;
END $$;

-- Notes that a user's devices have to be told of a message, and that the conversation's state is as it was. Otherwise as
-- note_news.
CREATE OR REPLACE FUNCTION note_message(p_conversation bigint, p_message bigint) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  INSERT INTO conversation_news AS news (conversation_id, from_message_id, state_changed, changed_at)
  VALUES (p_conversation, p_message, false, clock_timestamp())
  ON CONFLICT (conversation_id) DO UPDATE SET version = news.version + 1, changed_at = clock_timestamp(),
    from_message_id = coalesce(news.from_message_id, excluded.from_message_id);
END $$;

-- Returns the episode of a conversation that has not ended, and begins one where there is none. The caller holds the lock.
CREATE OR REPLACE FUNCTION open_episode(p_conversation bigint) RETURNS bigint LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  v_conversation conversations;
  v_again boolean;
  v_episode bigint;
BEGIN
  SELECT * INTO v_conversation FROM conversations WHERE id = p_conversation;
  IF v_conversation.episode_id IS NOT NULL THEN
    RETURN v_conversation.episode_id;
  END IF;
  v_again := v_conversation.status = 'resolved' OR EXISTS (SELECT FROM episodes WHERE conversation_id = p_conversation);
  -- A conversation that is older than episodes began with its first message.
  INSERT INTO episodes (conversation_id, user_id, assistant_id, reopened, started_at)
  VALUES (p_conversation, v_conversation.user_id, v_conversation.assistant_id, v_again,
    CASE WHEN v_again THEN clock_timestamp() ELSE v_conversation.created_at END)
  RETURNING id INTO v_episode;
  UPDATE conversations SET episode_id = v_episode WHERE id = p_conversation;
  RETURN v_episode;
END $$;

-- Gives a resolved conversation back to the bot, because its user wrote again. The caller holds the lock.
CREATE OR REPLACE FUNCTION reopen_conversation(p_conversation bigint) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  PERFORM open_episode(p_conversation);
  UPDATE conversations SET status = 'bot', status_since = clock_timestamp(), agent_id = NULL, handoff_reason = NULL,
    outcome = NULL
  WHERE id = p_conversation AND status = 'resolved';
  IF FOUND THEN
    PERFORM note_news(p_conversation, NULL);
  END IF;
END $$;

-- Ends the episode of a conversation that its user leaves: p_outcome is 'deleted', 'archived' or 'erased'. Nobody waits any more:
-- what waited or was with an agent is resolved, by no agent. The caller holds the lock.
CREATE OR REPLACE FUNCTION close_conversation(p_conversation bigint, p_outcome text) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  v_conversation conversations;
BEGIN
  SELECT * INTO v_conversation FROM conversations WHERE id = p_conversation;
  IF v_conversation.episode_id IS NOT NULL THEN
    UPDATE episodes SET closed_at = clock_timestamp(), outcome = p_outcome WHERE id = v_conversation.episode_id;
    UPDATE conversations SET episode_id = NULL WHERE id = p_conversation;
  END IF;
  IF v_conversation.status IN ('waiting', 'agent') THEN
    UPDATE conversations SET status = 'resolved', status_since = clock_timestamp(), outcome = p_outcome, waiting_since = NULL
    WHERE id = p_conversation;
    PERFORM note_news(p_conversation, NULL);
  END IF;
END $$;

-- Stores a user's message that stands before a person: no run answers it. Returns its id. The caller holds the lock.
CREATE OR REPLACE FUNCTION store_for_person(
  p_conversation bigint, p_user bigint, p_content text, p_metadata jsonb, p_key text, p_hash text
) RETURNS bigint LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  v_message bigint;
BEGIN
  INSERT INTO messages (conversation_id, user_id, content, message_type, status, metadata)
  VALUES (p_conversation, p_user, p_content, 'user', 'sent', p_metadata) RETURNING id INTO v_message;
  IF p_key IS NOT NULL THEN
    INSERT INTO message_keys (user_id, idempotency_key, request_hash, message_id)
    VALUES (p_user, p_key, p_hash, v_message);
  END IF;
  PERFORM note_news(p_conversation, v_message);
  RETURN v_message;
END $$;

-- Says whether an account is an active agent or administrator.
CREATE OR REPLACE FUNCTION is_agent(p_user bigint) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN EXISTS (SELECT FROM users WHERE id = p_user AND role IN ('agent', 'admin') AND status = 'active');
END $$;

-- Owes agents the news that a conversation waits. Who takes it within seconds spares the others the news.
CREATE OR REPLACE FUNCTION tell_staff(p_conversation bigint) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  PERFORM owe_notification('handoff_waiting', staff.id, '{}', '5 seconds', p_conversation)
  FROM (SELECT id FROM users WHERE role IN ('agent', 'admin') AND status = 'active' ORDER BY id LIMIT 500) AS staff;
END $$;

-- Lets a conversation that an agent has wait for any agent. The caller holds the lock.
CREATE OR REPLACE FUNCTION wait_for_another(p_conversation bigint) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  UPDATE conversations SET status = 'waiting', status_since = clock_timestamp(), agent_id = NULL,
    waiting_since = coalesce(waiting_since, clock_timestamp()), updated_at = clock_timestamp()
  WHERE id = p_conversation;
  PERFORM note_news(p_conversation, NULL);
  PERFORM tell_staff(p_conversation);
END $$;

-- Lets up to p_limit conversations wait again whose agent left: the account was erased or suspended, or is not an agent any
-- more. Returns how many. Their news are owed.
CREATE FUNCTION release_left(p_limit integer) RETURNS integer LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  v_id bigint;
  v_count integer := 0;
BEGIN
  FOR v_id IN SELECT id FROM conversations WHERE status = 'agent' AND deleted_at IS NULL AND NOT is_agent(agent_id)
    ORDER BY id LIMIT p_limit FOR NO KEY UPDATE SKIP LOCKED
  LOOP
    PERFORM wait_for_another(v_id);
    v_count := v_count + 1;
  END LOOP;
  RETURN v_count;
END $$;

-- Lets a conversation wait for a person. Ends the runs that have not started; a running answer goes on, because nobody
-- else speaks yet. Returns the ended runs. The caller holds the lock.
CREATE OR REPLACE FUNCTION wait_for_person(p_conversation bigint, p_by text, p_reason text)
RETURNS bigint[] LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  v_episode bigint := open_episode(p_conversation);
BEGIN
  UPDATE conversations SET status = 'waiting', status_since = clock_timestamp(), waiting_since = clock_timestamp(),
    agent_id = NULL, handoff_reason = p_reason, outcome = NULL, updated_at = clock_timestamp()
  WHERE id = p_conversation;
  UPDATE episodes SET handoff_at = coalesce(handoff_at, clock_timestamp()), handoff_by = coalesce(handoff_by, p_by),
    handoff_reason = coalesce(handoff_reason, p_reason)
  WHERE id = v_episode;
  PERFORM note_news(p_conversation, NULL);
  PERFORM tell_staff(p_conversation);
  RETURN end_idle_runs_of(p_conversation);
END $$;

-- Hands a user's own conversation over. Changes nothing where it waits or an agent has it. No row: the user has no such
-- conversation.
CREATE FUNCTION hand_over(p_conversation bigint, p_user bigint, p_reason text)
RETURNS TABLE (ended bigint[]) LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  v_conversation conversations;
BEGIN
  SELECT * INTO v_conversation FROM conversations
  WHERE id = p_conversation AND user_id = p_user AND deleted_at IS NULL FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    RETURN;
  END IF;
  ended := '{}';
  IF v_conversation.status IN ('bot', 'resolved') THEN
    ended := wait_for_person(p_conversation, 'user', p_reason);
  END IF;
  RETURN NEXT;
END $$;

-- Says whether a run that just ended completes so many unanswered ones in a row that a person should see to it: its
-- assistant's `after_unanswered`. Runs from before the conversation's last change of state do not count.
CREATE OR REPLACE FUNCTION is_stuck(p_run runs) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
DECLARE
  v_handoff jsonb;
  v_limit integer;
BEGIN
  IF p_run.sources <> '[]' OR p_run.finish_reason IS NOT DISTINCT FROM 'content_filter' THEN
    RETURN false;
  END IF;
  v_handoff := assistant_of(p_run.assistant_id, p_run.assistant_version) -> 'handoff';
  v_limit := (v_handoff ->> 'after_unanswered')::integer;
  IF v_limit IS NULL OR NOT (v_handoff ->> 'enabled')::boolean THEN
    RETURN false;
  END IF;
  RETURN v_limit = (SELECT count(*) FILTER (WHERE sources = '[]') FROM (
    SELECT sources FROM runs WHERE conversation_id = p_run.conversation_id AND status = 'completed'
      AND finish_reason IS DISTINCT FROM 'content_filter'
      AND created_at >= coalesce((SELECT status_since FROM conversations WHERE id = p_run.conversation_id), '-infinity')
    ORDER BY id DESC LIMIT v_limit) AS newest);
END $$;

-- Gives a conversation to an agent: from now on the bot is silent. Returns the ended runs; a running one is flagged and
-- its worker ends it. The caller holds the lock.
CREATE OR REPLACE FUNCTION give_to(p_conversation bigint, p_agent bigint) RETURNS bigint[] LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  v_episode bigint := open_episode(p_conversation);
BEGIN
  UPDATE conversations SET status = 'agent', status_since = clock_timestamp(), agent_id = p_agent, outcome = NULL,
    updated_at = clock_timestamp()
  WHERE id = p_conversation;
  UPDATE episodes SET taken_at = coalesce(taken_at, clock_timestamp()), agent_id = p_agent,
    handoff_at = coalesce(handoff_at, clock_timestamp()), handoff_by = coalesce(handoff_by, 'agent')
  WHERE id = v_episode;
  PERFORM note_news(p_conversation, NULL);
  RETURN cancel_runs_of(p_conversation);
END $$;

-- An agent takes a conversation. Of two who take it, one gets it. What an agent has who left may be taken.
CREATE FUNCTION take_over(p_conversation bigint, p_agent bigint)
RETURNS TABLE (outcome text, ended bigint[]) LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  v_conversation conversations;
BEGIN
  SELECT * INTO v_conversation FROM conversations WHERE id = p_conversation AND deleted_at IS NULL FOR NO KEY UPDATE;
  ended := '{}';
  outcome := CASE WHEN v_conversation.id IS NULL THEN 'not_found' WHEN v_conversation.agent_id <> p_agent
    AND v_conversation.status = 'agent' AND is_agent(v_conversation.agent_id) THEN 'conflict' ELSE 'done' END;
  IF outcome = 'done' AND (v_conversation.status <> 'agent' OR v_conversation.agent_id IS DISTINCT FROM p_agent) THEN
    ended := give_to(p_conversation, p_agent);
  END IF;
  RETURN NEXT;
END $$;

-- Gives a conversation to an agent, whoever has it; NULL: lets it wait for any. 'no_agent': the named account is not an active
-- agent or administrator.
CREATE FUNCTION assign_conversation(p_conversation bigint, p_agent bigint)
RETURNS TABLE (outcome text, ended bigint[]) LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  v_conversation conversations;
BEGIN
  SELECT * INTO v_conversation FROM conversations WHERE id = p_conversation AND deleted_at IS NULL FOR NO KEY UPDATE;
  ended := '{}';
  outcome := CASE
    WHEN v_conversation.id IS NULL THEN 'not_found'
    WHEN p_agent IS NULL AND v_conversation.status NOT IN ('waiting', 'agent') THEN 'conflict'
    WHEN p_agent IS NOT NULL AND NOT is_agent(p_agent) THEN 'no_agent'
    ELSE 'done' END;
  IF outcome = 'done' AND p_agent IS NULL AND v_conversation.status = 'agent' THEN
    PERFORM wait_for_another(p_conversation);
  ELSIF outcome = 'done' AND p_agent IS NOT NULL
    AND (v_conversation.status <> 'agent' OR v_conversation.agent_id IS DISTINCT FROM p_agent) THEN
    ended := give_to(p_conversation, p_agent);
  END IF;
  RETURN NEXT;
END $$;

-- Stores an agent's message in a conversation that the agent has taken. 'replayed' (known key, same request) and
-- 'idempotency_key_reused' as in accept_message. Locks the agent's account first, as every sender's is, so that a key is
-- stored once.
CREATE FUNCTION reply_as_agent(p_conversation bigint, p_agent bigint, p_content text, p_key text, p_hash text)
RETURNS TABLE (outcome text, message_id bigint) LANGUAGE plpgsql VOLATILE AS $$
#variable_conflict use_column
DECLARE
  v_conversation conversations;
  v_hash text;
BEGIN
  PERFORM FROM users WHERE id = p_agent FOR NO KEY UPDATE;
  SELECT * INTO v_conversation FROM conversations WHERE id = p_conversation AND deleted_at IS NULL FOR NO KEY UPDATE;
  IF p_key IS NOT NULL THEN
    SELECT request_hash, message_id INTO v_hash, message_id FROM message_keys
    WHERE user_id = p_agent AND idempotency_key = p_key
    UNION ALL SELECT request_hash, message_id FROM runs WHERE user_id = p_agent AND idempotency_key = p_key;
    IF FOUND THEN
      outcome := CASE WHEN v_hash = p_hash THEN 'replayed' ELSE 'idempotency_key_reused' END;
      RETURN NEXT;
      RETURN;
    END IF;
  END IF;
  outcome := CASE
    WHEN v_conversation.id IS NULL THEN 'not_found'
    WHEN v_conversation.status <> 'agent' OR v_conversation.agent_id IS DISTINCT FROM p_agent THEN 'conflict'
    ELSE 'done' END;
  IF outcome = 'done' THEN
    INSERT INTO messages (conversation_id, user_id, agent_id, content, message_type, status)
    VALUES (p_conversation, v_conversation.user_id, p_agent, p_content, 'agent', 'sent') RETURNING id INTO message_id;
    IF p_key IS NOT NULL THEN
      INSERT INTO message_keys (user_id, idempotency_key, request_hash, message_id)
      VALUES (p_agent, p_key, p_hash, message_id);
    END IF;
    UPDATE conversations SET message_count = message_count + 1, waiting_since = NULL, agent_read_id = message_id,
      last_message_at = clock_timestamp(), updated_at = clock_timestamp(),
      duration_seconds = extract(epoch FROM clock_timestamp() - created_at)::integer
    WHERE id = p_conversation;
    UPDATE episodes SET first_reply_at = coalesce(first_reply_at, clock_timestamp()) WHERE id = v_conversation.episode_id;
    PERFORM note_news(p_conversation, message_id);
    PERFORM owe_notification('agent_replied', v_conversation.user_id, '{}', '3 seconds', p_conversation, message_id);
  END IF;
  RETURN NEXT;
END $$;

-- Says whether an agent may return or resolve a conversation. p_any: an administrator may also where another agent has it.
CREATE OR REPLACE FUNCTION may_settle(p_conversation conversations, p_agent bigint, p_any boolean)
RETURNS text LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN CASE WHEN p_conversation.id IS NULL THEN 'not_found' WHEN p_conversation.status = 'agent' AND NOT p_any
    AND p_conversation.agent_id <> p_agent THEN 'conflict' ELSE 'done' END;
END $$;

-- Gives a conversation back to the bot, which answers the user's next message.
CREATE FUNCTION return_to_bot(p_conversation bigint, p_agent bigint, p_any boolean)
RETURNS TABLE (outcome text) LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  v_conversation conversations;
BEGIN
  SELECT * INTO v_conversation FROM conversations WHERE id = p_conversation AND deleted_at IS NULL FOR NO KEY UPDATE;
  outcome := may_settle(v_conversation, p_agent, p_any);
  IF outcome = 'done' AND v_conversation.status = 'resolved' THEN
    outcome := 'conflict';
  ELSIF outcome = 'done' AND v_conversation.status <> 'bot' THEN
    UPDATE conversations SET status = 'bot', status_since = clock_timestamp(), agent_id = NULL, handoff_reason = NULL,
      waiting_since = NULL, updated_at = clock_timestamp()
    WHERE id = p_conversation;
    UPDATE episodes SET returned_at = clock_timestamp() WHERE id = v_conversation.episode_id;
    PERFORM note_news(p_conversation, NULL);
  END IF;
  RETURN NEXT;
END $$;

-- Resolves a conversation and ends its episode. The user's next message reopens it. The agent who resolved it stays named.
CREATE FUNCTION resolve_conversation(p_conversation bigint, p_agent bigint, p_any boolean, p_outcome text)
RETURNS TABLE (outcome text) LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  v_conversation conversations;
  v_episode bigint;
BEGIN
  SELECT * INTO v_conversation FROM conversations WHERE id = p_conversation AND deleted_at IS NULL FOR NO KEY UPDATE;
  outcome := may_settle(v_conversation, p_agent, p_any);
  IF outcome = 'done' AND v_conversation.status <> 'resolved' THEN
    v_episode := open_episode(p_conversation);
    UPDATE episodes SET resolved_at = clock_timestamp(), resolved_by = p_agent, outcome = p_outcome WHERE id = v_episode;
    UPDATE conversations SET status = 'resolved', status_since = clock_timestamp(), agent_id = p_agent, outcome = p_outcome,
      waiting_since = NULL, episode_id = NULL, updated_at = clock_timestamp()
    WHERE id = p_conversation;
    PERFORM note_news(p_conversation, NULL);
  END IF;
  RETURN NEXT;
END $$;
