//! Tests of the whole journal.

mod crashes;
mod damage;
mod draining;
mod killed;
mod limits;
mod rescue;
mod samples;
mod stored_form;
mod target;
