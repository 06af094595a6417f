-- Create the specification's tables: goals, beliefs, ledger, decisions, tasks, and others.

CREATE TABLE goals (
  id TEXT NOT NULL PRIMARY KEY CHECK (length(id) BETWEEN 1 AND 128),
  text TEXT NOT NULL CHECK (
    length(text) BETWEEN 1 AND 2000 AND instr(text, char(0)) = 0
    AND trim(text, char(9, 10, 11, 12, 13, 32)) <> ''),
  category TEXT NOT NULL CHECK (
    category IN ('introspection', 'exploration', 'maintenance', 'user_requested')),
  value REAL NOT NULL CHECK (value BETWEEN 0 AND 1),
  effort REAL NOT NULL CHECK (effort BETWEEN 0 AND 1),
  risk REAL NOT NULL CHECK (risk BETWEEN 0 AND 1),
  horizon_min_min INTEGER NOT NULL DEFAULT 0 CHECK (
    horizon_min_min BETWEEN 0 AND 1000000000),
  horizon_max_min INTEGER CHECK (horizon_max_min BETWEEN 1 AND 1000000000),
  aligns_with TEXT NOT NULL DEFAULT '[]' CHECK (
    json_valid(aligns_with) AND json_type(aligns_with) = 'array'
    AND json_array_length(aligns_with) <= 64),
  contradicts TEXT NOT NULL DEFAULT '[]' CHECK (
    json_valid(contradicts) AND json_type(contradicts) = 'array'
    AND json_array_length(contradicts) <= 64),
  success_metrics TEXT NOT NULL DEFAULT '{}' CHECK (
    json_valid(success_metrics) AND json_type(success_metrics) = 'object'),
  state TEXT NOT NULL DEFAULT 'proposed' CHECK (
    state IN ('proposed', 'adopted', 'executing', 'satisfied', 'abandoned')),
  created_at TEXT NOT NULL CHECK (created_at LIKE '____-__-__T__:__:__.______Z'),
  updated_at TEXT NOT NULL CHECK (updated_at LIKE '____-__-__T__:__:__.______Z'),
  metadata TEXT NOT NULL DEFAULT '{}' CHECK (
    json_valid(metadata) AND json_type(metadata) = 'object'
    AND length(CAST(metadata AS BLOB)) <= 16384),
  version INTEGER NOT NULL DEFAULT 1 CHECK (version >= 1),
  deleted_at TEXT CHECK (deleted_at LIKE '____-__-__T__:__:__.______Z'),
  CHECK (horizon_max_min IS NULL OR horizon_max_min >= horizon_min_min),
  CHECK (updated_at >= created_at),
  CHECK (deleted_at IS NULL OR state <> 'executing')
) STRICT;
CREATE INDEX goals_newest ON goals (created_at DESC, id);
CREATE INDEX goals_newest_of_state ON goals (state, created_at DESC, id);

CREATE TABLE beliefs (
  id TEXT NOT NULL PRIMARY KEY CHECK (length(id) BETWEEN 1 AND 128),
  text TEXT NOT NULL CHECK (length(text) BETWEEN 1 AND 2000),
  active INTEGER NOT NULL CHECK (active IN (0, 1)),
  confidence REAL NOT NULL CHECK (confidence BETWEEN 0 AND 1),
  immutable INTEGER NOT NULL CHECK (immutable IN (0, 1)),
  created_at TEXT NOT NULL CHECK (created_at LIKE '____-__-__T__:__:__.______Z'),
  updated_at TEXT NOT NULL CHECK (updated_at LIKE '____-__-__T__:__:__.______Z'),
  version INTEGER NOT NULL DEFAULT 1 CHECK (version >= 1)
) STRICT;

-- No reference to beliefs: a goal may name one that is not known yet.
CREATE TABLE goal_beliefs (
  goal_id TEXT NOT NULL REFERENCES goals (id),
  belief_id TEXT NOT NULL CHECK (length(belief_id) BETWEEN 1 AND 128),
  relation TEXT NOT NULL CHECK (relation IN ('aligns', 'contradicts')),
  PRIMARY KEY (goal_id, belief_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX goals_of_belief ON goal_beliefs (belief_id, relation, goal_id);

-- No reference to goals: it also tells of what happened to goals that were not taken in.
CREATE TABLE ledger (
  seq INTEGER NOT NULL PRIMARY KEY,
  ts TEXT NOT NULL CHECK (ts LIKE '____-__-__T__:__:__.______Z'),
  event TEXT NOT NULL,
  goal_id TEXT NOT NULL,
  version INTEGER NOT NULL,
  state_from TEXT CHECK (
    state_from IN ('proposed', 'adopted', 'executing', 'satisfied', 'abandoned')),
  state_to TEXT CHECK (
    state_to IN ('proposed', 'adopted', 'executing', 'satisfied', 'abandoned')),
  actor TEXT NOT NULL,
  reason TEXT,
  trace_id TEXT NOT NULL,
  span_id TEXT NOT NULL,
  data TEXT NOT NULL CHECK (json_valid(data) AND json_type(data) = 'object'),
  prev_hash TEXT NOT NULL,
  hash TEXT NOT NULL
) STRICT;
CREATE INDEX ledger_of_goal ON ledger (goal_id, seq);
CREATE TRIGGER ledger_is_not_changed BEFORE UPDATE ON ledger
BEGIN SELECT RAISE (ABORT, 'the ledger is only ever added to'); END;
CREATE TRIGGER ledger_is_not_shortened BEFORE DELETE ON ledger
BEGIN SELECT RAISE (ABORT, 'the ledger is only ever added to'); END;

CREATE TABLE decisions (
  decision_id TEXT NOT NULL PRIMARY KEY,
  subsystem TEXT NOT NULL,
  success_metrics TEXT NOT NULL CHECK (json_valid(success_metrics))
) STRICT;

CREATE TABLE parameters (
  decision_id TEXT NOT NULL REFERENCES decisions (decision_id),
  position INTEGER NOT NULL,
  name TEXT NOT NULL,
  current REAL NOT NULL,
  min REAL NOT NULL,
  max REAL NOT NULL,
  step REAL NOT NULL CHECK (step > 0),
  PRIMARY KEY (decision_id, name),
  CHECK (min <= max AND current BETWEEN min AND max)
) STRICT;

CREATE TABLE decision_records (
  record_id TEXT NOT NULL PRIMARY KEY,
  decision_id TEXT NOT NULL REFERENCES decisions (decision_id),
  ts TEXT NOT NULL CHECK (ts LIKE '____-__-__T__:__:__.______Z'),
  goal_id TEXT NOT NULL REFERENCES goals (id),
  task_id TEXT NOT NULL UNIQUE,
  selection_key TEXT,
  score REAL NOT NULL,
  weights TEXT NOT NULL CHECK (json_valid(weights)),
  trace_id TEXT NOT NULL,
  span_id TEXT NOT NULL,
  outcome REAL CHECK (outcome BETWEEN -1 AND 1),
  outcome_ts TEXT CHECK (outcome_ts LIKE '____-__-__T__:__:__.______Z'),
  outcome_data TEXT CHECK (outcome_data IS NULL OR json_valid(outcome_data)),
  CHECK ((outcome IS NULL) = (outcome_ts IS NULL))
) STRICT;
CREATE INDEX newest_records ON decision_records (ts, record_id);
CREATE INDEX records_of_goal ON decision_records (goal_id, ts, record_id);

CREATE TABLE tasks (
  task_id TEXT NOT NULL PRIMARY KEY,
  goal_id TEXT NOT NULL REFERENCES goals (id),
  attempt INTEGER NOT NULL CHECK (attempt >= 1),
  payload TEXT NOT NULL CHECK (json_valid(payload)),
  created_at TEXT NOT NULL CHECK (created_at LIKE '____-__-__T__:__:__.______Z'),
  submitted_at TEXT CHECK (submitted_at LIKE '____-__-__T__:__:__.______Z'),
  closed_at TEXT CHECK (closed_at LIKE '____-__-__T__:__:__.______Z'),
  UNIQUE (goal_id, attempt)
) STRICT;
CREATE UNIQUE INDEX one_open_task ON tasks (goal_id) WHERE closed_at IS NULL;
CREATE INDEX tasks_to_submit ON tasks (created_at, task_id)
WHERE submitted_at IS NULL AND closed_at IS NULL;

CREATE TABLE selections (
  selection_key TEXT NOT NULL PRIMARY KEY,
  task TEXT CHECK (task IS NULL OR json_valid(task)),
  ts TEXT NOT NULL CHECK (ts LIKE '____-__-__T__:__:__.______Z')
) STRICT;

CREATE TABLE scheduled_tasks (
  task_id TEXT NOT NULL PRIMARY KEY,
  text TEXT NOT NULL,
  every_min INTEGER CHECK (every_min >= 1),
  next_us INTEGER NOT NULL,
  position INTEGER NOT NULL UNIQUE,
  metadata TEXT NOT NULL CHECK (json_valid(metadata))
) STRICT;
CREATE INDEX next_scheduled ON scheduled_tasks (next_us, position);

CREATE TABLE idempotency (
  scope TEXT NOT NULL,
  key TEXT NOT NULL,
  request TEXT NOT NULL,
  answer_name TEXT NOT NULL,
  answer TEXT NOT NULL CHECK (json_valid(answer)),
  expires_us INTEGER NOT NULL,
  PRIMARY KEY (scope, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX idempotency_expiry ON idempotency (expires_us);

CREATE TABLE counters (
  name TEXT NOT NULL,
  labels TEXT NOT NULL CHECK (json_valid(labels)),
  value INTEGER NOT NULL CHECK (value >= 0),
  PRIMARY KEY (name, labels)
) STRICT, WITHOUT ROWID;
