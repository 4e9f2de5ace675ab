//! Answers from a rules file, in process and over HTTP in both wire formats.
