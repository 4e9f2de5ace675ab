//! Step `proofs`: the promises, with servers that are killed, databases that go away and networks that fail.
//!
//! A step of its own, one proof after the other: each starts servers and databases and measures times, which the ordinary tests beside it would
//! spoil.

use anyhow::Result;

use super::rust;
use crate::workspace::{Profile, Workspace};
use crate::{command, doctor, page, postgres, run};

/// The crate that holds them; the step `rust` leaves its tests to this one.
pub(super) const PACKAGE: &str = "manent-proofs";

/// Its one test program. No other crate has one of that name.
const PROGRAM: &str = "proofs";

pub(super) fn run(workspace: &Workspace) -> Result<()> {
    doctor::require_c_compiler()?;
    let postgres = postgres::require()?;
    page::build(workspace)?;
    run::build_server(workspace, Profile::Debug)?;
    let mut test = command::cargo(workspace.root());
    // Chosen by the program's name and not by the package's: so the dependencies have the features that they have in the step `rust`, and are
    // not compiled once more.
    test.args(["test", "--workspace", "--test", PROGRAM]);
    for other in rust::OTHERS {
        test.args(["--exclude", other]);
    }
    test.args(["--", "--test-threads=1"]);
    command::run(postgres.tell(&mut test))
}
