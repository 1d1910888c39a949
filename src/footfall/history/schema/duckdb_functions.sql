-- What questions call by ClickHouse's names, so that one SQL text is understood by both. Those that a question
-- names are made for it: nothing of it is in the file. No semicolon but the one at the end of each.
CREATE TEMP MACRO intDiv(a, b) AS a // b;
CREATE TEMP MACRO "match"(text, pattern) AS regexp_matches(text, pattern);
CREATE TEMP MACRO toUInt64(a) AS a::UBIGINT;
CREATE TEMP MACRO bitShiftLeft(a, b) AS a << b;
CREATE TEMP MACRO bitCount(a) AS bit_count(a);
CREATE TEMP MACRO groupBitOr(a) AS bit_or(a);
CREATE TEMP MACRO lowerUTF8(text) AS lower(text);
CREATE TEMP MACRO JSONExtractString(json, name) AS
    coalesce(json_extract_string(json, '/' || replace(replace(name, '~', '~0'), '/', '~1')), '');
CREATE TEMP MACRO lengthUTF8(text) AS length(text);
CREATE TEMP MACRO roundBankers(x) AS round_even(x, 0);
CREATE TEMP MACRO groupArrayIf(x, condition) AS list(x) FILTER (WHERE condition);
CREATE TEMP MACRO arrayDistinct(list) AS list_distinct(list);
CREATE TEMP MACRO arraySlice(list, first, length) AS list[first:first + length - 1];
CREATE TEMP MACRO arrayJoin(list) AS unnest(list);
CREATE TEMP MACRO tupleElement(row, number) AS struct_extract_at(row, number);

-- What neither calls so. Three: the order of rows, as one number that takes half the time of a tuple; times are below 10^16, seqs of
-- one journal below 10^13, n below 10^9, and what an import brings has one seq for many rows. And the least values of a group.
CREATE TEMP MACRO inOrder(ts_ms, seq, n) AS ts_ms::HUGEINT * 10000000000000000000000 + seq::HUGEINT * 1000000000 + n;
CREATE TEMP MACRO rowOf(seq, n) AS seq::HUGEINT * 1000000000 + n;
CREATE TEMP MACRO smallest(most, x) AS min(x, most);

-- What the tables do not have, such as the live state, comes with a question: a table by its name, or a JSON text.
-- `person` comes as the visitor's hash: here it is the number that the visitor's facts have, which are rows already.
CREATE TEMP MACRO open_visits(name) AS TABLE SELECT open.* REPLACE (coalesce(visitors.person, open.person) AS person)
    FROM query_table(name) AS open LEFT JOIN visitors ON visitors.visitor = open.person;
CREATE TEMP MACRO open_minutes(name) AS TABLE FROM query_table(name);
CREATE TEMP MACRO texts(json) AS TABLE SELECT unnest(from_json(json, '[{"text": "VARCHAR"}]'), recursive := true);
