BEGIN TRANSACTION;
CREATE TABLE usage (
    id INTEGER PRIMARY KEY, at REAL, day TEXT NOT NULL, provider TEXT, model TEXT, outcome TEXT NOT NULL,
    cached INTEGER NOT NULL, prompt_tokens INTEGER NOT NULL, completion_tokens INTEGER NOT NULL,
    cost TEXT, saved_cost TEXT, tags TEXT NOT NULL, row TEXT NOT NULL
);
INSERT INTO "usage" VALUES(1,1795944600.0,'2026-11-29','openai','gpt-5.4-mini','answered',0,100,20,'0.0012',NULL,'{"team":"a"}','{"prompt_tokens":100,"completion_tokens":20,"total_tokens":120,"input_tokens":100,"output_tokens":20,"cost":"0.0012","provider":"openai","model":"gpt-5.4-mini","started_at":"2026-11-29T09:30:00Z","tags":{"team":"a"}}');
INSERT INTO "usage" VALUES(2,1795944900.0,'2026-11-29','openai','dall-e-3','answered',0,0,0,'0.08',NULL,'{}','{"cost":"0.08","provider":"openai","model":"dall-e-3","operation":"image","started_at":"2026-11-29T09:35:00Z"}');
INSERT INTO "usage" VALUES(3,1795951800.0,'2026-11-29','deepgram','aura-2-thalia-en','answered',0,0,0,NULL,NULL,'{}','{"cost_reason":"no price is known","provider":"deepgram","model":"aura-2-thalia-en","operation":"speak","started_at":"2026-11-29T11:30:00Z"}');
INSERT INTO "usage" VALUES(4,1795955400.0,'2026-11-29','openai','gpt-5.4-mini','cached',1,100,20,'0','0.0012','{}','{"prompt_tokens":100,"completion_tokens":20,"total_tokens":120,"input_tokens":100,"output_tokens":20,"cost":"0","saved_cost":"0.0012","provider":"openai","model":"gpt-5.4-mini","outcome":"cached","cached":true,"started_at":"2026-11-29T12:30:00Z"}');
CREATE INDEX usage_at ON usage (at);
COMMIT;
