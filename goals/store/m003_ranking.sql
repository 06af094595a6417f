-- Add the derived columns: what ranking and selection need of beliefs, dependencies and times, and
-- one index that holds them all.

ALTER TABLE goals ADD COLUMN align REAL NOT NULL DEFAULT 0 CHECK (align BETWEEN 0 AND 1);
ALTER TABLE goals ADD COLUMN contra INTEGER NOT NULL DEFAULT 0 CHECK (contra IN (0, 1));
ALTER TABLE goals ADD COLUMN open_dependencies INTEGER NOT NULL DEFAULT 0 CHECK (
  open_dependencies >= 0);
ALTER TABLE goals ADD COLUMN created_us INTEGER NOT NULL DEFAULT 0;
ALTER TABLE goals ADD COLUMN starts_us INTEGER NOT NULL DEFAULT 0;
ALTER TABLE goals ADD COLUMN deadline_us INTEGER;
ALTER TABLE goals ADD COLUMN blocked_noted INTEGER NOT NULL DEFAULT 0 CHECK (
  blocked_noted IN (0, 1));
UPDATE goals SET created_us =
  CAST(strftime('%s', substr(created_at, 1, 19)) AS INTEGER) * 1000000
  + CAST(substr(created_at, 21, 6) AS INTEGER);
UPDATE goals SET starts_us = created_us + horizon_min_min * 60000000,
  deadline_us = created_us + horizon_max_min * 60000000;
UPDATE goals SET align = (
  SELECT count(*) FROM goal_beliefs AS link
  JOIN beliefs AS belief ON belief.id = link.belief_id AND belief.active
  WHERE link.goal_id = goals.id AND link.relation = 'aligns'
) * 1.0 / json_array_length(aligns_with)
WHERE json_array_length(aligns_with) > 0;
UPDATE goals SET contra = EXISTS (
  SELECT 1 FROM goal_beliefs AS link
  JOIN beliefs AS belief ON belief.id = link.belief_id AND belief.active
  WHERE link.goal_id = goals.id AND link.relation = 'contradicts');
UPDATE goals SET open_dependencies = (
  SELECT count(*) FROM goal_dependencies AS link WHERE link.goal_id = goals.id
  AND NOT EXISTS (SELECT 1 FROM goals AS other WHERE other.id = link.on_id
    AND other.state = 'satisfied' AND other.deleted_at IS NULL));

-- All that ranking reads, so that it never touches the rows of goals that are not shown.
CREATE INDEX goals_standing ON goals (
  state, owner, contra, open_dependencies, value, effort, risk, align, deadline_us,
  starts_us, created_us, requires_approval, approved_by, id
) WHERE deleted_at IS NULL;
CREATE INDEX goals_contradicted ON goals (state, owner, created_us, id)
WHERE contra = 1 AND deleted_at IS NULL;
CREATE INDEX selections_of_the_schedule ON selections (ts)
WHERE json_extract(task, '$.kind') = 'scheduled';

CREATE TABLE settings (
  name TEXT NOT NULL PRIMARY KEY,
  value REAL NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO settings (name, value) VALUES ('belief_min_confidence', 0.0);
