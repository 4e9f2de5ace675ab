//! Who runs in a streaming benchmark: the server and its floors, each in a process of its own, and the upstream itself.

use std::net::SocketAddr;

use crate::child::ServerProcess;
use crate::cores::Cores;
use crate::environment::Environment;
use crate::floor::nginx::Nginx;
use crate::load::stream::{Dialect, StreamTarget};

/// One of them.
#[derive(Debug)]
pub(crate) struct Contender {
    /// As reports name it.
    pub(crate) name: &'static str,
    /// Where to ask it for a stream.
    pub(crate) target: StreamTarget,
    /// Its process; absent for the upstream itself and for nginx.
    pub(crate) process: Option<ServerProcess>,
    /// Kept for as long as it is asked.
    _nginx: Option<Nginx>,
}

/// The upstream, asked without anything in between.
pub(crate) const DIRECT: &str = "direct";
/// The bare pass-through.
pub(crate) const PASSTHROUGH: &str = "pass-through";
/// The parsing pass-through.
pub(crate) const PARSING: &str = "parsing pass-through";
/// A bare nginx.
pub(crate) const NGINX: &str = "nginx";
/// The server.
pub(crate) const MANENT: &str = "manent";

/// Starts all of them before one upstream, each on the measured core.
///
/// # Errors
/// When one does not start. An nginx that is not installed is left out.
pub(crate) fn start_all(
    environment: &Environment,
    upstream: SocketAddr,
    directory: &tempfile::TempDir,
) -> anyhow::Result<Vec<Contender>> {
    let openai = |name, address, process, nginx| Contender {
        name,
        target: StreamTarget {
            address,
            dialect: Dialect::OpenAi,
        },
        process,
        _nginx: nginx,
    };
    let mut all = vec![openai(DIRECT, upstream, None, None)];
    for (name, floor) in [
        (PASSTHROUGH, "passthrough"),
        (PARSING, "parsing-passthrough"),
    ] {
        let argument = Some(upstream.to_string());
        let process = environment.start_floor(floor, argument, Cores::Measured)?;
        all.push(openai(name, process.address, Some(process), None));
    }
    if let Some(nginx) = Nginx::start(upstream, directory.path())? {
        all.push(openai(NGINX, nginx.address, None, Some(nginx)));
    }
    let process = environment.start_server(directory.path(), Some(upstream), Cores::Measured)?;
    all.push(Contender {
        name: MANENT,
        target: StreamTarget {
            address: process.address,
            dialect: Dialect::Manent,
        },
        process: Some(process),
        _nginx: None,
    });
    Ok(all)
}
