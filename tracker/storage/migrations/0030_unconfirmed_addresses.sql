-- People who signed up without an invitation and have not yet followed the link in the mail.
CREATE TABLE unconfirmed_addresses (
    person_id TEXT PRIMARY KEY REFERENCES people(id)
) STRICT, WITHOUT ROWID;
