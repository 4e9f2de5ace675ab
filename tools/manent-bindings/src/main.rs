//! `manent-bindings MODULE.wasm FOLDER NAME`: writes `NAME.js`, `NAME.d.ts` and `NAME_bg.wasm` into the folder.
//!
//! The same work as wasm-bindgen's own command, from the same library, in the version that the crate was compiled with: so nobody has to
//! install that command, and the two cannot differ.

use std::env;
use std::path::Path;

use anyhow::{Context, Result, bail};
use wasm_bindgen_cli_support::Bindgen;

fn main() -> Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [module, folder, name] = arguments.as_slice() else {
        bail!("usage: manent-bindings MODULE.wasm FOLDER NAME");
    };
    let mut bindgen = Bindgen::new();
    bindgen.input_path(module).out_name(name).typescript(true);
    bindgen
        .web(true)
        .and_then(|bindgen| bindgen.generate(Path::new(folder)))
        .with_context(|| format!("cannot write the bindings of {module}"))
}
