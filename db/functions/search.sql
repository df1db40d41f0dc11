-- Turns each alternative of a search into a row: a query for the grams index (018_search_parts), and LIKE patterns that
-- a folded text must match (wanted) or must not match (unwanted). p_asked: [{"wanted": ["a"], "unwanted": ["b"]}].
CREATE OR REPLACE FUNCTION search_alternatives(p_user bigint, p_asked jsonb)
RETURNS TABLE (query tsquery, wanted text[], unwanted text[]) LANGUAGE plpgsql STABLE ROWS 1 AS $$
DECLARE
  alternative jsonb;
  words text[];
BEGIN
  FOR alternative IN SELECT jsonb_array_elements(p_asked) LOOP
    words := search_words(alternative -> 'wanted');
    wanted := search_patterns(words);
    unwanted := search_patterns(search_words(alternative -> 'unwanted'));
    query := concat_ws(' & ', search_lexeme(' ' || p_user), search_query(words))::tsquery;
    IF cardinality(wanted) + cardinality(unwanted) > 0 THEN
      RETURN NEXT;
    END IF;
  END LOOP;
END $$;

CREATE OR REPLACE FUNCTION search_words(p_terms jsonb) RETURNS text[] LANGUAGE sql STABLE AS $$
  SELECT coalesce(array_agg(folded), '{}') FROM (
    SELECT trim(regexp_replace(search_folded(term), ' +', ' ', 'g')) AS folded FROM jsonb_array_elements_text(p_terms) AS term
  ) AS terms WHERE folded <> ''
$$;

CREATE OR REPLACE FUNCTION search_patterns(p_words text[]) RETURNS text[] LANGUAGE sql STABLE AS $$
  SELECT coalesce(array_agg('%' || regexp_replace(word, '([\\%_])', '\\\1', 'g') || '%'), '{}') FROM unnest(p_words) AS word
$$;

-- Returns the query for the grams that a text with these words must have. For a word shorter than three
-- characters: in scripts without spaces (from Thai upwards) all grams that begin with it; in others the gram at
-- the end of a word, because thousands of words begin with "in".
CREATE OR REPLACE FUNCTION search_query(p_words text[]) RETURNS text LANGUAGE plpgsql STABLE AS $$
DECLARE
  grams text;
  word text;
BEGIN
  FOREACH word IN ARRAY string_to_array(array_to_string(p_words, ' '), ' ') LOOP
    IF length(word) < 3 THEN
      grams := concat_ws(' & ', grams, search_lexeme(word) || CASE WHEN ascii(word) >= 3584 THEN ':*' ELSE '' END);
    ELSE
      FOR i IN 1..length(word) - 2 LOOP
        grams := concat_ws(' & ', grams, search_lexeme(substr(word, i, 3)));
      END LOOP;
    END IF;
  END LOOP;
  RETURN grams;
END $$;

-- Quotes a gram as tsquery's text form does.
CREATE OR REPLACE FUNCTION search_lexeme(p_gram text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT '''' || replace(replace(p_gram, '\', '\\'), '''', '''''') || ''''
$$;
