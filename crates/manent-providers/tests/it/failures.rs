//! Answers that are no stream of events.

use manent_domain::completion::ProviderError;
use manent_providers::ProviderKind;

use crate::upstream::{KINDS, Upstream, prompt, refused, within};

async fn answered(kind: ProviderKind, status: &str, headers: &str, body: &str) -> ProviderError {
    let upstream = Upstream::bind().await;
    let provider = upstream.provider(kind);
    let answering = async {
        let (mut connection, _) = upstream.request().await;
        connection.respond(status, headers, body).await;
        connection
    };
    let (result, _connection) =
        within(async { tokio::join!(provider.stream(prompt()), answering) }).await;
    assert!(!upstream.is_being_called());
    refused(result)
}

#[tokio::test]
async fn does_not_follow_a_redirect() {
    for kind in KINDS {
        let elsewhere = Upstream::bind().await;
        let headers = format!("location: {}\r\n", elsewhere.url());
        let error = answered(kind, "307 Temporary Redirect", &headers, "").await;
        assert!(matches!(error, ProviderError::Protocol { .. }), "{error:?}");
        assert!(!elsewhere.is_being_called());
    }
}

#[tokio::test]
async fn finds_an_error_in_a_success() {
    for kind in KINDS {
        for headers in ["content-type: application/json\r\n", ""] {
            let body = r#"{"error":{"message":"no such model","code":404}}"#;
            assert_eq!(
                answered(kind, "200 OK", headers, body).await,
                ProviderError::BadRequest {
                    detail: "no such model".to_owned()
                }
            );
        }
    }
}

#[tokio::test]
async fn says_what_came_instead_of_a_stream() {
    for (body, what) in [
        (r#"{"choices":[],"error":null}"#, "a JSON document"),
        ("\n[1, 2", "a JSON document"),
        ("<html>Welcome</html>", "a web page"),
    ] {
        for kind in KINDS {
            let detail = format!(
                "it answered with {what} instead of a stream of events; check the base URL"
            );
            assert_eq!(
                answered(kind, "200 OK", "", body).await,
                ProviderError::Protocol { detail }
            );
        }
    }
}

#[tokio::test]
async fn calls_an_empty_answer_truncated() {
    for kind in KINDS {
        let headers = "content-type: text/event-stream\r\n";
        assert_eq!(
            answered(kind, "200 OK", headers, "").await,
            ProviderError::Truncated
        );
    }
}

#[tokio::test]
async fn reads_no_more_of_an_explanation_than_is_sensible() {
    for kind in KINDS {
        let upstream = Upstream::bind().await;
        let provider = upstream.provider(kind);
        let answering = async {
            let (mut connection, _) = upstream.request().await;
            connection
                .send("HTTP/1.1 400 Bad Request\r\ncontent-length: 1000000000\r\n\r\n")
                .await;
            // More than is read, and then never the rest.
            connection.send_while_wanted(&vec![b'x'; 70 * 1024]).await;
            connection
        };
        let (result, connection) =
            within(async { tokio::join!(provider.stream(prompt()), answering) }).await;
        match refused(result) {
            ProviderError::BadRequest { detail } => assert_eq!(detail.chars().count(), 500),
            other => panic!("{other:?}"),
        }
        connection.closed().await;
    }
}
