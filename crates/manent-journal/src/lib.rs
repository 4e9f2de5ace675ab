//! The journal: where the server's own writes wait while the store cannot take them.
#![warn(missing_docs)]
