//! The one place where HTTP clients are made.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use reqwest::redirect::Policy;
use reqwest::{Client, Url};

use super::address_guard::AddressGuard;
use crate::error::ProviderConfigError;

/// Idle connections are kept this long.
const POOL_IDLE: Duration = Duration::from_secs(90);
/// How often a silent HTTP/2 connection is asked whether it lives.
const KEEP_ALIVE_INTERVAL: Duration = Duration::from_secs(20);
/// How long the answer to that may take.
const KEEP_ALIVE_TIMEOUT: Duration = Duration::from_secs(10);

/// What makes one client different from another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Kind {
    connect_timeout: Duration,
    is_encrypted: bool,
    is_loopback: bool,
    is_guarded: bool,
}

/// The HTTP clients of all providers: endpoints of the same kind share one, and with it its connections.
///
/// Certificates are only loaded once an endpoint needs them, and this machine's own addresses are never reached through a
/// proxy.
#[derive(Debug, Default)]
pub struct HttpClients {
    clients: Mutex<HashMap<Kind, Client>>,
    guard: AddressGuard,
}

impl HttpClients {
    /// No clients yet. Endpoints whose address a person chose are kept to what a default guard permits.
    pub fn new() -> Self {
        Self::default()
    }

    /// No clients yet, and this guard for endpoints whose address a person chose.
    pub fn with_guard(guard: AddressGuard) -> Self {
        Self {
            guard,
            ..Self::default()
        }
    }

    /// The client for an endpoint.
    pub(crate) fn client_for(
        &self,
        url: &Url,
        connect_timeout: Duration,
        is_guarded: bool,
    ) -> Result<Client, ProviderConfigError> {
        if is_guarded {
            self.guard.check(url)?;
        }
        let kind = Kind {
            connect_timeout,
            is_encrypted: url.scheme() == "https",
            is_loopback: is_loopback(url),
            is_guarded,
        };
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = clients.get(&kind) {
            return Ok(client.clone());
        }
        let client = build(kind, &self.guard)?;
        clients.insert(kind, client.clone());
        Ok(client)
    }
}

fn build(kind: Kind, guard: &AddressGuard) -> Result<Client, ProviderConfigError> {
    // Whoever came first has installed one already; any will do.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut builder = Client::builder()
        .user_agent(concat!("manent/", env!("CARGO_PKG_VERSION")))
        .tls_backend_rustls()
        .tcp_nodelay(true)
        .tcp_keepalive(Duration::from_mins(1))
        .connect_timeout(kind.connect_timeout)
        .pool_idle_timeout(POOL_IDLE)
        .http2_keep_alive_interval(KEEP_ALIVE_INTERVAL)
        .http2_keep_alive_timeout(KEEP_ALIVE_TIMEOUT)
        .redirect(Policy::none())
        .referer(false);
    if !kind.is_encrypted {
        builder = builder.tls_certs_only([]);
    }
    // A proxy would resolve the name itself, and nobody would look at what it finds.
    if kind.is_loopback || kind.is_guarded {
        builder = builder.no_proxy();
    }
    if kind.is_guarded {
        builder = builder.dns_resolver(guard.clone());
    }
    builder.build().map_err(|error| {
        let mut reason = error.to_string();
        let mut cause = std::error::Error::source(&error);
        while let Some(inner) = cause {
            reason.push_str(": ");
            reason.push_str(&inner.to_string());
            cause = inner.source();
        }
        if kind.is_encrypted {
            reason.push_str(
                " (https needs the system's certificates, often the package ca-certificates)",
            );
        }
        ProviderConfigError::Client { reason }
    })
}

fn is_loopback(url: &Url) -> bool {
    let Some(host) = url.host_str() else {
        return false;
    };
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost"
        || host.ends_with(".localhost")
        || address
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_this_machines_own_addresses() {
        for (url, expected) in [
            ("http://localhost:11434", true),
            ("http://127.0.0.1", true),
            ("http://127.8.0.1", true),
            ("http://[::1]:80", true),
            ("http://ollama.localhost", true),
            ("http://localhost.example", false),
            ("http://192.168.0.1", false),
        ] {
            assert_eq!(is_loopback(&Url::parse(url).unwrap()), expected, "{url}");
        }
    }

    #[test]
    fn shares_a_client_between_endpoints_of_one_kind() {
        let clients = HttpClients::new();
        let second = Duration::from_secs(1);
        for url in ["http://a.example", "http://b.example/x", "http://127.0.0.1"] {
            clients
                .client_for(&Url::parse(url).unwrap(), second, false)
                .unwrap();
        }
        assert_eq!(clients.clients.lock().unwrap().len(), 2);
    }
}
