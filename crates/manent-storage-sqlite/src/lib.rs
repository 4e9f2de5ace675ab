//! SQLite as a store: one writer with group commit, a pool of readers.
