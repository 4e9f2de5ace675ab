//! Each fault of the proxy, in front of a server that sends back what it gets.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test")]

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::time::Duration;

use manent_testkit::{Direction, Fault, FaultProxy, Mixture, ProxyCounts};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(10);

#[tokio::test]
async fn hands_on_what_has_no_fault() {
    let proxy = in_front_of_an_echo().await;
    let mut connection = connect(&proxy).await;
    assert_eq!(echo(&mut connection, "hello").await.unwrap(), "hello");
    assert_eq!(echo(&mut connection, " again").await.unwrap(), " again");
    connection.shutdown().await.unwrap();
    assert_eq!(rest(&mut connection).await.unwrap(), "");
    let expected = ProxyCounts {
        accepted: 1,
        connected: 1,
        bytes_to_server: 11,
        bytes_to_client: 11,
        ..ProxyCounts::default()
    };
    assert_eq!(proxy.counts(), expected);
}

#[tokio::test]
async fn drops_a_connection_at_once() {
    let proxy = in_front_of_an_echo().await;
    proxy.set_fault(Fault::Drop);
    let mut connection = connect(&proxy).await;
    assert_eq!(rest(&mut connection).await.unwrap(), "");
    let counts = proxy.counts();
    assert_eq!(
        (counts.accepted, counts.dropped, counts.connected),
        (1, 1, 0)
    );
}

#[tokio::test]
async fn refuses_until_it_accepts_again() {
    let proxy = in_front_of_an_echo().await;
    proxy.refuse().await;
    let refused = TcpStream::connect(proxy.address()).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
    proxy.accept().await;
    let mut connection = connect(&proxy).await;
    assert_eq!(echo(&mut connection, "back").await.unwrap(), "back");
}

#[tokio::test]
async fn leaves_living_connections_alone_while_it_refuses() {
    let proxy = in_front_of_an_echo().await;
    let mut connection = connect(&proxy).await;
    assert_eq!(echo(&mut connection, "before").await.unwrap(), "before");
    proxy.refuse().await;
    assert_eq!(echo(&mut connection, "during").await.unwrap(), "during");
}

#[tokio::test]
async fn goes_down_with_living_connections() {
    let proxy = in_front_of_an_echo().await;
    let mut connection = connect(&proxy).await;
    assert_eq!(echo(&mut connection, "before").await.unwrap(), "before");
    proxy.go_down().await;
    assert_eq!(
        rest(&mut connection).await.unwrap_err(),
        ErrorKind::ConnectionReset
    );
    assert!(TcpStream::connect(proxy.address()).await.is_err());
}

#[tokio::test]
async fn stalls_everything_until_it_is_released() {
    let proxy = in_front_of_an_echo().await;
    let mut connection = connect(&proxy).await;
    assert_eq!(echo(&mut connection, "before").await.unwrap(), "before");
    proxy.stall();
    connection.write_all(b"held").await.unwrap();
    let mut byte = [0];
    let nothing = timeout(Duration::from_millis(50), connection.read(&mut byte)).await;
    assert!(nothing.is_err(), "bytes flow through a stalled proxy");
    proxy.release();
    assert_eq!(exactly(&mut connection, 4).await.unwrap(), "held");
}

#[tokio::test]
async fn stalls_a_connection_after_so_many_bytes_until_it_is_released() {
    let proxy = in_front_of_an_echo().await;
    proxy.set_fault(Fault::Stall {
        direction: Direction::ToClient,
        after: 3,
        duration: None,
    });
    let mut connection = connect(&proxy).await;
    connection.write_all(b"abcdef").await.unwrap();
    assert_eq!(exactly(&mut connection, 3).await.unwrap(), "abc");
    let mut byte = [0];
    let nothing = timeout(Duration::from_millis(50), connection.read(&mut byte)).await;
    assert!(nothing.is_err(), "bytes flow through a stalled connection");
    proxy.release();
    assert_eq!(exactly(&mut connection, 3).await.unwrap(), "def");
    assert_eq!(proxy.counts().stalled, 1);
}

#[tokio::test]
async fn stalls_a_connection_for_a_time() {
    let proxy = in_front_of_an_echo().await;
    proxy.set_fault(Fault::Stall {
        direction: Direction::ToServer,
        after: 0,
        duration: Some(Duration::from_millis(80)),
    });
    let start = tokio::time::Instant::now();
    let mut connection = connect(&proxy).await;
    assert_eq!(echo(&mut connection, "late").await.unwrap(), "late");
    assert!(start.elapsed() >= Duration::from_millis(80));
}

#[tokio::test]
async fn resets_a_connection_after_so_many_bytes() {
    let proxy = in_front_of_an_echo().await;
    proxy.set_fault(Fault::Reset {
        direction: Direction::ToServer,
        after: 4,
    });
    let mut connection = connect(&proxy).await;
    connection.write_all(b"abcdef").await.unwrap();
    assert_eq!(
        rest(&mut connection).await.unwrap_err(),
        ErrorKind::ConnectionReset
    );
    let counts = proxy.counts();
    assert_eq!((counts.reset, counts.bytes_to_server), (1, 4));
}

#[tokio::test]
async fn cuts_after_exactly_so_many_bytes_in_either_direction() {
    for direction in [Direction::ToServer, Direction::ToClient] {
        let proxy = in_front_of_an_echo().await;
        proxy.set_fault(Fault::Cut {
            direction,
            after: 4,
        });
        let mut connection = connect(&proxy).await;
        // One by one, so that what was cut off does not turn the end into a reset.
        let mut came = String::new();
        for piece in ["ab", "cd"] {
            if let Ok(piece) = echo(&mut connection, piece).await {
                came.push_str(&piece);
            }
        }
        let counts = proxy.counts();
        let cut = match direction {
            Direction::ToServer => counts.bytes_to_server,
            Direction::ToClient => counts.bytes_to_client,
        };
        assert_eq!((counts.cut, cut), (1, 4), "{direction:?}");
        assert!("abcd".starts_with(&came), "{came}");
        assert_eq!(rest(&mut connection).await.unwrap_or_default(), "");
    }
}

#[tokio::test]
async fn delays_every_piece() {
    let proxy = in_front_of_an_echo().await;
    proxy.set_fault(Fault::Delay(Duration::from_millis(30)));
    let mut connection = connect(&proxy).await;
    let start = tokio::time::Instant::now();
    assert_eq!(echo(&mut connection, "slow").await.unwrap(), "slow");
    assert!(start.elapsed() >= Duration::from_millis(60), "both ways");
    assert_eq!(proxy.counts().delayed, 2);
}

#[tokio::test]
async fn cuts_and_resets_all_living_connections() {
    let proxy = in_front_of_an_echo().await;
    let mut connection = connect(&proxy).await;
    assert_eq!(echo(&mut connection, "one").await.unwrap(), "one");
    proxy.cut_all();
    assert_eq!(rest(&mut connection).await.unwrap(), "");
    let mut connection = connect(&proxy).await;
    assert_eq!(echo(&mut connection, "two").await.unwrap(), "two");
    proxy.reset_all();
    assert_eq!(
        rest(&mut connection).await.unwrap_err(),
        ErrorKind::ConnectionReset
    );
}

#[tokio::test]
async fn closes_connections_to_a_server_that_is_not_there_and_finds_another() {
    let nobody = {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        listener.local_addr().unwrap()
    };
    let proxy = FaultProxy::start(nobody).await.unwrap();
    let mut connection = connect(&proxy).await;
    assert_eq!(rest(&mut connection).await.unwrap_or_default(), "");
    assert_eq!(proxy.counts().unreachable, 1);
    proxy.set_upstream(start_echo().await);
    let mut connection = connect(&proxy).await;
    assert_eq!(echo(&mut connection, "there").await.unwrap(), "there");
}

#[test]
fn a_mixture_gives_the_same_faults_for_the_same_seed_and_all_kinds_of_them() {
    let mixture = Mixture {
        seed: 7,
        faulty_per_mille: 500,
        most_bytes: 1_000,
        longest_stall: Duration::from_millis(100),
    };
    let faults = |mixture: Mixture| -> Vec<Fault> {
        (0..1_000).map(|number| mixture.fault(number)).collect()
    };
    let first = faults(mixture);
    assert_eq!(first, faults(mixture));
    assert_ne!(first, faults(Mixture { seed: 8, ..mixture }));
    let of_kind = |kind: fn(&Fault) -> bool| first.iter().filter(|fault| kind(fault)).count();
    let counts = [
        of_kind(|fault| matches!(fault, Fault::Drop)),
        of_kind(|fault| matches!(fault, Fault::Delay(_))),
        of_kind(|fault| matches!(fault, Fault::Stall { .. })),
        of_kind(|fault| matches!(fault, Fault::Cut { .. })),
        of_kind(|fault| matches!(fault, Fault::Reset { .. })),
    ];
    assert!(counts.iter().all(|count| *count >= 50), "{counts:?}");
    let none = of_kind(|fault| matches!(fault, Fault::None));
    assert!((400..=600).contains(&none), "{none}");
}

async fn start_echo() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let (mut read, mut write) = stream.split();
                let _ = tokio::io::copy(&mut read, &mut write).await;
            });
        }
    });
    address
}

async fn in_front_of_an_echo() -> FaultProxy {
    FaultProxy::start(start_echo().await).await.unwrap()
}

async fn connect(proxy: &FaultProxy) -> TcpStream {
    TcpStream::connect(proxy.address()).await.unwrap()
}

async fn echo(connection: &mut TcpStream, text: &str) -> Result<String, ErrorKind> {
    let sent = connection.write_all(text.as_bytes()).await;
    sent.map_err(|error| error.kind())?;
    exactly(connection, text.len()).await
}

async fn exactly(connection: &mut TcpStream, length: usize) -> Result<String, ErrorKind> {
    let mut bytes = vec![0; length];
    let read = timeout(PATIENCE, connection.read_exact(&mut bytes)).await;
    read.expect("an answer").map_err(|error| error.kind())?;
    Ok(String::from_utf8(bytes).unwrap())
}

async fn rest(connection: &mut TcpStream) -> Result<String, ErrorKind> {
    let mut text = String::new();
    let read = timeout(PATIENCE, connection.read_to_string(&mut text)).await;
    read.expect("an end").map_err(|error| error.kind())?;
    Ok(text)
}
