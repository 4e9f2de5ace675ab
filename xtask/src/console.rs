//! What a person reads while a command works.

use std::sync::{Mutex, PoisonError};

/// Says what begins now; long work is never silent.
pub(crate) fn progress(text: &str) {
    println!("==> {text}");
}

/// Says something that a reader must not miss.
pub(crate) fn notice(text: &str) {
    println!("!!! {text}");
}

/// What is to be said once more at the end.
static REMARKS: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// Says something that a reader must not miss, now and once more at the end of everything.
pub(crate) fn remark(text: &str) {
    notice(text);
    let mut remarks = REMARKS.lock().unwrap_or_else(PoisonError::into_inner);
    remarks.push(text.to_owned());
}

/// Repeats the remarks.
pub(crate) fn repeat_remarks() {
    let remarks = REMARKS.lock().unwrap_or_else(PoisonError::into_inner);
    for remark in remarks.iter() {
        notice(remark);
    }
}

/// Tells an error with the chain of its causes.
pub(crate) fn failure(error: &anyhow::Error) {
    println!("\nerror: {error:#}");
}
