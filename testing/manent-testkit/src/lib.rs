//! What tests share: the real server as a process, on a port of its own.
