//! From which address a connection comes.

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::task::{Context, Poll};

use axum::Router;
use axum::extract::Request;
use axum::response::Response;
use axum::routing::future::RouteFuture;
use hyper::body::Incoming;
use tower::Service;

/// The other end of the connection that a request came over: the client, or the last proxy before this server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Peer(pub(crate) IpAddr);

/// The router for one connection: tells each request its peer.
#[derive(Debug, Clone)]
pub(crate) struct PeerService {
    router: Router,
    peer: Peer,
}

impl PeerService {
    pub(crate) fn new(router: Router, address: SocketAddr) -> Self {
        Self {
            router,
            peer: Peer(address.ip().to_canonical()),
        }
    }
}

impl Service<Request<Incoming>> for PeerService {
    type Response = Response;
    type Error = Infallible;
    type Future = RouteFuture<Infallible>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Service::<Request<Incoming>>::poll_ready(&mut self.router, context)
    }

    fn call(&mut self, mut request: Request<Incoming>) -> RouteFuture<Infallible> {
        request.extensions_mut().insert(self.peer);
        self.router.call(request)
    }
}
