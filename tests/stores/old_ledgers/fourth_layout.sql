BEGIN TRANSACTION;
CREATE TABLE store_meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
INSERT INTO "store_meta" VALUES('generation','e136bc912f0649ee91cc0b0874499568');
INSERT INTO "store_meta" VALUES('version:usage','4');
CREATE TABLE usage (
    id INTEGER PRIMARY KEY, at REAL, day TEXT NOT NULL, provider TEXT, model TEXT, outcome TEXT NOT NULL,
    cached INTEGER NOT NULL, prompt_tokens INTEGER NOT NULL, completion_tokens INTEGER NOT NULL,
    cost TEXT, saved_cost TEXT, tags TEXT NOT NULL, row TEXT NOT NULL
);
INSERT INTO "usage" VALUES(1,1795944600.0,'2026-11-29','openai','gpt-5.4-mini','answered',0,100,20,'0.0012',NULL,'{"team":"a"}','{"prompt_tokens":100,"completion_tokens":20,"total_tokens":120,"input_tokens":100,"output_tokens":20,"cost":"0.0012","provider":"openai","model":"gpt-5.4-mini","started_at":"2026-11-29T09:30:00Z","tags":{"team":"a"}}');
INSERT INTO "usage" VALUES(2,1795944900.0,'2026-11-29','openai','dall-e-3','answered',0,0,0,'0.08',NULL,'{}','{"cost":"0.08","provider":"openai","model":"dall-e-3","operation":"image","started_at":"2026-11-29T09:35:00Z"}');
INSERT INTO "usage" VALUES(3,1795951800.0,'2026-11-29','deepgram','aura-2-thalia-en','answered',0,0,0,NULL,NULL,'{}','{"cost_reason":"no price is known","provider":"deepgram","model":"aura-2-thalia-en","operation":"speak","started_at":"2026-11-29T11:30:00Z"}');
INSERT INTO "usage" VALUES(4,1795955400.0,'2026-11-29','openai','gpt-5.4-mini','cached',1,100,20,'0','0.0012','{}','{"prompt_tokens":100,"completion_tokens":20,"total_tokens":120,"input_tokens":100,"output_tokens":20,"cost":"0","saved_cost":"0.0012","provider":"openai","model":"gpt-5.4-mini","outcome":"cached","cached":true,"started_at":"2026-11-29T12:30:00Z"}');
CREATE TABLE usage_closed (id TEXT PRIMARY KEY, usage_id INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE usage_dirty (hour INTEGER PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE usage_open (id TEXT PRIMARY KEY, owner TEXT NOT NULL, expires REAL NOT NULL, row TEXT NOT NULL)
    WITHOUT ROWID;
CREATE TABLE usage_sums (
    scope INTEGER NOT NULL, hour INTEGER NOT NULL, provider TEXT NOT NULL, model TEXT NOT NULL, outcome TEXT NOT NULL,
    cached INTEGER NOT NULL, tags TEXT NOT NULL, requests INTEGER NOT NULL, prompt_tokens INTEGER NOT NULL,
    completion_tokens INTEGER NOT NULL, cost TEXT NOT NULL, saved_cost TEXT NOT NULL, unknown INTEGER NOT NULL,
    PRIMARY KEY (scope, hour, provider, model, outcome, cached, tags)
) WITHOUT ROWID;
INSERT INTO "usage_sums" VALUES(0,1795942800,'openai','dall-e-3','answered',0,'',1,0,0,'0.08','0',0);
INSERT INTO "usage_sums" VALUES(0,1795942800,'openai','gpt-5.4-mini','answered',0,'',1,100,20,'0.0012','0',0);
INSERT INTO "usage_sums" VALUES(0,1795950000,'deepgram','aura-2-thalia-en','answered',0,'',1,0,0,'0','0',1);
INSERT INTO "usage_sums" VALUES(0,1795953600,'openai','gpt-5.4-mini','cached',1,'',1,100,20,'0','0.0012',0);
INSERT INTO "usage_sums" VALUES(1,1795942800,'openai','dall-e-3','answered',0,'{}',1,0,0,'0.08','0',0);
INSERT INTO "usage_sums" VALUES(1,1795942800,'openai','gpt-5.4-mini','answered',0,'{"team":"a"}',1,100,20,'0.0012','0',0);
INSERT INTO "usage_sums" VALUES(1,1795950000,'deepgram','aura-2-thalia-en','answered',0,'{}',1,0,0,'0','0',1);
INSERT INTO "usage_sums" VALUES(1,1795953600,'openai','gpt-5.4-mini','cached',1,'{}',1,100,20,'0','0.0012',0);
CREATE TABLE usage_writing (id INTEGER PRIMARY KEY);
CREATE INDEX usage_at ON usage (at);
CREATE TRIGGER usage_added AFTER INSERT ON usage WHEN NOT EXISTS (SELECT 1 FROM usage_writing) BEGIN
    INSERT OR IGNORE INTO usage_dirty (hour) VALUES (CASE WHEN NEW.at IS NULL THEN -1 ELSE CAST(max(NEW.at, 0) / 3600 AS INTEGER) * 3600 END);
END;
CREATE TRIGGER usage_removed AFTER DELETE ON usage BEGIN
    INSERT OR IGNORE INTO usage_dirty (hour) VALUES (CASE WHEN OLD.at IS NULL THEN -1 ELSE CAST(max(OLD.at, 0) / 3600 AS INTEGER) * 3600 END);
END;
CREATE TRIGGER usage_changed AFTER UPDATE ON usage BEGIN
    INSERT OR IGNORE INTO usage_dirty (hour) VALUES (CASE WHEN OLD.at IS NULL THEN -1 ELSE CAST(max(OLD.at, 0) / 3600 AS INTEGER) * 3600 END);
    INSERT OR IGNORE INTO usage_dirty (hour) VALUES (CASE WHEN NEW.at IS NULL THEN -1 ELSE CAST(max(NEW.at, 0) / 3600 AS INTEGER) * 3600 END);
END;
COMMIT;
