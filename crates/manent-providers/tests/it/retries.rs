//! What is tried again, how often, and when.

use std::time::Duration;

use manent_domain::completion::ProviderError;
use manent_providers::ProviderConfig;
use tokio::time::Instant;

use crate::upstream::{
    DONE, KINDS, STREAM_HEAD, Upstream, end_event, prompt, provider, reason_event, refused, rest,
    text, text_event, within,
};

#[tokio::test]
async fn tries_passing_failures_again_and_lasting_ones_not() {
    let body = r#"{"error":{"type":"x","message":"because of\nthat"}}"#;
    let detail = "because of that".to_owned();
    let overloaded = ProviderError::Overloaded {
        retry_after_ms: None,
    };
    for (status, tries, expected) in [
        ("401 Unauthorized", 1, ProviderError::Auth),
        ("403 Forbidden", 1, ProviderError::Auth),
        (
            "400 Bad Request",
            1,
            ProviderError::BadRequest {
                detail: detail.clone(),
            },
        ),
        (
            "404 Not Found",
            1,
            ProviderError::BadRequest {
                detail: detail.clone(),
            },
        ),
        (
            "429 Too Many Requests",
            3,
            ProviderError::RateLimited {
                retry_after_ms: None,
            },
        ),
        (
            "500 Internal Server Error",
            3,
            ProviderError::Failed { detail },
        ),
        ("503 Service Unavailable", 3, overloaded.clone()),
        ("529 Overloaded", 3, overloaded),
    ] {
        for kind in KINDS {
            let upstream = Upstream::bind().await;
            let provider = upstream.provider(kind);
            let answering = async {
                let mut connection = upstream.accept().await;
                for _ in 0..tries {
                    connection.request().await;
                    connection.respond(status, "", body).await;
                }
                connection
            };
            let (result, _connection) =
                within(async { tokio::join!(provider.stream(prompt()), answering) }).await;
            assert_eq!(refused(result), expected, "{kind:?}");
            assert!(!upstream.is_being_called(), "{status}");
        }
    }
}

#[tokio::test]
async fn answers_after_a_failure_that_passed() {
    for kind in KINDS {
        let upstream = Upstream::bind().await;
        let provider = upstream.provider(kind);
        let answering = async {
            // Hung up on, then busy, then well.
            drop(upstream.request().await);
            let (mut connection, first) = upstream.request().await;
            connection.respond("529 Overloaded", "", "").await;
            let second = connection.request().await;
            assert_eq!(first.body, second.body);
            connection.send(STREAM_HEAD).await;
            connection
                .chunk(text_event(kind, "Well") + reason_event(kind) + end_event(kind))
                .await;
            connection.end().await;
            connection
        };
        let (stream, _connection) =
            within(async { tokio::join!(provider.stream(prompt()), answering) }).await;
        assert_eq!(rest(stream.unwrap()).await, [text("Well"), DONE]);
    }
}

#[tokio::test]
async fn waits_as_long_as_the_provider_asks() {
    for header in ["retry-after: 0.08\r\n", "retry-after-ms: 80\r\n"] {
        for kind in KINDS {
            let upstream = Upstream::bind().await;
            let provider = upstream.provider(kind);
            let answering = async {
                let mut connection = upstream.accept().await;
                connection.request().await;
                let before = Instant::now();
                connection
                    .respond("429 Too Many Requests", header, "")
                    .await;
                connection.request().await;
                assert!(before.elapsed() >= Duration::from_millis(80));
                connection.send(STREAM_HEAD).await;
                connection.chunk(end_event(kind)).await;
                connection
            };
            let (stream, _connection) =
                within(async { tokio::join!(provider.stream(prompt()), answering) }).await;
            assert!(stream.is_ok());
        }
    }
}

#[tokio::test]
async fn reports_at_once_when_the_provider_asks_for_too_long_a_wait() {
    for kind in KINDS {
        let upstream = Upstream::bind().await;
        let provider = upstream.provider(kind);
        let answering = async {
            let (mut connection, _) = upstream.request().await;
            connection
                .respond("429 Too Many Requests", "retry-after: 3600\r\n", "")
                .await;
            connection
        };
        let (result, _connection) =
            within(async { tokio::join!(provider.stream(prompt()), answering) }).await;
        assert_eq!(
            refused(result),
            ProviderError::RateLimited {
                retry_after_ms: Some(3_600_000)
            }
        );
        assert!(!upstream.is_being_called());
    }
}

#[tokio::test]
async fn tries_as_often_as_configured() {
    for kind in KINDS {
        for limit in [0, 1] {
            let upstream = Upstream::bind().await;
            let mut config = upstream.config(kind);
            config.retries.limit = limit;
            let provider = provider(&config);
            let answering = async {
                let mut connection = upstream.accept().await;
                for _ in 0..=limit {
                    connection.request().await;
                    connection.respond("502 Bad Gateway", "", "").await;
                }
                connection
            };
            let (result, _connection) =
                within(async { tokio::join!(provider.stream(prompt()), answering) }).await;
            let failed = ProviderError::Failed {
                detail: "status 502".to_owned(),
            };
            assert_eq!(refused(result), failed);
            assert!(!upstream.is_being_called());
        }
    }
}

#[tokio::test]
async fn calls_a_closed_port_unreachable() {
    for kind in KINDS {
        let config = Upstream::bind().await.config(kind);
        let result = within(provider(&config).stream(prompt())).await;
        assert_eq!(refused(result), ProviderError::Unreachable);
    }
}

#[tokio::test]
async fn does_not_wait_twice_for_a_first_byte() {
    for kind in KINDS {
        for head in ["", STREAM_HEAD] {
            let upstream = Upstream::bind().await;
            let mut config = upstream.config(kind);
            config.timeouts.first_byte = Duration::from_millis(50);
            let provider = provider(&config);
            let answering = async {
                let (mut connection, _) = upstream.request().await;
                connection.send(head).await;
                connection
            };
            let (result, connection) =
                within(async { tokio::join!(provider.stream(prompt()), answering) }).await;
            assert_eq!(
                refused(result),
                ProviderError::Timeout {
                    stage: "first byte"
                }
            );
            connection.closed().await;
            assert!(!upstream.is_being_called());
        }
    }
}

#[tokio::test]
async fn gives_up_on_a_connection_that_is_never_made() {
    // The system lets one caller wait; the next one's first packet gets no answer.
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(0).unwrap();
    let address = listener.local_addr().unwrap();
    let _waiting = within(tokio::net::TcpStream::connect(address))
        .await
        .unwrap();
    for kind in KINDS {
        let mut config = ProviderConfig::new("here", kind, format!("http://{address}"));
        config.timeouts.connect = Duration::from_millis(50);
        let result = within(provider(&config).stream(prompt())).await;
        assert_eq!(refused(result), ProviderError::Timeout { stage: "connect" });
    }
}
