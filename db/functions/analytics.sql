-- Rollups of analytics. Two parts: 'moments' are facts that have a time of their own (a message, the end of a run, a
-- rating of a reply). 'begun' says what became of the conversations that began in a quarter hour. A rollup is counted
-- from the rows and replaced; nothing is ever added to one. docs/analytics.md defines the figures, analytics_changes.sql says
-- what is counted again.

DROP FUNCTION IF EXISTS analytics_moments, analytics_spreads, analytics_measures, analytics_conversations, analytics_begun_in;
DROP FUNCTION IF EXISTS analytics_count_moments(timestamptz, timestamptz[]);

CREATE OR REPLACE FUNCTION analytics_quarter(p_time timestamptz) RETURNS timestamptz LANGUAGE sql IMMUTABLE AS $$
  SELECT date_bin(interval '15 minutes', p_time, timestamptz '2000-01-01 00:00:00+00')
$$;

CREATE OR REPLACE FUNCTION analytics_day(p_time timestamptz) RETURNS timestamptz LANGUAGE sql IMMUTABLE AS $$
  SELECT date_bin(interval '1 day', p_time, timestamptz '2000-01-01 00:00:00+00')
$$;

-- Returns the Monday on which a time's week begins.
CREATE OR REPLACE FUNCTION analytics_week(p_time timestamptz) RETURNS timestamptz LANGUAGE sql IMMUTABLE AS $$
  SELECT date_bin(interval '7 days', p_time, timestamptz '2000-01-03 00:00:00+00')
$$;

-- Returns the step of a logarithmic scale that a number of ms belongs to. Steps grow by 1.08: their middle,
-- 2 × 1.08^step / 2.08, is within 3.9 % of every number of the step.
CREATE OR REPLACE FUNCTION analytics_step(p_ms double precision) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
  SELECT ceil(ln(greatest(p_ms, 1)) / ln(1.08::float8))::bigint
$$;

-- Counts the facts of a time, by quarter hours and dimensions, from the rows. This and the next functions keep one plan for any
-- time: planning cost more than counting a quarter hour. OFFSET 0 makes that plan take indexes.
CREATE OR REPLACE FUNCTION analytics_moments(p_from timestamptz, p_to timestamptz)
RETURNS TABLE (start timestamptz, assistant_id bigint, language text, model text, channel text, outcome text,
  messages_in bigint, answers bigint, from_knowledge bigint, unanswered bigint, rated_up bigint, rated_down bigint,
  handoffs bigint, conversations bigint, prompt_tokens bigint, completion_tokens bigint, total_tokens bigint)
LANGUAGE plpgsql STABLE ROWS 50
SET jit = off SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY
  SELECT analytics_quarter(fact.at), fact.assistant_id, fact.language, fact.model, fact.channel, fact.outcome,
    count(*) FILTER (WHERE fact.kind = 'message'), count(*) FILTER (WHERE fact.kind = 'run'),
    count(*) FILTER (WHERE fact.outcome = 'completed' AND fact.cited),
    count(*) FILTER (WHERE fact.outcome = 'completed' AND NOT fact.cited),
    count(*) FILTER (WHERE fact.kind = 'up'), count(*) FILTER (WHERE fact.kind = 'down'),
    count(*) FILTER (WHERE fact.kind = 'handoff'), count(*) FILTER (WHERE fact.kind = 'conversation'),
    coalesce(sum(fact.prompt_tokens), 0)::bigint, coalesce(sum(fact.completion_tokens), 0)::bigint,
    coalesce(sum(fact.total_tokens), 0)::bigint
  FROM (
    SELECT m.created_at AS at, coalesce(c.assistant_id, 0) AS assistant_id, c.language, '' AS model, c.channel, '' AS outcome,
      'message' AS kind, false AS cited, NULL::integer AS prompt_tokens, NULL::integer AS completion_tokens,
      NULL::integer AS total_tokens
    FROM (SELECT * FROM messages WHERE message_type = 'user' AND created_at >= p_from AND created_at < p_to OFFSET 0) AS m
    CROSS JOIN LATERAL (SELECT * FROM conversations WHERE id = m.conversation_id OFFSET 0) AS c
    UNION ALL
    SELECT r.completed_at, coalesce(r.assistant_id, 0), r.language, coalesce(r.model, ''), c.channel, r.status,
      'run', r.sources <> '[]', r.prompt_tokens, r.completion_tokens, r.total_tokens
    FROM (SELECT * FROM runs WHERE completed_at IS NOT NULL AND completed_at >= p_from AND completed_at < p_to OFFSET 0) AS r
    CROSS JOIN LATERAL (SELECT channel FROM conversations WHERE id = r.conversation_id OFFSET 0) AS c
    UNION ALL
    SELECT f.created_at, coalesce(c.assistant_id, 0), c.language, '', c.channel, '', f.rating, false, NULL, NULL, NULL
    FROM (SELECT * FROM message_feedback WHERE created_at >= p_from AND created_at < p_to OFFSET 0) AS f
    CROSS JOIN LATERAL (SELECT * FROM conversations WHERE id = f.conversation_id OFFSET 0) AS c
    UNION ALL
    SELECT e.handoff_at, coalesce(c.assistant_id, 0), c.language, '', c.channel, '', 'handoff', false, NULL, NULL, NULL
    FROM (SELECT * FROM episodes WHERE handoff_at IS NOT NULL AND handoff_at >= p_from AND handoff_at < p_to OFFSET 0) AS e
    CROSS JOIN LATERAL (SELECT * FROM conversations WHERE id = e.conversation_id OFFSET 0) AS c
    UNION ALL
    SELECT c.created_at, coalesce(c.assistant_id, 0), c.language, '', c.channel, '', 'conversation', false, NULL, NULL, NULL
    FROM conversations c WHERE c.created_at >= p_from AND c.created_at < p_to
  ) AS fact
  GROUP BY 1, 2, 3, 4, 5, 6;
END $$;

-- Returns the keys that a run counts under: a step of each scale of speed, and the FAQs that its answer cites.
CREATE OR REPLACE FUNCTION analytics_measures_of(p_status text, p_first_token_ms integer, p_created timestamptz, p_started timestamptz,
  p_completed timestamptz, p_sources jsonb) RETURNS TABLE (measure text, key bigint) LANGUAGE sql IMMUTABLE ROWS 4 AS $$
  SELECT measure, analytics_step(ms) FROM (VALUES
    ('first_token_ms', CASE WHEN p_status IN ('completed', 'incomplete') THEN p_first_token_ms::float8 END),
    ('answer_ms', CASE WHEN p_status IN ('completed', 'incomplete')
      THEN (extract(epoch FROM p_completed - p_created) * 1000)::float8 END),
    ('waited_ms', (extract(epoch FROM p_started - p_created) * 1000)::float8)) AS speed (measure, ms)
  WHERE ms IS NOT NULL
  UNION ALL SELECT 'faq', (source ->> 'faq_id')::bigint FROM jsonb_array_elements(p_sources) AS source
$$;

-- Counts by keys: steps of the scales of speed, uses of FAQs, and new accounts (key 0, without a channel).
CREATE OR REPLACE FUNCTION analytics_measures(p_from timestamptz, p_to timestamptz)
RETURNS TABLE (start timestamptz, assistant_id bigint, measure text, key bigint, n bigint, channel text)
LANGUAGE plpgsql STABLE ROWS 50
SET jit = off SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY
  SELECT analytics_quarter(fact.at), fact.assistant_id, fact.measure, fact.key, count(*), fact.channel
  FROM (
    SELECT r.completed_at AS at, coalesce(r.assistant_id, 0) AS assistant_id, of.measure, of.key, c.channel
    FROM (SELECT * FROM runs WHERE completed_at IS NOT NULL AND completed_at >= p_from AND completed_at < p_to OFFSET 0) AS r
    CROSS JOIN LATERAL (SELECT channel FROM conversations WHERE id = r.conversation_id OFFSET 0) AS c
    CROSS JOIN LATERAL analytics_measures_of(r.status, r.first_token_ms, r.created_at, r.started_at, r.completed_at, r.sources) AS of
    UNION ALL
    SELECT u.created_at, 0, 'users_new', 0, NULL FROM users u WHERE u.created_at >= p_from AND u.created_at < p_to
  ) AS fact
  GROUP BY 1, 2, 3, 4, 6;
END $$;

-- The release before this one asks without channels. Goes with the next release.
CREATE OR REPLACE FUNCTION analytics_spreads(p_from timestamptz, p_to timestamptz)
RETURNS TABLE (start timestamptz, assistant_id bigint, measure text, key bigint, n bigint) LANGUAGE sql STABLE ROWS 50 AS $$
  SELECT start, assistant_id, measure, key, n FROM analytics_measures(p_from, p_to)
$$;

-- Returns what became of conversations so far. A resolution does not count when a reopening followed within seven days.
CREATE OR REPLACE FUNCTION analytics_conversations(p_ids bigint[])
RETURNS TABLE (id bigint, created_at timestamptz, last_message_at timestamptz, assistant_id bigint, language text, channel text,
  answered boolean, rated text, handed_off boolean, resolved_by_agent boolean, reopened boolean, score smallint)
LANGUAGE plpgsql STABLE ROWS 50
SET jit = off SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY
  SELECT c.id, c.created_at, c.last_message_at, coalesce(c.assistant_id, 0), c.language, c.channel,
    coalesce((c.fate ->> 'answered')::boolean, false) OR last.reply_id IS NOT NULL,
    coalesce(f.rating, CASE WHEN last.reply_id IS NULL THEN c.fate ->> 'rated' END),
    coalesce(people.handed_off, false), coalesce(people.resolved, false), coalesce(people.reopened, false), s.score
  FROM conversations c
  LEFT JOIN LATERAL (SELECT r.reply_id FROM runs r
    WHERE r.conversation_id = c.id AND r.status IN ('completed', 'incomplete') ORDER BY r.id DESC LIMIT 1) AS last ON true
  LEFT JOIN message_feedback f ON f.message_id = last.reply_id AND f.user_id = c.user_id
  LEFT JOIN conversation_ratings s ON s.conversation_id = c.id
  LEFT JOIN LATERAL (
    SELECT bool_or(e.handoff_at IS NOT NULL) AS handed_off,
      bool_or(e.resolved_at IS NOT NULL AND (e.next_at IS NULL OR e.next_at >= e.resolved_at + interval '7 days')) AS resolved,
      bool_or(e.resolved_at IS NOT NULL AND e.next_at < e.resolved_at + interval '7 days') AS reopened
    FROM (SELECT handoff_at, resolved_at, lead(started_at) OVER (ORDER BY id) AS next_at
      FROM episodes WHERE conversation_id = c.id) AS e) AS people ON true
  WHERE c.id = ANY (p_ids);
END $$;

-- Counts what became of conversations, by the quarter hour in which they began. Quiet: nobody wrote for p_quiet.
CREATE OR REPLACE FUNCTION analytics_begun_in(p_ids bigint[], p_quiet interval)
RETURNS TABLE (start timestamptz, assistant_id bigint, language text, channel text, begun bigint, answered bigint,
  handed_off bigint, resolved_by_bot bigint, confirmed bigint, resolved_by_agent bigint, reopened bigint, pending bigint,
  scored bigint, score_sum bigint)
LANGUAGE plpgsql STABLE ROWS 50
SET jit = off SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY
  SELECT analytics_quarter(one.created_at), one.assistant_id, one.language, one.channel, count(*),
    count(*) FILTER (WHERE one.answered), count(*) FILTER (WHERE one.handed_off), count(*) FILTER (WHERE one.by_bot),
    count(*) FILTER (WHERE one.by_bot AND one.rated = 'up'),
    count(*) FILTER (WHERE one.resolved_by_agent), count(*) FILTER (WHERE one.reopened), count(*) FILTER (WHERE NOT one.quiet),
    count(one.score), coalesce(sum(one.score), 0)::bigint
  FROM (
    SELECT known.*, known.last_message_at <= clock_timestamp() - p_quiet AS quiet,
      known.answered AND NOT known.handed_off AND NOT known.resolved_by_agent AND known.rated IS DISTINCT FROM 'down'
        AND known.last_message_at <= clock_timestamp() - p_quiet AS by_bot
    FROM analytics_conversations(p_ids) AS known) AS one
  GROUP BY 1, 2, 3, 4;
END $$;

-- Counts one day of a part as far as it is over: what was never counted and what changed since. Conversations that may go on
-- are counted as pending. Returns whether there was anything to count. One caller of a part runs at a time. It takes note of
-- the changes first and counts in later statements, so that a change that commits meanwhile stays noted.
CREATE OR REPLACE FUNCTION analytics_count(p_part text, p_quiet_h integer) RETURNS boolean LANGUAGE plpgsql VOLATILE SET jit = off AS $$
DECLARE
  c_quarter CONSTANT interval := interval '15 minutes';
  v_quiet CONSTANT interval := make_interval(hours => p_quiet_h);
  c_day CONSTANT interval := interval '1 day';
  -- A fact is committed within seconds of its time; after five minutes nobody is on the way.
  v_horizon CONSTANT timestamptz := analytics_quarter(clock_timestamp() - interval '5 minutes');
  v_state analytics_state;
  v_day timestamptz;
  v_from timestamptz;
  v_to timestamptz;
  v_renewed_to timestamptz;
  v_quarters timestamptz[];
  v_ids bigint[];
BEGIN
  INSERT INTO analytics_state (part, counted_to, quiet_h, renewed_to) SELECT p_part, began, p_quiet_h, began
  FROM (SELECT analytics_day(least(
    (SELECT min(created_at) FROM users), (SELECT min(created_at) FROM conversations),
    (SELECT min(created_at) FROM messages WHERE message_type = 'user'),
    (SELECT min(completed_at) FROM runs WHERE completed_at IS NOT NULL), v_horizon)) AS began) AS oldest
  WHERE NOT EXISTS (SELECT FROM analytics_state WHERE part = p_part) ON CONFLICT DO NOTHING;
  SELECT * INTO v_state FROM analytics_state WHERE part = p_part FOR UPDATE;
  IF v_state.quiet_h <> p_quiet_h AND p_part = 'begun' THEN
    -- Another setting means other figures: everything is counted anew, oldest first.
    v_state.counted_to := coalesce((SELECT analytics_day(min(created_at)) FROM conversations), v_state.counted_to);
    v_state.young_to := NULL;
    DELETE FROM analytics_begun WHERE grain <> 'k';
  END IF;

  IF p_part = 'begun' THEN
    v_state.counted_to := coalesce(v_state.young_to, v_state.counted_to);
    v_state.renewed_to := v_state.counted_to;
  ELSIF v_state.renewed_to IS NULL THEN
    v_state.renewed_to := least(v_state.counted_to, (SELECT analytics_day(min(start)) FROM analytics_people WHERE grain = 'q'),
      (SELECT analytics_day(min(start)) FROM analytics_spread WHERE grain = 'q'));
  END IF;

  -- Every day from here on is counted with its week.
  v_state.weeks_from := coalesce(v_state.weeks_from, analytics_week(v_state.counted_to + interval '7 days' - interval '1 microsecond'));

  IF v_state.counted_to < v_horizon THEN
    v_day := analytics_day(v_state.counted_to);
    v_to := least(v_day + c_day, v_horizon);
    v_from := v_state.counted_to;
  ELSE
    v_day := (SELECT analytics_day(start) FROM analytics_changes WHERE part = p_part AND due_at <= clock_timestamp()
      AND start < v_state.counted_to ORDER BY due_at LIMIT 1);
    IF v_day IS NULL AND v_state.renewed_to < v_state.counted_to THEN
      v_day := analytics_day(v_state.renewed_to);
      v_from := v_state.renewed_to;
    END IF;
    v_to := least(v_day + c_day, v_state.counted_to);
  END IF;
  IF v_day IS NULL THEN
    RETURN false;
  END IF;
  WITH noted AS (DELETE FROM analytics_changes
    WHERE part = p_part AND start >= v_day AND start < v_to AND (start >= v_state.counted_to OR due_at <= clock_timestamp())
    RETURNING start)
  SELECT array_agg(DISTINCT quarter) INTO v_quarters FROM (SELECT start AS quarter FROM noted
    UNION ALL SELECT generate_series(v_from, v_to - c_quarter, c_quarter)) AS all_of_them;
  v_renewed_to := CASE WHEN v_state.renewed_to BETWEEN v_from AND v_to THEN v_to ELSE v_state.renewed_to END;

  IF p_part = 'moments' THEN
    PERFORM analytics_count_moments(v_quarters);
    IF v_to = v_day + c_day THEN
      PERFORM analytics_count_day(v_day);
    END IF;
    PERFORM analytics_count_people(v_day, v_renewed_to);
  ELSE
    PERFORM analytics_count_begun(v_day, v_quarters, v_quiet);
    -- Conversations of earlier quarter hours whose runs ended in these: readers ask for runs that ended since, and for notes.
    INSERT INTO analytics_changes (part, start) SELECT DISTINCT 'begun', quarter FROM analytics_answered(v_from, v_to) AS quarter;
  END IF;
  v_to := greatest(v_state.counted_to, v_to);
  UPDATE analytics_state SET quiet_h = p_quiet_h, renewed_to = v_renewed_to,
    young_to = CASE WHEN p_part = 'begun' THEN v_to END,
    weeks_from = v_state.weeks_from, people_to = CASE WHEN v_from IS NULL THEN people_to ELSE v_to END,
    counted_to = CASE WHEN p_part = 'begun' THEN least(v_to, analytics_quarter(v_horizon - v_quiet)) ELSE v_to END
  WHERE part = p_part;
  RETURN true;
END $$;

-- Returns the quarter hours before p_from in which those conversations began whose runs ended from p_from on: they may be
-- answered by now, or rated otherwise. A run that ends notes nothing, because that would cost every answer.
CREATE OR REPLACE FUNCTION analytics_answered(p_from timestamptz, p_to timestamptz) RETURNS SETOF timestamptz LANGUAGE plpgsql STABLE
ROWS 20 SET jit = off SET plan_cache_mode = force_generic_plan AS $$
BEGIN
  RETURN QUERY SELECT analytics_quarter(c.created_at)
  FROM (SELECT conversation_id FROM runs WHERE completed_at IS NOT NULL AND completed_at >= p_from AND completed_at < p_to OFFSET 0) AS r
  CROSS JOIN LATERAL (SELECT created_at FROM conversations WHERE id = r.conversation_id AND created_at < p_from OFFSET 0) AS c;
END $$;

-- Returns those of some quarter hours of a day in which anything happened. Counting the others would cost only planning.
CREATE OR REPLACE FUNCTION analytics_busy(p_quarters timestamptz[]) RETURNS timestamptz[] LANGUAGE plpgsql STABLE
SET jit = off SET plan_cache_mode = force_custom_plan AS $$
DECLARE
  v_from CONSTANT timestamptz := (SELECT min(quarter) FROM unnest(p_quarters) AS quarter);
  v_to CONSTANT timestamptz := (SELECT max(quarter) + interval '15 minutes' FROM unnest(p_quarters) AS quarter);
BEGIN
  RETURN ARRAY(SELECT DISTINCT quarter FROM (
      SELECT analytics_quarter(created_at) FROM messages WHERE message_type = 'user' AND created_at >= v_from AND created_at < v_to
      UNION ALL SELECT analytics_quarter(completed_at) FROM runs
        WHERE completed_at IS NOT NULL AND completed_at >= v_from AND completed_at < v_to
      UNION ALL SELECT analytics_quarter(created_at) FROM message_feedback WHERE created_at >= v_from AND created_at < v_to
      UNION ALL SELECT analytics_quarter(handoff_at) FROM episodes
        WHERE handoff_at IS NOT NULL AND handoff_at >= v_from AND handoff_at < v_to
      UNION ALL SELECT analytics_quarter(created_at) FROM conversations WHERE created_at >= v_from AND created_at < v_to
      UNION ALL SELECT analytics_quarter(created_at) FROM users WHERE created_at >= v_from AND created_at < v_to) AS facts (quarter)
    WHERE quarter = ANY (p_quarters));
END $$;

-- Adds up the rows of a table of rollups that differ in nothing but their counts. p_start: the time of the sums; NULL: that of
-- their rows.
CREATE OR REPLACE FUNCTION analytics_sum_cells(p_grain "char", p_start timestamptz, p_rows analytics_cells[])
RETURNS SETOF analytics_cells LANGUAGE sql IMMUTABLE AS $$
  SELECT p_grain, coalesce(p_start, start), assistant_id, language, model, channel, outcome, sum(messages_in)::bigint,
    sum(answers)::bigint, sum(from_knowledge)::bigint, sum(unanswered)::bigint, sum(rated_up)::bigint, sum(rated_down)::bigint,
    sum(handoffs)::bigint, sum(conversations)::bigint, sum(prompt_tokens)::bigint, sum(completion_tokens)::bigint,
    sum(total_tokens)::bigint
  FROM unnest(p_rows) GROUP BY 2, 3, 4, 5, 6, 7
$$;
CREATE OR REPLACE FUNCTION analytics_sum_spread(p_grain "char", p_start timestamptz, p_rows analytics_spread[])
RETURNS SETOF analytics_spread LANGUAGE sql IMMUTABLE AS $$
  SELECT p_grain, coalesce(p_start, start), assistant_id, measure, key, sum(n)::bigint, channel
  FROM unnest(p_rows) GROUP BY 2, 3, 4, 5, 7
$$;
CREATE OR REPLACE FUNCTION analytics_sum_begun(p_grain "char", p_start timestamptz, p_rows analytics_begun[])
RETURNS SETOF analytics_begun LANGUAGE sql IMMUTABLE AS $$
  SELECT p_grain, coalesce(p_start, start), assistant_id, language, channel, sum(begun)::bigint, sum(answered)::bigint,
    sum(handed_off)::bigint, sum(resolved_by_bot)::bigint, sum(confirmed)::bigint, sum(resolved_by_agent)::bigint,
    sum(reopened)::bigint, sum(pending)::bigint, sum(scored)::bigint, sum(score_sum)::bigint
  FROM unnest(p_rows) GROUP BY 2, 3, 4, 5
$$;

-- Replaces the rollups of some quarter hours of a day. What deleted rows left is put together first.
CREATE OR REPLACE FUNCTION analytics_count_moments(p_quarters timestamptz[])
RETURNS void LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  c_quarter CONSTANT interval := interval '15 minutes';
  v_busy CONSTANT timestamptz[] := analytics_busy(p_quarters);
BEGIN
  WITH kept AS (DELETE FROM analytics_cells AS cell WHERE grain = 'k' AND start = ANY (p_quarters) RETURNING cell)
  INSERT INTO analytics_cells SELECT * FROM analytics_sum_cells('k', NULL, ARRAY(SELECT cell FROM kept));
  WITH kept AS (DELETE FROM analytics_spread AS step WHERE grain = 'k' AND start = ANY (p_quarters) RETURNING step)
  INSERT INTO analytics_spread SELECT * FROM analytics_sum_spread('k', NULL, ARRAY(SELECT step FROM kept));
  WITH kept AS (DELETE FROM analytics_people WHERE grain = 'k' AND start = ANY (p_quarters) RETURNING *)
  INSERT INTO analytics_people SELECT DISTINCT 'k'::"char", start, assistant_id, person, channel FROM kept;

  DELETE FROM analytics_cells WHERE grain = 'q' AND start = ANY (p_quarters);
  INSERT INTO analytics_cells SELECT * FROM analytics_sum_cells('q', NULL, ARRAY(
    SELECT ROW('q', fact.*)::analytics_cells
    FROM unnest(v_busy) AS quarter CROSS JOIN LATERAL analytics_moments(quarter, quarter + c_quarter) AS fact
    UNION ALL SELECT cell FROM analytics_cells AS cell WHERE grain = 'k' AND start = ANY (p_quarters)));
  DELETE FROM analytics_spread WHERE grain = 'q' AND start = ANY (p_quarters);
  INSERT INTO analytics_spread SELECT * FROM analytics_sum_spread('q', NULL, ARRAY(
    SELECT ROW('q', fact.*)::analytics_spread
    FROM unnest(v_busy) AS quarter CROSS JOIN LATERAL analytics_measures(quarter, quarter + c_quarter) AS fact
    UNION ALL SELECT step FROM analytics_spread AS step WHERE grain = 'k' AND start = ANY (p_quarters)));
  DELETE FROM analytics_people WHERE grain = 'q' AND start = ANY (p_quarters);
  INSERT INTO analytics_people
  SELECT 'q', quarter, coalesce(c.assistant_id, 0), m.user_id, c.channel
  FROM unnest(v_busy) AS quarter
  -- OFFSET 0: quarter by quarter, by the index. The planner would read all messages once for all quarters.
  CROSS JOIN LATERAL (SELECT conversation_id, user_id FROM messages
    WHERE message_type = 'user' AND created_at >= quarter AND created_at < quarter + c_quarter OFFSET 0) AS m
  CROSS JOIN LATERAL (SELECT assistant_id, channel FROM conversations WHERE id = m.conversation_id OFFSET 0) AS c
  UNION
  SELECT 'q', start, assistant_id, person, channel FROM analytics_people WHERE grain = 'k' AND start = ANY (p_quarters);
END $$;

-- Replaces the rollups of a day that is over: the sums of its quarter hours. Replaces those of its week: the sums of its days
-- so far.
CREATE OR REPLACE FUNCTION analytics_count_day(p_day timestamptz) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  v_week CONSTANT timestamptz := analytics_week(p_day);
BEGIN
  DELETE FROM analytics_cells WHERE grain = 'd' AND start = p_day;
  INSERT INTO analytics_cells SELECT * FROM analytics_sum_cells('d', p_day, ARRAY(SELECT cell FROM analytics_cells AS cell
    WHERE grain = 'q' AND start >= p_day AND start < p_day + interval '1 day'));
  DELETE FROM analytics_spread WHERE grain = 'd' AND start = p_day;
  INSERT INTO analytics_spread SELECT * FROM analytics_sum_spread('d', p_day, ARRAY(SELECT step FROM analytics_spread AS step
    WHERE grain = 'q' AND start >= p_day AND start < p_day + interval '1 day'));
  DELETE FROM analytics_spread WHERE grain = 'w' AND start = v_week;
  INSERT INTO analytics_spread SELECT * FROM analytics_sum_spread('w', v_week, ARRAY(SELECT step FROM analytics_spread AS step
    WHERE grain = 'd' AND start >= v_week AND start < v_week + interval '7 days'));
END $$;

-- Replaces the people of a day as far as it is over, and counts how many of them came back. Where the day gained or lost a
-- person, counts the days again on which that person came back later. @param p_before the first day that is not counted
CREATE OR REPLACE FUNCTION analytics_count_people(p_day timestamptz, p_before timestamptz) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  v_days timestamptz[];
BEGIN
  WITH was AS (DELETE FROM analytics_people WHERE grain = 'd' AND start = p_day RETURNING assistant_id, channel, person),
  now AS (SELECT DISTINCT assistant_id, channel, person FROM analytics_people
    WHERE grain = 'q' AND start >= p_day AND start < p_day + interval '1 day'),
  stored AS (INSERT INTO analytics_people (grain, start, assistant_id, channel, person) SELECT 'd', p_day, * FROM now),
  changed AS ((TABLE was EXCEPT TABLE now) UNION ALL (TABLE now EXCEPT TABLE was))
  SELECT array_agg(DISTINCT later.start) INTO v_days
  FROM changed CROSS JOIN LATERAL analytics_sets(assistant_id, channel) AS of
  CROSS JOIN LATERAL (SELECT d.start FROM analytics_people d
    WHERE d.grain = 'd' AND d.person = changed.person AND d.start > p_day AND d.start < p_before
      AND (of.assistant_id = -1 OR d.assistant_id = of.assistant_id) AND (of.channel = '' OR d.channel = of.channel)
    ORDER BY d.start LIMIT 1) AS later;
  v_days := p_day || v_days;

  DELETE FROM analytics_returns WHERE start = ANY (v_days);
  INSERT INTO analytics_returns (assistant_id, channel, start, before, n)
  SELECT one.assistant_id, one.channel, one.start, coalesce(earlier.start, '-infinity'), count(*)
  FROM (SELECT DISTINCT of.assistant_id, of.channel, d.start, d.person
    FROM unnest(v_days) AS day CROSS JOIN LATERAL (SELECT * FROM analytics_people x
      WHERE x.grain = 'd' AND x.start = day OFFSET 0) AS d
    CROSS JOIN LATERAL analytics_sets(d.assistant_id, d.channel) AS of) AS one
  LEFT JOIN LATERAL (SELECT x.start FROM analytics_people x
    WHERE x.grain = 'd' AND x.person = one.person AND x.start < one.start
      AND (one.assistant_id = -1 OR x.assistant_id = one.assistant_id) AND (one.channel = '' OR x.channel = one.channel)
    ORDER BY x.start DESC LIMIT 1) AS earlier ON true
  GROUP BY 1, 2, 3, 4;
END $$;

-- Returns the sets in which somebody counts who wrote to an assistant by a channel; analytics_returns says what -1 and '' are.
CREATE OR REPLACE FUNCTION analytics_sets(p_assistant bigint, p_channel text)
RETURNS TABLE (assistant_id bigint, channel text) LANGUAGE sql IMMUTABLE ROWS 4 AS $$
  VALUES (-1::bigint, ''), (p_assistant, '')
  UNION ALL SELECT * FROM (VALUES (-1::bigint, p_channel), (p_assistant, p_channel)) AS narrow WHERE p_channel IS NOT NULL
$$;

-- Like analytics_count_moments. A quarter hour with a conversation that is not quiet yet is noted: from the moment on at which
-- the first of them may be, readers count it from the rows. It is counted again a minute later, when more of them may be.
CREATE OR REPLACE FUNCTION analytics_count_begun(p_day timestamptz, p_quarters timestamptz[], p_quiet interval)
RETURNS void LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  v_now CONSTANT timestamptz := clock_timestamp();
  v_ids CONSTANT bigint[] := ARRAY(SELECT c.id FROM unnest(p_quarters) AS quarter CROSS JOIN LATERAL (
    SELECT id FROM conversations WHERE created_at >= quarter AND created_at < quarter + interval '15 minutes' OFFSET 0) AS c);
BEGIN
  WITH kept AS (DELETE FROM analytics_begun AS one WHERE grain = 'k' AND start = ANY (p_quarters) RETURNING one)
  INSERT INTO analytics_begun SELECT * FROM analytics_sum_begun('k', NULL, ARRAY(SELECT one FROM kept));
  DELETE FROM analytics_begun WHERE grain = 'q' AND start = ANY (p_quarters);
  INSERT INTO analytics_begun SELECT * FROM analytics_sum_begun('q', NULL, ARRAY(
    SELECT ROW('q', known.*)::analytics_begun FROM analytics_begun_in(v_ids, p_quiet) AS known
    UNION ALL SELECT one FROM analytics_begun AS one WHERE grain = 'k' AND start = ANY (p_quarters)));
  DELETE FROM analytics_begun WHERE grain = 'd' AND start = p_day;
  INSERT INTO analytics_begun SELECT * FROM analytics_sum_begun('d', p_day, ARRAY(SELECT one FROM analytics_begun AS one
    WHERE grain = 'q' AND start >= p_day AND start < p_day + interval '1 day'));
  DELETE FROM analytics_changes WHERE part = 'begun' AND start = ANY (p_quarters) AND stale_at IS NOT NULL;
  INSERT INTO analytics_changes (part, start, stale_at, due_at)
  SELECT 'begun', quarter, quiet_at, quiet_at + interval '1 minute' FROM (
    SELECT analytics_quarter(created_at) AS quarter, min(last_message_at) + p_quiet AS quiet_at FROM conversations
    WHERE id = ANY (v_ids) AND last_message_at > v_now - p_quiet GROUP BY 1) AS young;
END $$;
