-- The life of a run: accept → claim → finish, and the ways to end it from outside.
--
-- Every function that adds, ends or promotes a run locks its conversation first and decides in a later statement.
-- A single statement that waited for the lock would continue with its snapshot from before the wait. Inside a
-- VOLATILE function each statement takes a new snapshot, and the whole is one round trip. All are PL/pgSQL, which
-- plans a statement once a connection; an SQL function is planned at each call. Time is clock_timestamp(): now()
-- is the start of the transaction, which is old after a wait.

-- Drops the functions first: one whose columns changed cannot be replaced. The file runs as one transaction.
DROP FUNCTION IF EXISTS promote_next, accept_message, claim_run, finish_run, cancel_run;

-- Locks the conversation of a run against everything that adds, ends or promotes runs in it. Returns its id.
CREATE OR REPLACE FUNCTION lock_conversation_of(p_run bigint) RETURNS bigint LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  RETURN (SELECT id FROM conversations WHERE id = (SELECT conversation_id FROM runs WHERE id = p_run)
    FOR NO KEY UPDATE);
END $$;

-- Returns the rank of a user's next run. Queues serve low ranks first: a thousand messages of one user delay
-- another user's first message by one slot and not by a thousand.
CREATE OR REPLACE FUNCTION next_rank(p_user bigint) RETURNS integer LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  RETURN (SELECT 1 + count(*)::integer FROM (
    SELECT FROM runs WHERE user_id = p_user AND status IN ('queued', 'in_progress') LIMIT 1000) AS active);
END $$;

-- Makes the oldest waiting run the head of a conversation without one. Returns the run to deliver, {run_id,
-- generation, rank}, or NULL. The caller holds the lock.
CREATE OR REPLACE FUNCTION promote_next(p_conversation bigint) RETURNS jsonb LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  v_next jsonb;
BEGIN
  UPDATE runs SET status = 'queued', generation = generation + 1, queued_at = clock_timestamp(),
    rank = next_rank(user_id)
  WHERE id = (SELECT min(id) FROM runs WHERE conversation_id = p_conversation AND status = 'waiting')
    AND NOT EXISTS (SELECT FROM runs WHERE conversation_id = p_conversation AND status IN ('queued', 'in_progress'))
  RETURNING jsonb_build_object('run_id', id, 'generation', generation, 'rank', rank) INTO v_next;
  RETURN v_next;
END $$;

-- Ends runs that the caller does not hold. A higher attempt fences the worker that still holds a run. last_seq
-- leaves the terminal event the first number of the new attempt, which is at least 2. The caller holds the lock.
CREATE OR REPLACE FUNCTION end_runs(p_runs bigint[], p_status text, p_code text, p_message text)
RETURNS void LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  -- The first delivery of a run tells its question (accept_message). A run that ends before that may never have been delivered.
  PERFORM note_message(r.conversation_id, r.message_id) FROM runs r JOIN messages q ON q.id = r.message_id AND q.run_id = r.id
  WHERE r.id = ANY (p_runs) AND r.attempt = 0 AND r.generation = 1;
  WITH ended AS (
    UPDATE runs SET status = p_status, error_code = p_code, error_message = p_message,
      attempt = greatest(attempt + 1, 2), last_seq = greatest(attempt + 1, 2) * 1000000::bigint - 1,
      lease_until = NULL, not_before = NULL, completed_at = clock_timestamp()
    WHERE id = ANY (p_runs) RETURNING reply_id
  )
  UPDATE messages SET status = p_status WHERE id IN (SELECT reply_id FROM ended);
END $$;

-- Cancels the runs of a conversation that have not started: waiting and queued ones. Returns the ended runs. The caller holds
-- the lock.
CREATE OR REPLACE FUNCTION end_idle_runs_of(p_conversation bigint) RETURNS bigint[] LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  v_ended bigint[];
BEGIN
  -- Waits for releases, which change the status without the conversation's lock.
  PERFORM FROM runs WHERE conversation_id = p_conversation AND status IN ('waiting', 'queued', 'in_progress')
  ORDER BY id FOR UPDATE;
  SELECT coalesce(array_agg(id), '{}') INTO v_ended FROM runs
  WHERE conversation_id = p_conversation AND status IN ('waiting', 'queued');
  PERFORM end_runs(v_ended, 'cancelled', NULL, NULL);
  RETURN v_ended;
END $$;

-- Cancels every run of a conversation. Waiting and queued ones end here; a running one is flagged and its worker
-- ends it. Returns the ended runs. The caller holds the lock.
CREATE OR REPLACE FUNCTION cancel_runs_of(p_conversation bigint) RETURNS bigint[] LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  v_ended bigint[] := end_idle_runs_of(p_conversation);
BEGIN
  UPDATE runs SET cancel_requested_at = coalesce(cancel_requested_at, clock_timestamp())
  WHERE conversation_id = p_conversation AND status = 'in_progress';
  RETURN v_ended;
END $$;

-- Returns the assistant that answers next in a conversation: the conversation's own, or else the default. A row of NULLs:
-- neither exists, and the run uses the system prompt only.
CREATE OR REPLACE FUNCTION assistant_now(p_assistant bigint) RETURNS assistants LANGUAGE plpgsql STABLE AS $$
DECLARE
  v_assistant assistants;
BEGIN
  SELECT * INTO v_assistant FROM assistants
  WHERE CASE WHEN p_assistant IS NULL THEN is_default ELSE id = p_assistant END;
  RETURN v_assistant;
END $$;

-- Returns the assistant's fields that a stage needs; NULL: no assistant answers the run.
CREATE OR REPLACE FUNCTION assistant_of(p_assistant bigint, p_version integer) RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
BEGIN
  IF p_assistant IS NULL THEN
    RETURN NULL;
  END IF;
  RETURN (SELECT definition - '{greeting,suggested_questions}'::text[] || jsonb_build_object('id', p_assistant, 'version', p_version)
    FROM assistant_versions WHERE assistant_id = p_assistant AND version = p_version);
END $$;

-- Stores a message, the empty row of its reply, and its run. The outcome is 'accepted', 'replayed' (known key, same request),
-- or a refusal that stores nothing: 'unauthenticated', 'idempotency_key_reused', 'not_found', 'consent_required',
-- 'assistant_archived', 'run_in_progress', 'too_many_waiting_runs'. next is the run to deliver, as in promote_next. ended are
-- the runs that an interrupt cancelled, which the caller announces. p_assistant is for a conversation that begins here. While a
-- person is asked for or has the conversation, a message is stored without reply and run, which are NULL then. news: the caller
-- tells devices and agents of the conversation (people.sql). joined: the message joined a run (joins.sql). p_session: the
-- session that sends; NULL: the caller has checked it. p_tells: the caller tells the user's devices of a message whose run it
-- delivers. The reconciler does so where it delivers that run first. told_of_at is the message's time then, and nothing is
-- noted. NULL: what is to be told is noted.
CREATE OR REPLACE FUNCTION accept_message(
  p_user bigint, p_conversation bigint, p_content text, p_language text, p_metadata jsonb, p_strategy text,
  p_key text, p_hash text, p_request text, p_max_waiting integer, p_assistant bigint DEFAULT NULL,
  p_channel text DEFAULT 'api', p_session bigint DEFAULT NULL, p_tells boolean DEFAULT false
) RETURNS TABLE (outcome text, run_id bigint, conversation_id bigint, message_id bigint, reply_id bigint,
  next jsonb, ended bigint[], news boolean, joined boolean, told_of_at timestamptz)
LANGUAGE plpgsql VOLATILE SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
DECLARE
  v_joined runs;
  v_owner users;
  v_conversation conversations;
  v_assistant assistants;
  v_person boolean;
  v_head boolean;
  v_ended bigint[] := '{}';
  v_rank integer := 1;
  v_run bigint;
  v_ids bigint[];
  v_at timestamptz;
BEGIN
  -- Locks the user before the conversation. Messages of one user are counted and ranked one by one, and nobody
  -- else can store a key of theirs meanwhile.
  SELECT * INTO v_owner FROM users WHERE id = p_user FOR NO KEY UPDATE;
  IF p_conversation IS NOT NULL THEN
    SELECT * INTO v_conversation FROM conversations
    WHERE id = p_conversation AND user_id = p_user AND deleted_at IS NULL FOR NO KEY UPDATE;
  END IF;

  IF p_session IS NOT NULL AND (v_owner.status IS DISTINCT FROM 'active' OR NOT EXISTS (SELECT FROM sessions s
    WHERE s.id = p_session AND s.user_id = p_user AND s.revoked_at IS NULL AND s.expires_at > clock_timestamp())) THEN
    outcome := 'unauthenticated';
    RETURN NEXT;
    RETURN;
  END IF;

  IF p_key IS NOT NULL THEN
    RETURN QUERY SELECT s.*, NULL::timestamptz FROM stored_under(p_user, p_key, p_hash) AS s;
    IF FOUND THEN
      RETURN;
    END IF;
  END IF;

  v_person := coalesce(v_conversation.status IN ('waiting', 'agent'), false);
  IF p_strategy = 'coalesce' AND NOT v_person THEN
    v_joined := run_to_join(v_conversation.id);
  END IF;
  v_assistant := assistant_now(coalesce(v_conversation.assistant_id, p_assistant));
  outcome := CASE
    WHEN v_owner.status <> 'active' THEN 'unauthenticated'
    WHEN NOT v_owner.data_processing_consent THEN 'consent_required'
    WHEN p_conversation IS NOT NULL AND v_conversation.id IS NULL THEN 'not_found'
    WHEN p_assistant IS NOT NULL AND v_assistant.id IS NULL THEN 'not_found'
    WHEN p_conversation IS NULL AND v_assistant.is_archived THEN 'assistant_archived'
    WHEN v_person THEN NULL
    WHEN p_strategy = 'reject' AND EXISTS (SELECT FROM runs WHERE conversation_id = p_conversation
      AND status IN ('waiting', 'queued', 'in_progress')) THEN 'run_in_progress'
    WHEN v_joined.id IS NOT NULL THEN CASE WHEN is_full(v_joined, p_content) THEN 'too_many_waiting_runs' END
    WHEN (SELECT count(*) FROM (SELECT FROM runs WHERE user_id = p_user AND status IN ('waiting', 'queued')
      AND NOT (p_strategy = 'interrupt' AND conversation_id IS NOT DISTINCT FROM p_conversation)
      LIMIT p_max_waiting) AS idle) >= p_max_waiting THEN 'too_many_waiting_runs'
  END;
  IF outcome IS NOT NULL THEN
    RETURN NEXT;
    RETURN;
  END IF;
  IF p_conversation IS NULL THEN
    INSERT INTO conversations (user_id, language, assistant_id, channel, message_count, episode_id)
    VALUES (p_user, coalesce(p_language, v_owner.language), v_assistant.id,
      CASE WHEN v_owner.external_id IS NULL THEN p_channel ELSE 'widget' END, 2,
      nextval(pg_get_serial_sequence('episodes', 'id'))) RETURNING * INTO v_conversation;
    INSERT INTO episodes (id, conversation_id, user_id, assistant_id)
    VALUES (v_conversation.episode_id, v_conversation.id, p_user, v_assistant.id);
    v_assistant.version := join_experiment(v_conversation.id, v_assistant.id, v_assistant.version);
  ELSE
    v_assistant.version := version_in(v_conversation.experiment_id, v_conversation.experiment_version, v_assistant.version);
    UPDATE conversations SET message_count = message_count + CASE WHEN v_person OR v_joined.id IS NOT NULL THEN 1 ELSE 2 END, is_active = true,
      waiting_since = CASE WHEN v_person THEN coalesce(waiting_since, clock_timestamp()) END,
      last_message_at = clock_timestamp(), updated_at = clock_timestamp(),
      duration_seconds = extract(epoch FROM clock_timestamp() - created_at)::integer
    WHERE id = p_conversation;
    IF v_conversation.episode_id IS NULL THEN
      PERFORM reopen_conversation(p_conversation);
    END IF;
  END IF;
  IF p_strategy = 'interrupt' THEN
    v_ended := cancel_runs_of(v_conversation.id);
  END IF;
  IF v_person THEN
    message_id := store_for_person(v_conversation.id, p_user, p_content, p_metadata, p_key, p_hash);
    RETURN QUERY SELECT 'accepted', NULL::bigint, v_conversation.id, message_id, NULL::bigint, NULL::jsonb, v_ended, true,
      false, NULL::timestamptz;
    RETURN;
  END IF;
  IF v_joined.id IS NOT NULL THEN
    RETURN QUERY SELECT j.*, true, true, NULL::timestamptz
    FROM join_run(v_joined, p_content, p_language, p_metadata, p_key, p_hash) AS j;
    RETURN;
  END IF;
  -- Draws the id under the lock, so that the runs of a conversation are numbered in the order of their messages.
  v_run := nextval(pg_get_serial_sequence('runs', 'id'));
  v_head := NOT EXISTS (SELECT FROM runs WHERE conversation_id = v_conversation.id
    AND status IN ('queued', 'in_progress'));
  IF v_head THEN
    v_rank := next_rank(p_user);
  END IF;

  WITH stored AS (
    INSERT INTO messages (conversation_id, user_id, run_id, content, message_type, status, metadata)
    VALUES (v_conversation.id, p_user, v_run, p_content, 'user', 'sent', p_metadata),
      (v_conversation.id, p_user, v_run, '', 'assistant', 'pending', '{}') RETURNING id, created_at)
  SELECT array_agg(id ORDER BY id), min(created_at) INTO v_ids, v_at FROM stored;
  INSERT INTO runs (id, user_id, conversation_id, message_id, reply_id, status, language, idempotency_key,
    request_hash, request_id, generation, queued_at, rank, assistant_id, assistant_version)
  VALUES (v_run, p_user, v_conversation.id, v_ids[1], v_ids[2],
    CASE WHEN v_head THEN 'queued' ELSE 'waiting' END, coalesce(p_language, v_conversation.language), p_key,
    p_hash, p_request, CASE WHEN v_head THEN 1 ELSE 0 END, CASE WHEN v_head THEN clock_timestamp() END, v_rank,
    v_assistant.id, v_assistant.version);
  IF NOT (v_head AND p_tells) THEN
    PERFORM note_message(v_conversation.id, v_ids[1]);
  END IF;

  RETURN QUERY SELECT 'accepted', v_run, v_conversation.id, v_ids[1], v_ids[2],
    CASE WHEN v_head THEN jsonb_build_object('run_id', v_run, 'generation', 1, 'rank', v_rank) END, v_ended,
    NOT (v_head AND p_tells) OR p_conversation IS NOT NULL AND v_conversation.episode_id IS NULL, false,
    CASE WHEN v_head AND p_tells THEN v_at END;
END $$;

-- Says whether texts of a conversation may go to the provider now. Intake asks too, but a message may wait for
-- long: each stage asks again before it sends a text.
CREATE OR REPLACE FUNCTION may_be_sent(p_user bigint, p_conversation bigint) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN EXISTS (SELECT FROM users WHERE id = p_user AND status = 'active' AND data_processing_consent)
    AND EXISTS (SELECT FROM conversations WHERE id = p_conversation AND deleted_at IS NULL);
END $$;

-- Says whether a run of a conversation may start: its texts may be sent, and no person is asked for or has it.
CREATE OR REPLACE FUNCTION may_be_answered(p_user bigint, p_conversation bigint) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN EXISTS (SELECT FROM users WHERE id = p_user AND status = 'active' AND data_processing_consent)
    AND EXISTS (SELECT FROM conversations
      WHERE id = p_conversation AND deleted_at IS NULL AND status NOT IN ('waiting', 'agent'));
END $$;

-- Claims a run for one attempt. The outcomes:
-- 'claimed': attempt is the caller's, and the row holds all that answering needs.
-- 'busy': try again at retry_at. Another worker's lease or a provider's Retry-After is still running, or the run
-- needs a model and no model may be called for p_hold_ms.
-- 'ended': this call ended the run (cancelled before it began, not to be answered any more, or crashed too often).
-- The caller announces it and delivers next.
-- 'unprepared': what the stages stored is not of all messages that joined. The caller delivers next.
-- 'gone': nothing to do.
-- p_generation is the caller's delivery; NULL: the previous release calls, which does not know it.
CREATE OR REPLACE FUNCTION claim_run(p_run bigint, p_lease_ms integer, p_crash_limit integer, p_hold_ms integer DEFAULT 0,
  p_generation integer DEFAULT NULL)
RETURNS TABLE (outcome text, attempt integer, retry_at timestamptz, next jsonb, run_id bigint, user_id bigint,
  conversation_id bigint, message_id bigint, reply_id bigint, request_id text, status text, retries integer,
  language text, question text, title text, created_at timestamptz, queued_at timestamptz, moderation jsonb, context jsonb,
  assistant jsonb, parts text[])
LANGUAGE plpgsql VOLATILE AS $$
#variable_conflict use_column
DECLARE
  v_conversation bigint := lock_conversation_of(p_run);
  v_run runs;
  v_crashes integer;
  v_cancelled boolean;
BEGIN
  SELECT * INTO v_run FROM runs WHERE id = p_run AND status IN ('queued', 'in_progress') FOR UPDATE;
  IF NOT FOUND THEN
    outcome := 'gone';
    RETURN NEXT;
    RETURN;
  END IF;

  request_id := v_run.request_id;
  user_id := v_run.user_id;
  retry_at := coalesce(v_run.lease_until, v_run.not_before);
  IF retry_at > clock_timestamp() THEN
    outcome := 'busy';
    RETURN NEXT;
    RETURN;
  END IF;

  v_crashes := v_run.crashes + (v_run.status = 'in_progress')::integer;
  v_cancelled := v_run.cancel_requested_at IS NOT NULL OR NOT may_be_answered(v_run.user_id, v_conversation);
  IF v_cancelled OR v_crashes >= p_crash_limit THEN
    IF v_cancelled THEN
      PERFORM end_runs(ARRAY[p_run], 'cancelled', NULL, NULL);
    ELSE
      UPDATE runs SET crashes = v_crashes WHERE id = p_run;
      PERFORM end_runs(ARRAY[p_run], 'failed', 'crashed', 'The worker crashed too often while answering.');
    END IF;
    outcome := 'ended';
    next := promote_next(v_conversation);
    RETURN NEXT;
    RETURN;
  END IF;
  IF v_run.joined_ids <> '{}' AND v_run.attempt = 0 THEN
    SELECT c.outcome, c.retry_at, c.next INTO outcome, retry_at, next FROM check_joins(v_run, p_generation) AS c;
    IF outcome IS NOT NULL THEN
      RETURN NEXT;
      RETURN;
    END IF;
  END IF;
  IF p_hold_ms > 0 AND v_run.context IS NOT NULL AND NOT (v_run.moderation ->> 'flagged')::boolean THEN
    outcome := 'busy';
    retry_at := clock_timestamp() + p_hold_ms * interval '1 ms';
    RETURN NEXT;
    RETURN;
  END IF;

  UPDATE runs SET status = 'in_progress', attempt = attempt + 1, crashes = v_crashes, not_before = NULL,
    lease_until = clock_timestamp() + p_lease_ms * interval '1 ms',
    started_at = coalesce(started_at, clock_timestamp())
  WHERE id = p_run RETURNING * INTO v_run;
  UPDATE messages SET status = 'streaming' WHERE id = v_run.reply_id;
  RETURN QUERY SELECT 'claimed', v_run.attempt, NULL::timestamptz, NULL::jsonb, p_run, v_run.user_id,
    v_conversation, v_run.message_id, v_run.reply_id, v_run.request_id, v_run.status, v_run.retries, v_run.language,
    coalesce(array_to_string(p.parts, E'\n\n'), q.content), c.title, v_run.created_at, v_run.queued_at, v_run.moderation,
    v_run.context, assistant_of(v_run.assistant_id, v_run.assistant_version), p.parts
  FROM messages q JOIN conversations c ON c.id = v_conversation
  CROSS JOIN LATERAL (SELECT parts_of(v_run.message_id, v_run.joined_ids) AS parts) p WHERE q.id = v_run.message_id;
END $$;

-- Ends a run that the caller holds, and returns the ended run. No row: the fence is lost, and nothing changed.
-- p_outcome: status, content, finish_reason, model, parameters, usage {prompt_tokens, completion_tokens,
-- total_tokens}, error {code, message}, sources, title, first_token_ms, filtered (keeps question and reply out of
-- later prompts), handoff {reason} (the model asks for a person). An earlier cancel wins over the outcome's status.
-- A completed run may hand its conversation over: as the model asks, or after too many unanswered questions. Then nothing is
-- promoted, ended are the runs that waited behind it, and news says that the caller tells of the conversation.
CREATE OR REPLACE FUNCTION finish_run(p_run bigint, p_attempt integer, p_last_seq bigint, p_outcome jsonb)
RETURNS TABLE (next jsonb, id bigint, user_id bigint, conversation_id bigint, reply_id bigint, status text, attempt integer,
  last_seq bigint, content text, sources jsonb, usage jsonb, finish_reason text, error jsonb, completed_at timestamptz,
  ended bigint[], news boolean)
LANGUAGE plpgsql VOLATILE AS $$
#variable_conflict use_column
DECLARE
  v_conversation bigint := lock_conversation_of(p_run);
  v_usage jsonb := p_outcome -> 'usage';
  v_run runs;
  v_status text;
  v_by text;
  v_ended bigint[] := '{}';
BEGIN
  UPDATE runs SET
    status = CASE WHEN cancel_requested_at IS NULL THEN p_outcome ->> 'status' ELSE 'cancelled' END,
    error_code = CASE WHEN cancel_requested_at IS NULL THEN p_outcome #>> '{error,code}' END,
    error_message = CASE WHEN cancel_requested_at IS NULL THEN p_outcome #>> '{error,message}' END,
    finish_reason = p_outcome ->> 'finish_reason', model = p_outcome ->> 'model',
    parameters = nullif(p_outcome -> 'parameters', 'null'),
    prompt_tokens = (v_usage ->> 'prompt_tokens')::integer,
    completion_tokens = (v_usage ->> 'completion_tokens')::integer,
    total_tokens = (v_usage ->> 'total_tokens')::integer,
    first_token_ms = (p_outcome ->> 'first_token_ms')::integer,
    sources = CASE WHEN cancel_requested_at IS NULL THEN coalesce(p_outcome -> 'sources', '[]') ELSE '[]' END,
    last_seq = p_last_seq, lease_until = NULL, completed_at = clock_timestamp()
  WHERE id = p_run AND attempt = p_attempt AND status = 'in_progress'
  RETURNING * INTO v_run;
  IF NOT FOUND THEN
    RETURN;
  END IF;

  UPDATE messages SET
    content = p_outcome ->> 'content', model_used = v_run.model, tokens_used = v_run.completion_tokens,
    status = CASE v_run.status WHEN 'failed' THEN 'failed' WHEN 'cancelled' THEN 'cancelled' ELSE 'sent' END,
    in_context = NOT coalesce((p_outcome ->> 'filtered')::boolean, false),
    response_time_ms = extract(epoch FROM clock_timestamp() - v_run.created_at) * 1000
  WHERE id = v_run.reply_id;
  IF (p_outcome ->> 'filtered')::boolean THEN
    UPDATE messages SET in_context = false WHERE id = v_run.message_id OR id = ANY (v_run.joined_ids);
  END IF;
  UPDATE conversations SET title = coalesce(title, p_outcome ->> 'title'),
    total_tokens = total_tokens + coalesce(v_run.total_tokens, 0),
    last_message_at = clock_timestamp(), updated_at = clock_timestamp(),
    duration_seconds = extract(epoch FROM clock_timestamp() - created_at)::integer
  WHERE id = v_conversation RETURNING status INTO v_status;
  IF v_run.status = 'completed' AND v_status = 'bot' THEN
    v_by := CASE WHEN jsonb_typeof(p_outcome -> 'handoff') = 'object' THEN 'model' WHEN is_stuck(v_run) THEN 'unanswered' END;
    IF v_by IS NOT NULL THEN
      v_ended := wait_for_person(v_conversation, v_by, coalesce(p_outcome #>> '{handoff,reason}', v_by));
    END IF;
  END IF;
  -- A device that shows the answer says so within three seconds, and nobody is told (markMessage).
  IF v_run.status IN ('completed', 'incomplete') THEN
    PERFORM owe_notification('answer_ready', v_run.user_id, '{}', '3 seconds', v_conversation, v_run.reply_id);
  END IF;
  RETURN QUERY SELECT promote_next(v_conversation), p_run, v_run.user_id, v_conversation, v_run.reply_id, v_run.status,
    v_run.attempt, v_run.last_seq, p_outcome ->> 'content', v_run.sources, nullif(v_usage, 'null'), v_run.finish_reason,
    CASE v_run.status WHEN 'failed' THEN p_outcome -> 'error' END, v_run.completed_at, v_ended, v_by IS NOT NULL;
END $$;

-- Ends a run whose statements ran into their time limits p_limit times: as failed, or as cancelled where that was asked for. No
-- row: nothing changed. The fence decides: what seemed to time out may have been committed, and then the run is not the
-- caller's any more. p_attempt: the caller's attempt, whose text p_content stays. NULL: the caller could not claim the run, and
-- nobody else may hold it.
CREATE OR REPLACE FUNCTION fail_slow_run(p_run bigint, p_attempt integer, p_content text, p_limit integer)
RETURNS TABLE (next jsonb) LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  v_conversation bigint := lock_conversation_of(p_run);
  v_run runs;
BEGIN
  SELECT * INTO v_run FROM runs WHERE id = p_run AND status IN ('queued', 'in_progress') AND timeouts >= p_limit
    AND CASE WHEN p_attempt IS NULL THEN lease_until IS NULL OR lease_until < clock_timestamp()
      ELSE attempt = p_attempt AND status = 'in_progress' END
  FOR UPDATE;
  IF NOT FOUND THEN
    RETURN;
  END IF;
  UPDATE messages SET content = p_content WHERE id = v_run.reply_id AND p_content IS NOT NULL;
  IF v_run.cancel_requested_at IS NULL THEN
    PERFORM end_runs(ARRAY[p_run], 'failed', 'database_timeout', 'The database took too long to store the answer.');
  ELSE
    PERFORM end_runs(ARRAY[p_run], 'cancelled', NULL, NULL);
  END IF;
  next := promote_next(v_conversation);
  RETURN NEXT;
END $$;

-- Cancels a user's run. No row: the user has no such run. ended: this call ended it, and the caller announces it
-- and delivers next. An ended run stays as it is; a running one is flagged for its worker.
CREATE OR REPLACE FUNCTION cancel_run(p_run bigint, p_user bigint)
RETURNS TABLE (ended boolean, next jsonb) LANGUAGE plpgsql VOLATILE AS $$
#variable_conflict use_column
DECLARE
  v_conversation bigint := lock_conversation_of((SELECT id FROM runs WHERE id = p_run AND user_id = p_user));
  v_run runs;
BEGIN
  SELECT * INTO v_run FROM runs WHERE id = p_run AND user_id = p_user FOR UPDATE;
  IF NOT FOUND THEN
    RETURN;
  END IF;
  IF v_run.status IN ('waiting', 'queued') THEN
    PERFORM end_runs(ARRAY[p_run], 'cancelled', NULL, NULL);
    RETURN QUERY SELECT true, promote_next(v_conversation);
    RETURN;
  END IF;
  UPDATE runs SET cancel_requested_at = coalesce(cancel_requested_at, clock_timestamp())
  WHERE id = p_run AND status = 'in_progress';
  RETURN QUERY SELECT false, NULL::jsonb;
END $$;
