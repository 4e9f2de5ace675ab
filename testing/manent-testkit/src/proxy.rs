//! A TCP proxy that breaks connections on purpose: dropped, refused, stalled, reset, delayed, cut after so many bytes, or a seeded
//! mixture of all.
//!
//! It knows bytes, no protocol, so that it can stand between a client and a server as well as between a server and its database.

mod connection;
mod counts;
mod fault;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

use connection::{Ending, Switch};
use counts::{Counters, count};

pub use counts::ProxyCounts;
pub use fault::{Direction, Fault, Mixture};

/// Gives each connection its fault, by the connection's number: 0, 1, 2 ….
type Plan = Box<dyn FnMut(u64) -> Fault + Send>;

/// What the listener does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Listening {
    Accepts,
    Refuses,
}

/// A proxy on a free port of loopback in front of one server. Dropping it ends it and every connection through it.
pub struct FaultProxy {
    address: SocketAddr,
    upstream: watch::Sender<SocketAddr>,
    plan: Arc<Mutex<Plan>>,
    counters: Arc<Counters>,
    switch: watch::Sender<Switch>,
    wanted: watch::Sender<Listening>,
    reached: watch::Receiver<Listening>,
    task: JoinHandle<()>,
}

impl FaultProxy {
    /// Starts one that hands everything on.
    ///
    /// # Errors
    /// When it cannot listen.
    pub async fn start(upstream: SocketAddr) -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let plan: Plan = Box::new(|_| Fault::None);
        let plan = Arc::new(Mutex::new(plan));
        let counters = Arc::<Counters>::default();
        let (upstream, upstreams) = watch::channel(upstream);
        let (switch, _) = watch::channel(Switch::default());
        let (wanted, wishes) = watch::channel(Listening::Accepts);
        let (tell, reached) = watch::channel(Listening::Accepts);
        let acceptor = Acceptor {
            address,
            upstream: upstreams,
            plan: Arc::clone(&plan),
            counters: Arc::clone(&counters),
            switch: switch.clone(),
            wanted: wishes,
            reached: tell,
        };
        Ok(Self {
            address,
            upstream,
            plan,
            counters,
            switch,
            wanted,
            reached,
            task: tokio::spawn(acceptor.run(listener)),
        })
    }

    /// Where it listens.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Leads new connections to another server, such as one that was started again.
    pub fn set_upstream(&self, upstream: SocketAddr) {
        self.upstream.send_replace(upstream);
    }

    /// The fault of every connection from now on; those that live keep theirs.
    pub fn set_fault(&self, fault: Fault) {
        self.set_plan(move |_| fault);
    }

    /// Gives every connection from now on the fault that the mixture has for its number.
    pub fn set_mixture(&self, mixture: Mixture) {
        self.set_plan(move |connection| mixture.fault(connection));
    }

    /// Asks for the fault of every connection from now on, by the connection's number: 0, 1, 2 ….
    pub fn set_plan(&self, plan: impl FnMut(u64) -> Fault + Send + 'static) {
        *self.plan.lock().unwrap_or_else(PoisonError::into_inner) = Box::new(plan);
    }

    /// Stops all bytes on all connections, also on those to come; nothing is closed.
    pub fn stall(&self) {
        self.switch.send_modify(|switch| switch.is_stalled = true);
    }

    /// Ends all stalls: that of [`Self::stall`] and those of single connections.
    pub fn release(&self) {
        self.switch.send_modify(|switch| {
            switch.is_stalled = false;
            switch.releases += 1;
        });
    }

    /// Closes every connection that lives.
    pub fn cut_all(&self) {
        self.end_all(Ending::Close);
    }

    /// Resets every connection that lives.
    pub fn reset_all(&self) {
        self.end_all(Ending::Reset);
    }

    /// Nobody listens any more: new connections are refused. Returns when that is so.
    pub async fn refuse(&self) {
        self.listen(Listening::Refuses).await;
    }

    /// Listens again after [`Self::refuse`]. Returns when that is so.
    pub async fn accept(&self) {
        self.listen(Listening::Accepts).await;
    }

    /// As a machine that goes away: new connections are refused, living ones reset.
    pub async fn go_down(&self) {
        self.refuse().await;
        self.reset_all();
    }

    /// What it did so far.
    pub fn counts(&self) -> ProxyCounts {
        self.counters.read()
    }

    fn end_all(&self, ending: Ending) {
        self.switch
            .send_modify(|switch| switch.endings = (switch.endings.0 + 1, ending));
    }

    async fn listen(&self, wanted: Listening) {
        self.wanted.send_replace(wanted);
        let mut reached = self.reached.clone();
        // Fails only when the acceptor is gone, as at the end of the runtime.
        let _ = reached.wait_for(|reached| *reached == wanted).await;
    }
}

impl Drop for FaultProxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// What accepts connections, in a task of its own.
struct Acceptor {
    address: SocketAddr,
    upstream: watch::Receiver<SocketAddr>,
    plan: Arc<Mutex<Plan>>,
    counters: Arc<Counters>,
    switch: watch::Sender<Switch>,
    wanted: watch::Receiver<Listening>,
    reached: watch::Sender<Listening>,
}

impl Acceptor {
    async fn run(mut self, listener: TcpListener) {
        let mut listener = Some(listener);
        let mut connections = JoinSet::new();
        let mut number = 0;
        loop {
            let wanted = *self.wanted.borrow_and_update();
            if wanted == Listening::Refuses {
                listener = None;
            } else if listener.is_none() {
                let Ok(bound) = TcpListener::bind(self.address).await else {
                    // Somebody has the port for a moment, as for a connection of its own.
                    tokio::task::yield_now().await;
                    continue;
                };
                listener = Some(bound);
            }
            self.reached.send_replace(wanted);
            let accepted = async {
                match &listener {
                    Some(listener) => listener.accept().await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                changed = self.wanted.changed() => if changed.is_err() { return },
                Some(_) = connections.join_next() => {}
                accepted = accepted => if let Ok((client, _)) = accepted {
                    self.take(client, number, &mut connections);
                    number += 1;
                },
            }
        }
    }

    fn take(&self, client: TcpStream, number: u64, connections: &mut JoinSet<()>) {
        count(&self.counters.accepted);
        let fault = (self.plan.lock().unwrap_or_else(PoisonError::into_inner))(number);
        if fault == Fault::Drop {
            count(&self.counters.dropped);
            return;
        }
        let upstream = *self.upstream.borrow();
        let counters = Arc::clone(&self.counters);
        let switch = self.switch.subscribe();
        connections.spawn(async move {
            match TcpStream::connect(upstream).await {
                Ok(server) => {
                    count(&counters.connected);
                    connection::carry(client, server, fault, counters, switch).await;
                }
                Err(_) => count(&counters.unreachable),
            }
        });
    }
}
