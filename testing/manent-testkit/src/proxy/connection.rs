//! One connection through the proxy: two directions, and what goes wrong with them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::sync::watch;

use super::counts::{Counters, count};
use super::fault::{Direction, Fault};

/// How a connection is ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    Close,
    Reset,
}

/// What all living connections are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Switch {
    /// Nothing flows.
    pub(super) is_stalled: bool,
    /// Grows with each order to end; the connections that live then end so.
    pub(super) endings: (u64, Ending),
    /// Grows with each release; stalls that began before are over.
    pub(super) releases: u64,
}

impl Default for Switch {
    fn default() -> Self {
        Self {
            is_stalled: false,
            endings: (0, Ending::Close),
            releases: 0,
        }
    }
}

/// What the two directions of a connection share.
struct Shared {
    fault: Fault,
    counters: Arc<Counters>,
    switch: watch::Receiver<Switch>,
    /// The stall of this connection's own, while it lasts.
    stall: watch::Sender<bool>,
}

/// Carries a connection until it ends, by itself or by its fault.
pub(super) async fn carry(
    mut client: TcpStream,
    mut server: TcpStream,
    fault: Fault,
    counters: Arc<Counters>,
    switch: watch::Receiver<Switch>,
) {
    // Without it small pieces would wait for others, and times would say nothing.
    let _ = client.set_nodelay(true);
    let _ = server.set_nodelay(true);
    let shared = Shared {
        fault,
        counters: Arc::clone(&counters),
        switch: switch.clone(),
        stall: watch::Sender::new(false),
    };
    let ending = {
        let (client_read, client_write) = client.split();
        let (server_read, server_write) = server.split();
        let to_server = pump(client_read, server_write, Direction::ToServer, &shared);
        let to_client = pump(server_read, client_write, Direction::ToClient, &shared);
        let both = async {
            // The first that is ordered to end takes the other with it; an orderly end of one direction leaves the other.
            tokio::try_join!(to_server, to_client).err()
        };
        tokio::select! {
            ending = both => ending,
            ending = told_to_end(switch) => Some(ending),
        }
    };
    match ending {
        Some(Ending::Reset) => {
            count(&counters.reset);
            let _ = client.set_zero_linger();
            let _ = server.set_zero_linger();
        }
        Some(Ending::Close) => count(&counters.cut),
        None => {}
    }
}

async fn told_to_end(mut switch: watch::Receiver<Switch>) -> Ending {
    let before = switch.borrow().endings.0;
    match switch.wait_for(|switch| switch.endings.0 > before).await {
        Ok(switch) => switch.endings.1,
        // The proxy is gone.
        Err(_) => Ending::Close,
    }
}

/// Hands bytes on in one direction; an error is how the whole connection is to end.
async fn pump(
    mut from: ReadHalf<'_>,
    mut to: WriteHalf<'_>,
    direction: Direction,
    shared: &Shared,
) -> Result<(), Ending> {
    let total = match direction {
        Direction::ToServer => &shared.counters.bytes_to_server,
        Direction::ToClient => &shared.counters.bytes_to_client,
    };
    let mut buffer = vec![0; 16 * 1024];
    let mut passed = 0_u64;
    shared.trip(direction, passed).await?;
    loop {
        let length = match from.read(&mut buffer).await {
            Ok(0) => {
                shared.gate().await;
                // Whoever is gone does not need to be told.
                let _ = to.shutdown().await;
                return Ok(());
            }
            Ok(length) => length,
            // One side was reset: so is the other.
            Err(_) => return Err(Ending::Reset),
        };
        let mut piece = &buffer[..length];
        while !piece.is_empty() {
            let (now, later) = piece.split_at(shared.allowed(direction, passed, piece.len()));
            if !now.is_empty() {
                if let Fault::Delay(delay) = shared.fault {
                    count(&shared.counters.delayed);
                    tokio::time::sleep(delay).await;
                }
                shared.gate().await;
                if to.write_all(now).await.is_err() {
                    return Err(Ending::Reset);
                }
                passed += now.len() as u64;
                add(total, now.len());
            }
            shared.trip(direction, passed).await?;
            piece = later;
        }
    }
}

fn add(total: &AtomicU64, length: usize) {
    total.fetch_add(length as u64, Ordering::Relaxed);
}

impl Shared {
    /// How many bytes may go before this connection's fault comes.
    fn allowed(&self, direction: Direction, passed: u64, wanted: usize) -> usize {
        match self.limit() {
            Some((counted, after)) if counted == direction && after > passed => {
                wanted.min(usize::try_from(after - passed).unwrap_or(usize::MAX))
            }
            _ => wanted,
        }
    }

    const fn limit(&self) -> Option<(Direction, u64)> {
        match self.fault {
            Fault::None | Fault::Drop | Fault::Delay(_) => None,
            Fault::Stall {
                direction, after, ..
            }
            | Fault::Cut { direction, after }
            | Fault::Reset { direction, after } => Some((direction, after)),
        }
    }

    /// Lets the fault come when its byte has gone through.
    async fn trip(&self, direction: Direction, passed: u64) -> Result<(), Ending> {
        if self.limit() != Some((direction, passed)) {
            return Ok(());
        }
        match self.fault {
            Fault::Cut { .. } => Err(Ending::Close),
            Fault::Reset { .. } => Err(Ending::Reset),
            Fault::Stall { duration, .. } => {
                count(&self.counters.stalled);
                self.stall.send_replace(true);
                let mut switch = self.switch.clone();
                let before = switch.borrow().releases;
                let released = async move {
                    let _ = switch.wait_for(|switch| switch.releases > before).await;
                };
                // Longer than any test lasts.
                let duration = duration.unwrap_or(Duration::from_hours(1));
                let _ = tokio::time::timeout(duration, released).await;
                self.stall.send_replace(false);
                Ok(())
            }
            Fault::None | Fault::Drop | Fault::Delay(_) => Ok(()),
        }
    }

    /// Waits while nothing may flow.
    async fn gate(&self) {
        let mut switch = self.switch.clone();
        let mut stall = self.stall.subscribe();
        loop {
            let is_open = !switch.borrow_and_update().is_stalled && !*stall.borrow_and_update();
            if is_open {
                return;
            }
            let changed = tokio::select! {
                changed = switch.changed() => changed,
                changed = stall.changed() => changed,
            };
            if changed.is_err() {
                return;
            }
        }
    }
}
