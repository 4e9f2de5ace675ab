//! `manent openapi`.

use crate::console;
use crate::exit::Failure;

/// Prints the description of the API.
pub(crate) fn run() -> Result<(), Failure> {
    let document = manent_server::openapi_json()
        .map_err(|error| Failure::Other(format!("the description cannot be written: {error}")))?;
    console::print(&document);
    Ok(())
}
