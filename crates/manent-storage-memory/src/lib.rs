//! The reference store, and the conformance suite that every store passes.
