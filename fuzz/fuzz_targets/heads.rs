//! Heads of requests (cookies, proxies, traces, hosts, origins): lines of `name: value` behind the peer's address. Nobody vouches for himself.
#![no_main]

use std::net::IpAddr;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let mut lines = bytes.split(|byte| *byte == b'\n');
    let peer = lines.next().and_then(|line| std::str::from_utf8(line).ok());
    let peer: IpAddr = peer
        .and_then(|text| text.parse().ok())
        .unwrap_or([127, 0, 0, 1].into());
    let fields: Vec<(&[u8], &[u8])> = lines
        .filter_map(|line| {
            let colon = line.iter().position(|byte| *byte == b':')?;
            Some((&line[..colon], line[colon + 1..].trim_ascii_start()))
        })
        .collect();
    let trusted =
        ["127.0.0.1/32", "10.0.0.0/8", "fd00::/8"].map(|network| network.parse().unwrap());
    manent_server::fuzzing::head(peer, &trusted, &fields);
});
