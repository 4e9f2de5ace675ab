use std::collections::VecDeque;
use std::sync::Mutex;
use std::time::Duration;

use manent_domain::completion::ProviderError;
use proptest::prelude::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;
use crate::config::{ProviderConfig, ProviderKind};
use crate::http::HttpClients;
use crate::provider::http_provider;

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn net(text: &str) -> IpNet {
    text.parse().unwrap()
}

#[test]
fn public_addresses_are_permitted_and_no_others() {
    let guard = AddressGuard::default();
    for public in [
        "1.1.1.1",
        "8.8.8.8",
        "9.255.255.255",
        "11.0.0.0",
        "100.63.255.255",
        "100.128.0.0",
        "126.255.255.255",
        "128.0.0.0",
        "169.253.255.255",
        "172.15.255.255",
        "172.32.0.0",
        "192.167.255.255",
        "198.20.0.0",
        "223.255.255.255",
        "2606:4700:4700::1111",
        "2a00:1450:4001:80b::200e",
        "::ffff:8.8.8.8",
    ] {
        assert!(guard.permits(ip(public)), "{public}");
    }
    for refused in [
        "0.0.0.0",
        "0.1.2.3",
        "10.0.0.1",
        "100.64.0.1",
        "100.100.100.200",
        "127.0.0.1",
        "127.255.255.254",
        "168.63.129.16",
        "169.254.169.254",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.192",
        "192.0.2.1",
        "192.88.99.1",
        "192.168.0.1",
        "198.18.0.1",
        "198.19.255.255",
        "198.51.100.1",
        "203.0.113.1",
        "224.0.0.1",
        "239.255.255.255",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::127.0.0.1",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "::ffff:0:127.0.0.1",
        "64:ff9b::8.8.8.8",
        "64:ff9b::127.0.0.1",
        "64:ff9b:1::10.0.0.1",
        "100::1",
        "2001::1",
        "2001:0:4136:e378::1",
        "2001:db8::1",
        "2002:7f00:1::",
        "2002:808:808::1",
        "3fff::1",
        "fc00::1",
        "fd00:ec2::254",
        "fe80::1",
        "fec0::1",
        "ff02::1",
    ] {
        assert!(!guard.permits(ip(refused)), "{refused}");
    }
}

#[test]
fn what_the_operator_allows_is_permitted_however_it_is_written() {
    let guard = AddressGuard::new(&[net("10.1.0.0/16"), net("fd00::/8")]);
    for (address, expected) in [
        ("10.1.2.3", true),
        ("::ffff:10.1.2.3", true),
        ("10.2.0.1", false),
        ("fd12::1", true),
        ("fc00::1", false),
        ("127.0.0.1", false),
    ] {
        assert_eq!(guard.permits(ip(address)), expected, "{address}");
    }
}

#[test]
fn an_address_is_known_however_it_is_written() {
    let guard = AddressGuard::default();
    for refused in [
        "http://127.0.0.1/v1",
        "http://127.0.0.1./v1",
        "http://2130706433/v1",
        "http://0x7f000001/v1",
        "http://0x7f.0.0.1/v1",
        "http://017700000001/v1",
        "http://0177.0.0.1/v1",
        "http://127.1/v1",
        "http://0/v1",
        "http://%31%32%37.0.0.1/v1",
        "http://\u{ff11}\u{ff12}\u{ff17}.0.0.1/v1",
        "http://[::1]/v1",
        "http://[::ffff:127.0.0.1]/v1",
        "http://[::ffff:7f00:1]/v1",
        "http://[0:0:0:0:0:0:0:1]:8080/v1",
        "http://[fe80::1]/v1",
        "http://169.254.169.254/latest/meta-data",
        "http://2852039166/latest/meta-data",
        "https://[fd00:ec2::254]/latest",
    ] {
        assert_eq!(
            guard.check_base_url(refused),
            Err(ProviderConfigError::NotPermitted),
            "{refused}"
        );
    }
    for wrong in [
        "http://[fe80::1%25eth0]/v1",
        "http://[fe80::1%eth0]/v1",
        "http://256.0.0.1/v1",
        "http://127.0.0.1.1.1/v1",
        "http://user@example.com/v1",
        "http://user:password@example.com/v1",
        "http://1.1.1.1@127.0.0.1/v1",
        "https://example.com/v1?api-version=1",
        "https://example.com/v1?",
        "https://example.com/v1#part",
        "ftp://example.com",
        "file:///etc/passwd",
        "gopher://127.0.0.1:6379/_x",
        "data:text/plain,x",
        "http://",
        "//127.0.0.1/v1",
        "example.com",
        "",
    ] {
        assert!(
            matches!(
                guard.check_base_url(wrong),
                Err(ProviderConfigError::BaseUrl { .. })
            ),
            "{wrong}"
        );
    }
    for right in [
        "https://api.example.com/v1",
        "http://1.1.1.1",
        "https://[2606:4700::1]:8443/v1",
    ] {
        assert_eq!(guard.check_base_url(right), Ok(()), "{right}");
    }
}

proptest! {
    #[test]
    fn an_address_of_ipv4_hides_in_no_other(bits: u32) {
        let inner = Ipv4Addr::from_bits(bits);
        let guard = AddressGuard::default();
        let mapped = IpAddr::V6(inner.to_ipv6_mapped());
        prop_assert_eq!(guard.permits(mapped), guard.permits(IpAddr::V4(inner)));
        let bits = u128::from(bits);
        // Compatible, translated twice, and 6to4.
        for around in [bits, (0x0064_ff9b << 96) | bits, (0x0064_ff9b_0001 << 80) | bits, (0x2002 << 112) | (bits << 80)] {
            prop_assert!(!guard.permits(IpAddr::V6(Ipv6Addr::from_bits(around))));
        }
    }

    #[test]
    fn a_number_is_the_address_that_it_stands_for(bits: u32) {
        let guard = AddressGuard::default();
        let permitted = guard.permits(IpAddr::V4(Ipv4Addr::from_bits(bits)));
        for url in [format!("http://{bits}/"), format!("http://0x{bits:x}/"), format!("http://0{bits:o}/")] {
            prop_assert_eq!(guard.check_base_url(&url).is_ok(), permitted, "{}", url);
        }
    }
}

/// Answers each look-up with the next of these.
struct Answers(Mutex<VecDeque<Vec<SocketAddr>>>);

impl Answers {
    fn guard(allowed: &[IpNet], answers: &[&[&str]]) -> AddressGuard {
        let addresses = |answer: &&[&str]| {
            answer
                .iter()
                .map(|text| SocketAddr::new(ip(text), 0))
                .collect()
        };
        let answers = answers.iter().map(addresses).collect();
        AddressGuard::over(allowed, Arc::new(Self(Mutex::new(answers))))
    }
}

impl Resolve for Answers {
    fn resolve(&self, _: Name) -> Resolving {
        let answer = self.0.lock().unwrap().pop_front();
        Box::pin(async move {
            let answer = answer.ok_or("there is no such name")?;
            Ok(Box::new(answer.into_iter()) as Addrs)
        })
    }
}

/// Takes connections and answers each with this, once; counts them.
async fn listen(at: &str, answer: &'static str) -> (u16, Arc<std::sync::atomic::AtomicUsize>) {
    let listener = TcpListener::bind((at, 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let count = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            counted.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            let mut request = [0; 4096];
            let _ = socket.read(&mut request).await;
            let _ = socket.write_all(answer.as_bytes()).await;
        }
    });
    (port, count)
}

async fn ask(clients: &HttpClients, base_url: &str) -> Result<(), ProviderError> {
    let mut config = ProviderConfig::new("own", ProviderKind::OpenAiCompatible, base_url);
    config.is_guarded = true;
    config.retries.limit = 0;
    config.timeouts.first_byte = Duration::from_secs(20);
    let provider = http_provider(&config, clients, Arc::new(|| 0)).map_err(|error| {
        ProviderError::OwnKeyUnusable {
            reason: error.to_string(),
        }
    })?;
    provider.fetch_models().await.map(|_| ())
}

const LIST: &str =
    "HTTP/1.1 200 OK\r\ncontent-length: 11\r\nconnection: close\r\n\r\n{\"data\":[]}";

#[tokio::test]
async fn a_name_that_leads_elsewhere_the_next_time_is_looked_at_again() {
    // One address of this machine stands for the public one, another for what is to be kept from people.
    let (port, reached) = listen("127.0.0.2", LIST).await;
    let guard = Answers::guard(&[net("127.0.0.2/32")], &[&["127.0.0.2"], &["127.0.0.1"]]);
    let clients = HttpClients::with_guard(guard);
    let url = format!("http://rebinding.example:{port}/v1");
    assert_eq!(ask(&clients, &url).await, Ok(()));
    assert_eq!(
        ask(&clients, &url).await,
        Err(ProviderError::BaseUrlRefused)
    );
    assert_eq!(reached.load(std::sync::atomic::Ordering::SeqCst), 1);
}

#[tokio::test]
async fn of_several_addresses_only_permitted_ones_are_tried() {
    let (port, reached) = listen("127.0.0.1", LIST).await;
    let guard = Answers::guard(&[net("127.0.0.3/32")], &[&["127.0.0.1", "127.0.0.3"]]);
    let clients = HttpClients::with_guard(guard);
    let url = format!("http://both.example:{port}/v1");
    // Nobody listens at the permitted one.
    assert_eq!(ask(&clients, &url).await, Err(ProviderError::Unreachable));
    assert_eq!(reached.load(std::sync::atomic::Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_name_that_is_not_there_is_answered_like_one_that_may_not_be_reached() {
    let guard = Answers::guard(
        &[],
        &[
            &["10.0.0.1"],
            &["::ffff:10.0.0.1"],
            &["localhost-is-no-address"; 0],
        ],
    );
    let clients = HttpClients::with_guard(guard);
    for _ in 0..4 {
        let answer = ask(&clients, "https://inner.example/v1").await;
        assert_eq!(answer, Err(ProviderError::BaseUrlRefused));
    }
}

#[tokio::test]
async fn the_names_of_this_machine_are_refused_by_the_systems_own_resolver() {
    let (port, reached) = listen("127.0.0.1", LIST).await;
    let clients = HttpClients::new();
    for name in ["localhost", "localhost."] {
        let answer = ask(&clients, &format!("http://{name}:{port}/v1")).await;
        assert_eq!(answer, Err(ProviderError::BaseUrlRefused), "{name}");
    }
    assert_eq!(reached.load(std::sync::atomic::Ordering::SeqCst), 0);
    let allowed = HttpClients::with_guard(AddressGuard::new(&[net("127.0.0.0/8"), net("::1/128")]));
    assert_eq!(
        ask(&allowed, &format!("http://localhost:{port}/v1")).await,
        Ok(())
    );
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let (inner, reached) = listen("127.0.0.1", LIST).await;
    let redirect = format!(
        "HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:{inner}/v1/models\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
    );
    let (port, _) = listen("127.0.0.2", redirect.leak()).await;
    let clients = HttpClients::with_guard(AddressGuard::new(&[net("127.0.0.2/32")]));
    let answer = ask(&clients, &format!("http://127.0.0.2:{port}/v1")).await;
    assert!(
        matches!(answer, Err(ProviderError::Protocol { .. })),
        "{answer:?}"
    );
    assert_eq!(reached.load(std::sync::atomic::Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_literal_address_is_refused_before_anything_is_sent() {
    let (port, reached) = listen("127.0.0.1", LIST).await;
    let clients = HttpClients::new();
    for host in ["127.0.0.1", "2130706433", "[::ffff:127.0.0.1]", "0"] {
        let answer = ask(&clients, &format!("http://{host}:{port}/v1")).await;
        assert!(
            matches!(answer, Err(ProviderError::OwnKeyUnusable { .. })),
            "{host}: {answer:?}"
        );
    }
    assert_eq!(reached.load(std::sync::atomic::Ordering::SeqCst), 0);
}
