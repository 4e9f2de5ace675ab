//! Connections by address.
//!
//! Invariant: an address that is limited has no more open connections than it may; a place is free again when its connection is closed.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use crate::access::ClientAddress;

/// Places for connections, so many for each address.
#[derive(Clone)]
pub(crate) struct Places {
    most: Option<u32>,
    addresses: ClientAddress,
    taken: Arc<Mutex<HashMap<IpAddr, u32>>>,
}

/// A place; dropped when the connection is closed.
pub(crate) struct Place(Option<(Places, IpAddr)>);

impl Places {
    /// So many for each address but those of trusted proxies; absent: as many as there are.
    pub(crate) fn new(most: Option<u32>, addresses: ClientAddress) -> Self {
        Self {
            most,
            addresses,
            taken: Arc::default(),
        }
    }

    /// A place for a connection from this address; absent when it has as many as it may.
    pub(crate) fn take(&self, peer: IpAddr) -> Option<Place> {
        let Some((most, address)) = self.most.zip(self.addresses.counted(peer)) else {
            return Some(Place(None));
        };
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let count = taken.entry(address).or_default();
        if *count >= most {
            return None;
        }
        *count += 1;
        Some(Place(Some((self.clone(), address))))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let Some((places, address)) = &self.0 else {
            return;
        };
        let mut taken = places.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = taken.get_mut(address) {
            *count -= 1;
            if *count == 0 {
                taken.remove(address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_so_many_places_and_a_proxy_as_many_as_it_likes() {
        let addresses = ClientAddress::new(&["10.0.0.0/8".parse().unwrap()]);
        let places = Places::new(Some(2), addresses);
        let take = |address: &str| places.take(address.parse().unwrap());
        let first = take("192.0.2.1");
        let _second = take("192.0.2.1");
        assert!(first.is_some() && take("192.0.2.1").is_none());
        assert!(take("192.0.2.2").is_some());
        drop(first);
        assert!(take("192.0.2.1").is_some());
        let proxied: Vec<_> = (0..100).map(|_| take("10.1.1.1")).collect();
        assert!(proxied.iter().all(Option::is_some));
        drop(proxied);
        assert_eq!(places.taken.lock().unwrap().len(), 1);
    }
}
