-- People sign up by a link in a mail. Who signed up before and never followed the link of that time
-- has not shown that the address is theirs: the account opens again with a new link to it.
DELETE FROM sessions WHERE person_id IN (SELECT person_id FROM unconfirmed_addresses);
DELETE FROM passkeys WHERE person_id IN (SELECT person_id FROM unconfirmed_addresses);
DELETE FROM credentials WHERE person_id IN (SELECT person_id FROM unconfirmed_addresses);
DROP TABLE unconfirmed_addresses;
