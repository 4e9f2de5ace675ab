//! How an answer's bytes become events, in time.

use std::time::Duration;

use futures_util::{FutureExt, StreamExt};
use manent_domain::completion::{CompletionStream, ProviderError};
use manent_providers::ProviderKind;

use crate::upstream::{
    Connection, DONE, KINDS, STREAM_HEAD, Upstream, end_event, error_event, next, prompt, provider,
    reason_event, rest, text, text_event, within,
};

/// A running answer of which this much has been sent.
async fn begun(
    upstream: &Upstream,
    kind: ProviderKind,
    first: &str,
) -> (Connection, CompletionStream) {
    let provider = upstream.provider(kind);
    let sending = async {
        let (mut connection, _) = upstream.request().await;
        connection.send(STREAM_HEAD).await;
        connection.chunk(first).await;
        connection
    };
    let (stream, connection) =
        within(async { tokio::join!(provider.stream(prompt()), sending) }).await;
    (connection, stream.unwrap())
}

#[tokio::test]
async fn passes_each_event_on_as_soon_as_its_last_byte_is_here() {
    for kind in KINDS {
        let upstream = Upstream::bind().await;
        let event = text_event(kind, "Grüße 🦀");
        let (mut connection, mut stream) = begun(&upstream, kind, &event[..1]).await;
        let last = event.len() - 1;
        connection.chunk(&event[1..last]).await;
        assert!(stream.next().now_or_never().is_none(), "{kind:?}");
        connection.chunk(&event[last..]).await;
        assert_eq!(next(&mut stream).await, Some(text("Grüße 🦀")));
        connection.chunk(reason_event(kind)).await;
        connection.chunk(end_event(kind)).await;
        assert_eq!(next(&mut stream).await, Some(DONE));
        connection.end().await;
        assert_eq!(next(&mut stream).await, None);
    }
}

#[tokio::test]
async fn has_everything_ready_that_came_together() {
    for kind in KINDS {
        let upstream = Upstream::bind().await;
        // As much as the HTTP library reads at once.
        let words: Vec<String> = (0..40).map(|number| format!("word {number} ")).collect();
        let events: String = words.iter().map(|word| text_event(kind, word)).collect();
        let (_connection, mut stream) = begun(&upstream, kind, &events).await;
        for word in &words {
            assert_eq!(stream.next().now_or_never(), Some(Some(text(word))));
        }
        assert_eq!(stream.next().now_or_never(), None);
    }
}

#[tokio::test]
async fn tells_an_error_of_the_running_stream_and_hangs_up() {
    for kind in KINDS {
        let upstream = Upstream::bind().await;
        let (mut connection, mut stream) = begun(&upstream, kind, &text_event(kind, "Half")).await;
        assert_eq!(next(&mut stream).await, Some(text("Half")));
        connection
            .chunk(error_event(kind, "overloaded_error", "Overloaded"))
            .await;
        let overloaded = ProviderError::Overloaded {
            retry_after_ms: None,
        };
        assert_eq!(next(&mut stream).await, Some(Err(overloaded)));
        assert_eq!(next(&mut stream).await, None);
        connection.closed().await;
        assert!(!upstream.is_being_called());
    }
}

#[tokio::test]
async fn tells_a_dropped_connection_and_does_not_ask_again() {
    for kind in KINDS {
        let upstream = Upstream::bind().await;
        let event = text_event(kind, "Half");
        let (mut connection, stream) = begun(&upstream, kind, &event).await;
        connection.chunk(&event[..event.len() / 2]).await;
        drop(connection);
        assert_eq!(
            rest(stream).await,
            [text("Half"), Err(ProviderError::Truncated)]
        );
        assert!(!upstream.is_being_called());
    }
}

#[tokio::test]
async fn tells_an_orderly_end_without_a_reason_as_truncated() {
    for kind in KINDS {
        let upstream = Upstream::bind().await;
        let (mut connection, stream) = begun(&upstream, kind, &text_event(kind, "Half")).await;
        connection.end().await;
        assert_eq!(
            rest(stream).await,
            [text("Half"), Err(ProviderError::Truncated)]
        );
    }
}

#[tokio::test]
async fn takes_an_answer_without_its_formal_end_as_whole() {
    for kind in KINDS {
        for is_orderly in [true, false] {
            let upstream = Upstream::bind().await;
            let (mut connection, stream) = begun(&upstream, kind, &text_event(kind, "All")).await;
            connection.chunk(reason_event(kind)).await;
            if is_orderly {
                connection.end().await;
            }
            drop(connection);
            assert_eq!(rest(stream).await, [text("All"), DONE]);
        }
    }
}

#[tokio::test]
async fn takes_an_answer_as_whole_when_the_provider_forgets_to_hang_up() {
    for kind in KINDS {
        let upstream = Upstream::bind().await;
        let mut config = upstream.config(kind);
        config.timeouts.silence = Duration::from_millis(50);
        let provider = provider(&config);
        let sending = async {
            let (mut connection, _) = upstream.request().await;
            connection.send(STREAM_HEAD).await;
            connection
                .chunk(text_event(kind, "All") + reason_event(kind))
                .await;
            connection
        };
        let (stream, connection) = tokio::join!(provider.stream(prompt()), sending);
        assert_eq!(rest(stream.unwrap()).await, [text("All"), DONE]);
        connection.closed().await;
    }
}

#[tokio::test]
async fn gives_up_on_a_provider_that_falls_silent() {
    for kind in KINDS {
        let upstream = Upstream::bind().await;
        let mut config = upstream.config(kind);
        config.timeouts.silence = Duration::from_millis(50);
        let provider = provider(&config);
        let sending = async {
            let (mut connection, _) = upstream.request().await;
            connection.send(STREAM_HEAD).await;
            connection.chunk(text_event(kind, "Half")).await;
            connection
        };
        let (stream, connection) = tokio::join!(provider.stream(prompt()), sending);
        let silence = Err(ProviderError::Timeout { stage: "silence" });
        assert_eq!(rest(stream.unwrap()).await, [text("Half"), silence]);
        connection.closed().await;
        assert!(!upstream.is_being_called());
    }
}

#[tokio::test]
async fn hangs_up_when_the_stream_is_dropped() {
    for kind in KINDS {
        let upstream = Upstream::bind().await;
        let (connection, mut stream) = begun(&upstream, kind, &text_event(kind, "Half")).await;
        assert_eq!(next(&mut stream).await, Some(text("Half")));
        drop(stream);
        connection.closed().await;
    }
}

#[tokio::test]
async fn hangs_up_when_the_call_is_dropped_before_the_first_byte() {
    for kind in KINDS {
        let upstream = Upstream::bind().await;
        let provider = upstream.provider(kind);
        let call = tokio::spawn(async move { provider.stream(prompt()).await.is_ok() });
        let (connection, _) = upstream.request().await;
        call.abort();
        connection.closed().await;
    }
}

#[tokio::test]
async fn uses_the_connection_again() {
    for kind in KINDS {
        let upstream = Upstream::bind().await;
        let provider = upstream.provider(kind);
        let (mut connection, mut answer) = {
            let sending = async {
                let (mut connection, _) = upstream.request().await;
                connection.send(STREAM_HEAD).await;
                connection
                    .chunk(text_event(kind, "One") + reason_event(kind) + end_event(kind))
                    .await;
                connection
            };
            let (answer, connection) = tokio::join!(provider.stream(prompt()), sending);
            (connection, answer.unwrap())
        };
        assert_eq!(next(&mut answer).await, Some(text("One")));
        assert_eq!(next(&mut answer).await, Some(DONE));
        // The end of the body comes later than the end of the answer.
        connection.end().await;
        assert_eq!(next(&mut answer).await, None);
        let sending = async {
            connection.request().await;
            connection.send(STREAM_HEAD).await;
            connection
                .chunk(text_event(kind, "Two") + reason_event(kind) + end_event(kind))
                .await;
            connection.end().await;
        };
        let (answer, ()) = within(async { tokio::join!(provider.stream(prompt()), sending) }).await;
        assert_eq!(rest(answer.unwrap()).await, [text("Two"), DONE]);
    }
}

#[tokio::test]
async fn rejects_an_event_without_end() {
    for kind in KINDS {
        let upstream = Upstream::bind().await;
        let (mut connection, stream) = begun(&upstream, kind, &text_event(kind, "Half")).await;
        let sending = async {
            let piece = vec![b'x'; 64 * 1024];
            connection
                .send_while_wanted(format!("{:x}\r\ndata: ", 1_usize << 30).as_bytes())
                .await;
            for _ in 0..32 {
                connection.send_while_wanted(&piece).await;
            }
        };
        let (events, ()) = tokio::join!(rest(stream), sending);
        assert_eq!(events.len(), 2);
        assert_eq!(events[0], text("Half"));
        assert!(
            matches!(&events[1], Err(ProviderError::Protocol { .. })),
            "{:?}",
            events[1]
        );
    }
}

#[tokio::test]
async fn uses_the_connection_again_though_nobody_waits_for_its_end() {
    for kind in KINDS {
        let upstream = Upstream::bind().await;
        let provider = upstream.provider(kind);
        let answer = text_event(kind, "All") + reason_event(kind) + end_event(kind);
        let answer = format!("{STREAM_HEAD}{:x}\r\n{answer}\r\n0\r\n\r\n", answer.len());
        let (mut connection, mut stream) = {
            let sending = async {
                let (mut connection, _) = upstream.request().await;
                connection.send(&answer).await;
                connection
            };
            let (stream, connection) = tokio::join!(provider.stream(prompt()), sending);
            (connection, stream.unwrap())
        };
        assert_eq!(next(&mut stream).await, Some(text("All")));
        assert_eq!(next(&mut stream).await, Some(DONE));
        drop(stream);
        let sending = async {
            connection.request().await;
            connection.send(&answer).await;
        };
        let (stream, ()) = within(async { tokio::join!(provider.stream(prompt()), sending) }).await;
        assert!(stream.is_ok());
    }
}
