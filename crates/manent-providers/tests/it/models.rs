//! Asking an endpoint for its models.

use manent_domain::completion::{ModelDescription, ProviderError};
use manent_providers::ProviderKind;

use crate::upstream::{KINDS, Upstream, provider, within};

#[tokio::test]
async fn offers_what_the_endpoint_has() {
    for (kind, path, list) in [
        (
            ProviderKind::Anthropic,
            "GET /v1/models?limit=1000 HTTP/1.1",
            r#"{"data":[{"type":"model","id":"m","display_name":"M","created_at":"2026-01-01T00:00:00Z"}]}"#,
        ),
        (
            ProviderKind::OpenAiCompatible,
            "GET /v1/models HTTP/1.1",
            r#"{"object":"list","data":[{"id":"m","name":"M","created":7}]}"#,
        ),
    ] {
        let upstream = Upstream::bind().await;
        let provider = upstream.provider(kind);
        assert!(provider.needs_models());
        let answering = async {
            let (mut connection, request) = upstream.request().await;
            assert_eq!(request.head.lines().next(), Some(path));
            connection.respond("200 OK", "", list).await;
        };
        let (models, ()) = within(async { tokio::join!(provider.fetch_models(), answering) }).await;
        let expected = vec![ModelDescription {
            provider: "here".to_owned(),
            model: "m".to_owned(),
            name: "M".to_owned(),
            vision: None,
            reasoning: None,
            context_window: None,
        }];
        assert_eq!(models, Ok(expected.clone()));
        assert_eq!(provider.models(), expected);
        assert!(!provider.needs_models());
    }
}

#[tokio::test]
async fn says_why_the_endpoint_tells_no_models() {
    for kind in KINDS {
        let upstream = Upstream::bind().await;
        let provider = provider(&upstream.config(kind));
        let answering = async {
            let (mut connection, _) = upstream.request().await;
            connection
                .respond("401 Unauthorized", "connection: close\r\n", "{}")
                .await;
            let (mut connection, _) = upstream.request().await;
            connection
                .send("HTTP/1.1 200 OK\r\ncontent-length: 100000000\r\n\r\n")
                .await;
            let piece = vec![b' '; 64 * 1024];
            for _ in 0..160 {
                connection.send_while_wanted(&piece).await;
            }
        };
        let asking = async { (provider.fetch_models().await, provider.fetch_models().await) };
        let ((denied, endless), ()) = within(async { tokio::join!(asking, answering) }).await;
        assert_eq!(denied, Err(ProviderError::Auth));
        assert!(matches!(endless, Err(ProviderError::Protocol { .. })));
        assert!(provider.needs_models());
    }
}
