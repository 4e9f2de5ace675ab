//! Which addresses a person may send the server to.
//!
//! A base URL that a person chose makes the server connect to wherever they like, from inside the operator's network. So every address is looked
//! at when it is connected to: the very addresses that a name was resolved to, and no later look-up, are what the connection uses. Redirects
//! are not followed, and no proxy resolves the name in our place.
//!
//! Invariant: a guarded client connects to no address that [`AddressGuard::permits`] refuses.

#[cfg(test)]
mod tests;

use std::error::Error;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use reqwest::Url;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use crate::error::ProviderConfigError;

const fn v4(address: [u8; 4], prefix: u8) -> Ipv4Net {
    let [a, b, c, d] = address;
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), prefix)
}

const fn v6(start: [u16; 3], prefix: u8) -> Ipv6Net {
    let [a, b, c] = start;
    Ipv6Net::new_assert(Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0), prefix)
}

/// What of IPv4 is no place on the public internet, after IANA's registry of special-purpose addresses; and one public address behind which
/// a cloud keeps the secrets of its machines.
const REFUSED_V4: [Ipv4Net; 17] = [
    v4([0, 0, 0, 0], 8),
    v4([10, 0, 0, 0], 8),
    v4([100, 64, 0, 0], 10),
    v4([127, 0, 0, 0], 8),
    // Link-local, and with it 169.254.169.254, where most clouds tell machines their secrets.
    v4([169, 254, 0, 0], 16),
    v4([172, 16, 0, 0], 12),
    v4([192, 0, 0, 0], 24),
    v4([192, 0, 2, 0], 24),
    v4([192, 88, 99, 0], 24),
    v4([192, 168, 0, 0], 16),
    v4([198, 18, 0, 0], 15),
    v4([198, 51, 100, 0], 24),
    v4([203, 0, 113, 0], 24),
    v4([224, 0, 0, 0], 4),
    v4([240, 0, 0, 0], 4),
    v4([255, 255, 255, 255], 32),
    v4([168, 63, 129, 16], 32),
];

/// All of IPv6 that is given out for the public internet. Loopback, unique local, link-local, multicast, mapped, translated (NAT64) and
/// unspecified addresses lie outside of it.
const GLOBAL_V6: Ipv6Net = v6([0x2000, 0, 0], 3);

/// What inside of that is none: protocol assignments with Teredo, documentation, and addresses that carry an IPv4 address (6to4).
const REFUSED_V6: [Ipv6Net; 4] = [
    v6([0x2001, 0, 0], 23),
    v6([0x2001, 0x0db8, 0], 32),
    v6([0x2002, 0, 0], 16),
    v6([0x3fff, 0, 0], 20),
];

/// Refuses every address but public ones and those of networks that the operator allows.
#[derive(Clone)]
pub struct AddressGuard {
    allowed: Arc<[IpNet]>,
    resolver: Arc<dyn Resolve>,
}

impl AddressGuard {
    /// A guard that also permits these networks.
    pub fn new(allowed: &[IpNet]) -> Self {
        Self::over(allowed, Arc::new(SystemResolver))
    }

    fn over(allowed: &[IpNet], resolver: Arc<dyn Resolve>) -> Self {
        Self {
            allowed: allowed.into(),
            resolver,
        }
    }

    /// Whether this address may be connected to.
    pub fn permits(&self, address: IpAddr) -> bool {
        // An IPv4 address in the clothes of IPv6 is what it is inside.
        let address = address.to_canonical();
        let is_allowed = self
            .allowed
            .iter()
            .any(|network| network.contains(&address));
        is_allowed || is_public(address)
    }

    /// Checks what of a person's base URL needs no look-up, for a clear error where it is given: scheme, credentials, no query, and a literal address however it
    /// is written. A name is looked at when it is connected to.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn check_base_url(&self, text: &str) -> Result<(), ProviderConfigError> {
        let url = crate::base_url::parse(text)?;
        if url.query().is_some() {
            return Err(ProviderConfigError::BaseUrl {
                reason: "it must not have a query (?...)",
            });
        }
        self.check(&url)
    }

    /// Checks a literal address; such a one is never resolved.
    pub(crate) fn check(&self, url: &Url) -> Result<(), ProviderConfigError> {
        match literal_address(url) {
            Some(address) if !self.permits(address) => Err(ProviderConfigError::NotPermitted),
            _ => Ok(()),
        }
    }
}

impl Default for AddressGuard {
    fn default() -> Self {
        Self::new(&[])
    }
}

impl std::fmt::Debug for AddressGuard {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("AddressGuard")
            .field("allowed", &self.allowed)
            .finish_non_exhaustive()
    }
}

impl Resolve for AddressGuard {
    fn resolve(&self, name: Name) -> Resolving {
        let guard = self.clone();
        Box::pin(async move {
            // That a name of the inner network does not exist is not told from that it does.
            let found = guard.resolver.resolve(name).await;
            let found = found.map_err(|_| AddressNotPermitted)?;
            let permitted: Vec<SocketAddr> = found
                .filter(|address| guard.permits(address.ip()))
                .collect();
            if permitted.is_empty() {
                return Err(AddressNotPermitted.into());
            }
            Ok(Box::new(permitted.into_iter()) as Addrs)
        })
    }
}

/// A name leads to no address that is permitted.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("the name leads to no address that is permitted")]
pub(crate) struct AddressNotPermitted;

impl AddressNotPermitted {
    /// Whether it is the cause of an error.
    pub(crate) fn is_behind(error: &(dyn Error + 'static)) -> bool {
        let mut cause = Some(error);
        while let Some(error) = cause {
            if error.is::<Self>() {
                return true;
            }
            cause = error.source();
        }
        false
    }
}

/// The resolver of the operating system.
struct SystemResolver;

impl Resolve for SystemResolver {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            // The port of the URL takes the place of this one.
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            Ok(Box::new(found.collect::<Vec<_>>().into_iter()) as Addrs)
        })
    }
}

fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => !REFUSED_V4.iter().any(|network| network.contains(&address)),
        IpAddr::V6(address) => {
            GLOBAL_V6.contains(&address)
                && !REFUSED_V6.iter().any(|network| network.contains(&address))
        }
    }
}

/// The address that stands in a URL as itself. The parser of URLs has already read decimal, octal, hexadecimal and shortened forms.
fn literal_address(url: &Url) -> Option<IpAddr> {
    let host = url.host_str()?;
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host.parse().ok()
}
