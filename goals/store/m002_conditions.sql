-- Add a goal's conditions beyond the specification (owner, dependencies, repetition, approval) and
-- what its execution needs (attempts, lease).

ALTER TABLE goals ADD COLUMN owner TEXT CHECK (length(owner) BETWEEN 1 AND 128);
ALTER TABLE goals ADD COLUMN depends_on TEXT NOT NULL DEFAULT '[]' CHECK (
  json_valid(depends_on) AND json_type(depends_on) = 'array'
  AND json_array_length(depends_on) <= 64);
ALTER TABLE goals ADD COLUMN repeat_every_min INTEGER CHECK (
  repeat_every_min BETWEEN 1 AND 1000000000);
ALTER TABLE goals ADD COLUMN requires_approval INTEGER NOT NULL DEFAULT 0 CHECK (
  requires_approval IN (0, 1));
ALTER TABLE goals ADD COLUMN approved_by TEXT;
ALTER TABLE goals ADD COLUMN previous_id TEXT;
ALTER TABLE goals ADD COLUMN attempts INTEGER NOT NULL DEFAULT 0 CHECK (attempts >= 0);
ALTER TABLE goals ADD COLUMN selection_key TEXT;
ALTER TABLE goals ADD COLUMN lease_until_us INTEGER;
UPDATE goals SET attempts = coalesce(
  (SELECT max(attempt) FROM tasks WHERE tasks.goal_id = goals.id), 0);
UPDATE goals SET selection_key = (
  SELECT record.selection_key FROM decision_records AS record
  WHERE record.goal_id = goals.id ORDER BY record.ts DESC, record.record_id DESC LIMIT 1)
WHERE state = 'executing';
CREATE INDEX leases ON goals (lease_until_us, id) WHERE lease_until_us IS NOT NULL;

-- No reference for on_id: goals are imported in any order.
CREATE TABLE goal_dependencies (
  goal_id TEXT NOT NULL REFERENCES goals (id),
  on_id TEXT NOT NULL,
  PRIMARY KEY (goal_id, on_id),
  CHECK (goal_id <> on_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX dependents ON goal_dependencies (on_id, goal_id);
ALTER TABLE selections ADD COLUMN owner TEXT;
ALTER TABLE scheduled_tasks ADD COLUMN owner TEXT;
DROP INDEX next_scheduled;
CREATE INDEX next_scheduled ON scheduled_tasks (owner, next_us, position);
