//! Starts a Postgres to try things with, prints its address and keeps it until this program ends: `cargo run -p manent-postgres`.

use std::future::pending;
use std::io::Write;

use manent_postgres::{PostgresServer, ServerOptions};

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let server = PostgresServer::private(ServerOptions::default()).await?;
    let mut output = std::io::stdout();
    writeln!(output, "{}", server.url())?;
    output.flush()?;
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => interrupted?,
        () = pending() => {}
    }
    Ok(())
}
