//! Writes `manent.example.toml` and the tables of `docs/configuration.md` anew. Run it from the repository's root:
//! `cargo run -p manent-config --example generate_documents`.

use std::error::Error;
use std::fs;

const BEGIN: &str = "<!-- settings: begin -->\n";
const END: &str = "<!-- settings: end -->\n";

fn main() -> Result<(), Box<dyn Error>> {
    fs::write("manent.example.toml", manent_config::sample())?;
    let page = fs::read_to_string("docs/configuration.md")?;
    let (before, rest) = page.split_once(BEGIN).ok_or("no begin mark")?;
    let (_, after) = rest.split_once(END).ok_or("no end mark")?;
    let tables = manent_config::reference();
    fs::write(
        "docs/configuration.md",
        format!("{before}{BEGIN}\n{tables}\n{END}{after}"),
    )?;
    Ok(())
}
