-- The tables of history in DuckDB. Columns lie in the order of history/rows.py. Times are milliseconds since 1970 UTC.
-- No keys and no indexes: at 10 million rows one costs 88 ms per batch, and (seq, n) is unique because appends say so.
-- A column may be added at the end of a table, never moved, removed or renamed.

-- One view or event each, a repeat and a bot's too (`counted` is false then); beats and leaves that tell of engagement.
CREATE TABLE IF NOT EXISTS facts (
    seq BIGINT NOT NULL,
    n INTEGER NOT NULL,
    ts_ms BIGINT NOT NULL,          -- when it happened: arrival_ms - age_ms
    counted BOOLEAN NOT NULL,
    visit UBIGINT NOT NULL,         -- 0: none, as for bots and imports
    site VARCHAR NOT NULL,
    kind UTINYINT NOT NULL,         -- 0 view, 1 beat, 2 event, 3 leave
    visitor UBIGINT NOT NULL,
    id UBIGINT NOT NULL,
    door VARCHAR NOT NULL,
    arrival_ms BIGINT NOT NULL,
    age_ms BIGINT NOT NULL,
    path VARCHAR NOT NULL,
    window_ms BIGINT NOT NULL,      -- of repeats, as the site had it
    bot VARCHAR NOT NULL,           -- why it is taken for one, '' for people
    page_type VARCHAR NOT NULL,
    title VARCHAR NOT NULL,
    hostname VARCHAR NOT NULL,
    referrer VARCHAR NOT NULL,
    utm_source VARCHAR NOT NULL,
    utm_medium VARCHAR NOT NULL,
    utm_campaign VARCHAR NOT NULL,
    utm_content VARCHAR NOT NULL,
    utm_term VARCHAR NOT NULL,
    country VARCHAR,                -- null: not given, which is not the same as ''
    region VARCHAR,
    city VARCHAR,
    latitude DOUBLE,
    longitude DOUBLE,
    browser VARCHAR NOT NULL,
    browser_version VARCHAR NOT NULL,
    os VARCHAR NOT NULL,
    os_version VARCHAR NOT NULL,
    device VARCHAR NOT NULL,
    language VARCHAR NOT NULL,
    screen VARCHAR NOT NULL,
    name VARCHAR NOT NULL,
    props VARCHAR,                  -- a JSON object of strings, null: none given; JSON functions of either engine can ask it
    engaged BIGINT NOT NULL,        -- milliseconds
    scroll BIGINT NOT NULL,         -- percent
    storageless BOOLEAN NOT NULL,
    source VARCHAR NOT NULL,
    channel VARCHAR NOT NULL,
    person UINTEGER NOT NULL        -- of the visitor, as in `visitors`; DuckDB's alone, so in no export
);

-- One finished visit each. What comes after `engaged` is that of the fact that started it.
CREATE TABLE IF NOT EXISTS visits (
    seq BIGINT NOT NULL,
    n INTEGER NOT NULL,
    visit UBIGINT NOT NULL,
    start_ms BIGINT NOT NULL,
    end_ms BIGINT NOT NULL,
    entry VARCHAR NOT NULL,
    exit VARCHAR NOT NULL,
    views BIGINT NOT NULL,
    events BIGINT NOT NULL,
    engaged BIGINT NOT NULL,
    site VARCHAR NOT NULL,
    visitor UBIGINT NOT NULL,
    door VARCHAR NOT NULL,
    hostname VARCHAR NOT NULL,
    referrer VARCHAR NOT NULL,
    utm_source VARCHAR NOT NULL,
    utm_medium VARCHAR NOT NULL,
    utm_campaign VARCHAR NOT NULL,
    utm_content VARCHAR NOT NULL,
    utm_term VARCHAR NOT NULL,
    country VARCHAR,
    region VARCHAR,
    city VARCHAR,
    latitude DOUBLE,
    longitude DOUBLE,
    browser VARCHAR NOT NULL,
    browser_version VARCHAR NOT NULL,
    os VARCHAR NOT NULL,
    os_version VARCHAR NOT NULL,
    device VARCHAR NOT NULL,
    language VARCHAR NOT NULL,
    screen VARCHAR NOT NULL,
    storageless BOOLEAN NOT NULL,
    source VARCHAR NOT NULL,
    channel VARCHAR NOT NULL,
    person UINTEGER NOT NULL
);

-- The number of each visitor who has a row in facts or visits, see history/persons.py.
CREATE TABLE IF NOT EXISTS visitors (
    visitor UBIGINT NOT NULL,
    person UINTEGER NOT NULL
);

-- One visitor in one minute each: presence as history.
CREATE TABLE IF NOT EXISTS minutes (
    seq BIGINT NOT NULL,
    n INTEGER NOT NULL,
    site VARCHAR NOT NULL,
    minute_ms BIGINT NOT NULL,      -- its beginning
    visitor UBIGINT NOT NULL,
    path VARCHAR NOT NULL,          -- at its end
    country VARCHAR NOT NULL,       -- '' if not known
    visit UBIGINT NOT NULL          -- 0 if none
);

-- Increments: so many facts of a door had this outcome in the hour that began at hour_ms. What was received, so never erased.
CREATE TABLE IF NOT EXISTS ledger (
    seq BIGINT NOT NULL,
    n INTEGER NOT NULL,
    site VARCHAR NOT NULL,
    door VARCHAR NOT NULL,
    hour_ms BIGINT NOT NULL,
    outcome VARCHAR NOT NULL,
    reason VARCHAR NOT NULL,
    count BIGINT NOT NULL
);

-- What was published. The newest row of (site, kind, slug) holds.
CREATE TABLE IF NOT EXISTS content (
    seq BIGINT NOT NULL,
    n INTEGER NOT NULL,
    site VARCHAR NOT NULL,
    kind VARCHAR NOT NULL,
    slug VARCHAR NOT NULL,
    title VARCHAR NOT NULL,
    published BOOLEAN NOT NULL
);

-- One row: how far history has come, and whose it is.
CREATE TABLE IF NOT EXISTS state (
    position BIGINT NOT NULL,
    store_id VARCHAR NOT NULL,
    version INTEGER NOT NULL
);

-- Columns that files of before do not have.
ALTER TABLE facts ADD COLUMN IF NOT EXISTS source VARCHAR DEFAULT '';
ALTER TABLE facts ADD COLUMN IF NOT EXISTS channel VARCHAR DEFAULT '';
ALTER TABLE visits ADD COLUMN IF NOT EXISTS source VARCHAR DEFAULT '';
ALTER TABLE visits ADD COLUMN IF NOT EXISTS channel VARCHAR DEFAULT '';
ALTER TABLE facts ADD COLUMN IF NOT EXISTS person UINTEGER DEFAULT 0;  -- given to all rows when version 1 is opened
ALTER TABLE visits ADD COLUMN IF NOT EXISTS person UINTEGER DEFAULT 0;
