-- The tables of history in ClickHouse: the columns of duckdb.sql, in the same order. clickhouse_tables.py makes of each what the
-- server is: one table, or on a cluster one in each shard, replicated, with the whole under the plain name.
-- A row is replaced by itself: the key holds (seq, n) and nothing that ever changes, so that a row that comes again, in whatever
-- block, is one row when it is read. What changes of rows change has a `version`, the position of the change; the newest wins.
-- Only what ClickHouse has had since 2018 is used here. A column may be added at the end of a table, never moved, removed or renamed.

CREATE TABLE IF NOT EXISTS facts (
    seq Int64,
    n Int32,
    ts_ms Int64,
    counted UInt8,
    visit UInt64,
    site String,
    kind UInt8,
    visitor UInt64,
    id UInt64,
    door String,
    arrival_ms Int64,
    age_ms Int64,
    path String,
    window_ms Int64,
    bot String,
    page_type String,
    title String,
    hostname String,
    referrer String,
    utm_source String,
    utm_medium String,
    utm_campaign String,
    utm_content String,
    utm_term String,
    country Nullable(String),
    region Nullable(String),
    city Nullable(String),
    latitude Nullable(Float64),
    longitude Nullable(Float64),
    browser String,
    browser_version String,
    os String,
    os_version String,
    device String,
    language String,
    screen String,
    name String,
    props Nullable(String),
    engaged Int64,
    scroll Int64,
    storageless UInt8,
    source String,
    channel String,
    version UInt64,
    person UInt64 ALIAS visitor
) ENGINE = ReplacingMergeTree(version) PARTITION BY toYYYYMM(toDateTime(intDiv(ts_ms, 1000), 'UTC')) ORDER BY (site, ts_ms, seq, n);

CREATE TABLE IF NOT EXISTS visits (
    seq Int64,
    n Int32,
    visit UInt64,
    start_ms Int64,
    end_ms Int64,
    entry String,
    exit String,
    views Int64,
    events Int64,
    engaged Int64,
    site String,
    visitor UInt64,
    door String,
    hostname String,
    referrer String,
    utm_source String,
    utm_medium String,
    utm_campaign String,
    utm_content String,
    utm_term String,
    country Nullable(String),
    region Nullable(String),
    city Nullable(String),
    latitude Nullable(Float64),
    longitude Nullable(Float64),
    browser String,
    browser_version String,
    os String,
    os_version String,
    device String,
    language String,
    screen String,
    storageless UInt8,
    source String,
    channel String,
    version UInt64,
    person UInt64 ALIAS visitor
) ENGINE = ReplacingMergeTree(version) ORDER BY (site, seq, n);

CREATE TABLE IF NOT EXISTS minutes (
    seq Int64,
    n Int32,
    site String,
    minute_ms Int64,
    visitor UInt64,
    path String,
    country String,
    visit UInt64
) ENGINE = ReplacingMergeTree PARTITION BY toYYYYMM(toDateTime(intDiv(minute_ms, 1000), 'UTC')) ORDER BY (site, minute_ms, seq, n);

CREATE TABLE IF NOT EXISTS ledger (
    seq Int64,
    n Int32,
    site String,
    door String,
    hour_ms Int64,
    outcome String,
    reason String,
    count Int64
) ENGINE = ReplacingMergeTree ORDER BY (site, seq, n);

CREATE TABLE IF NOT EXISTS content (
    seq Int64,
    n Int32,
    site String,
    kind String,
    slug String,
    title String,
    published UInt8
) ENGINE = ReplacingMergeTree ORDER BY (site, seq, n);

-- How far history has come in each partition of the journal, and whose it is.
CREATE TABLE IF NOT EXISTS state (
    part UInt32,
    position UInt64,
    store_id String,
    version UInt32
) ENGINE = ReplacingMergeTree(position) ORDER BY (part, store_id);

-- Visits that a change of rows takes facts from, while it goes on.
CREATE TABLE IF NOT EXISTS touched (
    visit UInt64,
    visitor UInt64,
    position UInt64
) ENGINE = ReplacingMergeTree ORDER BY (position, visit);

-- What facts are from now on, while a reclassification goes on; `was`: the visit they were in.
CREATE TABLE IF NOT EXISTS judged (
    position UInt64,
    ts_ms Int64,
    seq Int64,
    n Int32,
    visitor UInt64,
    was UInt64,
    bot String,
    counted UInt8,
    visit UInt64
) ENGINE = ReplacingMergeTree ORDER BY (position, ts_ms, seq, n);
