//! From which address a client asks.
//!
//! Invariant: what a request says of its own address is believed only as far as configured proxies say it.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use axum::http::HeaderMap;
use axum::http::request::Parts;
use ipnet::IpNet;

use super::peer::Peer;

/// The header in which each proxy adds whom it was asked by.
const FORWARDED: &str = "x-forwarded-for";

/// Finds the client's address.
#[derive(Debug, Clone)]
pub(crate) struct ClientAddress(Arc<[IpNet]>);

impl ClientAddress {
    /// Believes what these say of those who ask them.
    pub(crate) fn new(trusted_proxies: &[IpNet]) -> Self {
        Self(trusted_proxies.into())
    }

    /// What a connection from this peer counts for; absent for those of trusted proxies, who speak for many.
    pub(crate) fn counted(&self, peer: IpAddr) -> Option<IpAddr> {
        let peer = peer.to_canonical();
        (!self.trusts(peer)).then(|| as_counted(peer))
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&address))
    }

    /// The client that the request comes from.
    pub(crate) fn of(&self, parts: &Parts) -> Option<IpAddr> {
        let Peer(peer) = parts.extensions.get::<Peer>().copied()?;
        Some(as_counted(self.client(peer, &parts.headers)))
    }

    /// From the peer on backwards, past every trusted proxy, to the first that is none. What cannot be read ends the search: nobody vouches
    /// for what stands before it.
    fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut client = peer;
        let said = headers.get_all(FORWARDED).iter().rev();
        let mut said = said
            .map_while(|value| value.to_str().ok())
            .flat_map(|value| value.rsplit(','));
        while self.trusts(client) {
            let Some(before) = said.next().and_then(read_address) else {
                break;
            };
            client = before.to_canonical();
        }
        client
    }
}

/// An address as proxies write it: some add the port, or brackets, or quotes.
fn read_address(text: &str) -> Option<IpAddr> {
    let text = text.trim().trim_matches('"');
    let bare = || text.strip_prefix('[')?.strip_suffix(']')?.parse().ok();
    let with_port = || text.parse::<SocketAddr>().ok().map(|said| said.ip());
    text.parse().ok().or_else(bare).or_else(with_port)
}

/// One IPv6 machine has a network of addresses: that counts as one.
fn as_counted(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(
            address.to_bits() & !u128::from(u64::MAX),
        )),
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn client(peer: &str, said: &[&str]) -> String {
        let trusted = ["127.0.0.1/32", "10.0.0.0/8"].map(|network| network.parse().unwrap());
        let mut headers = HeaderMap::new();
        for line in said {
            headers.append(FORWARDED, HeaderValue::from_str(line).unwrap());
        }
        let addresses = ClientAddress::new(&trusted);
        addresses
            .client(peer.parse().unwrap(), &headers)
            .to_string()
    }

    #[test]
    fn only_configured_proxies_are_believed() {
        assert_eq!(client("192.0.2.1", &["198.51.100.7"]), "192.0.2.1");
        assert_eq!(client("127.0.0.1", &["198.51.100.7"]), "198.51.100.7");
        assert_eq!(
            client("127.0.0.1", &["1.1.1.1, 198.51.100.7"]),
            "198.51.100.7"
        );
        assert_eq!(
            client("127.0.0.1", &["198.51.100.7, 10.1.1.1"]),
            "198.51.100.7"
        );
        assert_eq!(
            client("127.0.0.1", &["198.51.100.7", "10.1.1.1"]),
            "198.51.100.7"
        );
    }

    #[test]
    fn a_network_of_one_machine_counts_as_one_address() {
        let counted = |address: &str| as_counted(address.parse().unwrap()).to_string();
        assert_eq!(counted("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
        assert_eq!(counted("192.0.2.7"), "192.0.2.7");
    }

    #[test]
    fn reads_what_proxies_write() {
        for said in [
            "198.51.100.7",
            " 198.51.100.7 ",
            "198.51.100.7:1234",
            "\"198.51.100.7:1234\"",
            "[::ffff:198.51.100.7]",
            "[::ffff:198.51.100.7]:5",
        ] {
            assert_eq!(client("127.0.0.1", &[said]), "198.51.100.7", "{said}");
        }
        for said in ["198.51.100.7:x", "[198.51.100.7", "host:1"] {
            assert_eq!(client("127.0.0.1", &[said]), "127.0.0.1", "{said}");
        }
    }

    #[test]
    fn what_cannot_be_read_ends_the_search() {
        assert_eq!(client("127.0.0.1", &[]), "127.0.0.1");
        assert_eq!(
            client("127.0.0.1", &["8.8.8.8, unknown, 10.1.1.1"]),
            "10.1.1.1"
        );
        assert_eq!(client("127.0.0.1", &["8.8.8.8, 10.1.1.1:x"]), "127.0.0.1");
        assert_eq!(client("127.0.0.1", &["::ffff:8.8.8.8"]), "8.8.8.8");
    }
}
