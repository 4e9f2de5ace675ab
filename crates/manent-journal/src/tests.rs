//! Tests of the whole journal.

mod crashes;
mod damage;
mod draining;
mod limits;
mod samples;
mod stored_form;
