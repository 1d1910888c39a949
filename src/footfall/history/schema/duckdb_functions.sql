-- What questions call by ClickHouse's names, so that one SQL text is understood by both. Made anew for each question: nothing of
-- it is in the file.
CREATE TEMP MACRO intDiv(a, b) AS a // b;
CREATE TEMP MACRO "match"(text, pattern) AS regexp_matches(text, pattern);
CREATE TEMP MACRO toUInt64(a) AS a::UBIGINT;
CREATE TEMP MACRO bitShiftLeft(a, b) AS a << b;
CREATE TEMP MACRO bitCount(a) AS bit_count(a);
CREATE TEMP MACRO groupBitOr(a) AS bit_or(a);
CREATE TEMP MACRO lowerUTF8(text) AS lower(text);
CREATE TEMP MACRO JSONExtractString(json, name) AS
    coalesce(json_extract_string(json, '/' || replace(replace(name, '~', '~0'), '/', '~1')), '');

-- What the live state has and the tables do not: JSON texts that come with a question. Columns that are left out are null.
-- `person` comes as the visitor's hash: here it is the number that the visitor's facts have, which are rows already.
CREATE TEMP MACRO open_visits(json) AS TABLE SELECT open.* REPLACE (coalesce(visitors.person, open.person) AS person)
    FROM (SELECT unnest(from_json(json, '[{
    "visit": "UBIGINT", "person": "UBIGINT", "start_ms": "BIGINT", "end_ms": "BIGINT", "entry": "VARCHAR", "exit": "VARCHAR",
    "views": "BIGINT", "events": "BIGINT", "referrer": "VARCHAR", "utm_source": "VARCHAR", "utm_medium": "VARCHAR",
    "utm_campaign": "VARCHAR", "utm_content": "VARCHAR", "utm_term": "VARCHAR", "country": "VARCHAR", "region": "VARCHAR",
    "city": "VARCHAR", "browser": "VARCHAR", "browser_version": "VARCHAR", "os": "VARCHAR", "os_version": "VARCHAR",
    "device": "VARCHAR", "language": "VARCHAR", "screen": "VARCHAR", "source": "VARCHAR", "channel": "VARCHAR",
    "hostname": "VARCHAR"}]'),
    recursive := true)) AS open LEFT JOIN visitors ON visitors.visitor = open.person;
CREATE TEMP MACRO open_minutes(json) AS TABLE SELECT unnest(from_json(json, '[{
    "minute_ms": "BIGINT", "path": "VARCHAR", "country": "VARCHAR", "here": "BIGINT"}]'), recursive := true);
