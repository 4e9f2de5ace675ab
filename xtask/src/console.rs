//! What a person reads while a command works.

/// Says what begins now; long work is never silent.
pub(crate) fn progress(text: &str) {
    println!("==> {text}");
}

/// Says something that a reader must not miss.
pub(crate) fn notice(text: &str) {
    println!("!!! {text}");
}

/// Tells an error with the chain of its causes.
pub(crate) fn failure(error: &anyhow::Error) {
    println!("\nerror: {error:#}");
}
