//! Runs and turns against the reference store, with scripted providers and a store that fails on demand. Time is paused: nothing here waits.

mod attach;



mod start;
mod stop;

mod support;

