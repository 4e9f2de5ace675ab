-- Which server secret the accounts of this database belong to: its number and its fingerprint, never the secret. One row at most.
CREATE TABLE server_secret (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    number INTEGER NOT NULL,
    fingerprint TEXT NOT NULL,
    registered_at INTEGER NOT NULL
);
