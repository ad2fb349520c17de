-- Tries after which the server had the whole mail and gave no answer: it may have been sent.
ALTER TABLE messages ADD COLUMN unheard INTEGER NOT NULL DEFAULT 0;
