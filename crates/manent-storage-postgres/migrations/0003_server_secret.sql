-- Which server secret the accounts of this database belong to: its number and its fingerprint, never the secret. One row at most.
CREATE TABLE server_secret (
    id integer PRIMARY KEY CHECK (id = 1),
    number bigint NOT NULL,
    fingerprint text COLLATE "C" NOT NULL,
    registered_at bigint NOT NULL
);
