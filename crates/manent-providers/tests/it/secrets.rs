//! A key goes to the provider and nowhere else.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt::MakeWriter;

use crate::upstream::{
    KINDS, STREAM_HEAD, Upstream, error_event, prompt, provider, refused, rest, within,
};

const KEY: &str = "sk-very-secret-0123456789";
const HEADER: &str = "another-secret-value";

/// Keeps what is logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'writer> MakeWriter<'writer> for Log {
    type Writer = Self;

    fn make_writer(&'writer self) -> Self {
        self.clone()
    }
}

#[tokio::test]
async fn shows_a_key_in_no_error_log_or_debug_text() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(LevelFilter::TRACE)
        .with_writer(log.clone())
        .finish();
    // This runtime has one thread: everything is logged here.
    let guard = tracing::subscriber::set_default(subscriber);
    let mut shown = Vec::new();
    for kind in KINDS {
        let upstream = Upstream::bind().await;
        let mut config = upstream.config(kind);
        config.api_key = Some(KEY.into());
        config.headers = vec![("x-more".to_owned(), HEADER.into())];
        shown.push(format!("{config:?}"));
        let provider = provider(&config);
        let body = format!(r#"{{"error":{{"message":"wrong key {KEY} and {HEADER}"}}}}"#);
        for status in ["401 No", "400 No", "429 No", "500 No"] {
            let answering = async {
                let (mut connection, request) = upstream.request().await;
                assert!(request.head.contains(KEY) && request.head.contains(HEADER));
                connection
                    .respond(status, "connection: close\r\nretry-after: 60\r\n", &body)
                    .await;
            };
            let (result, ()) =
                within(async { tokio::join!(provider.stream(prompt()), answering) }).await;
            let error = refused(result);
            shown.push(format!("{error} {error:?}"));
        }
        let answering = async {
            let (mut connection, _) = upstream.request().await;
            connection.send(STREAM_HEAD).await;
            connection
                .chunk(error_event(kind, "api_error", &format!("key {KEY}")))
                .await;
            connection
        };
        let (stream, _connection) =
            within(async { tokio::join!(provider.stream(prompt()), answering) }).await;
        for event in rest(stream.unwrap()).await {
            shown.push(format!("{event:?}"));
        }
    }
    drop(guard);
    let shown = shown.concat();
    let logged = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(logged.contains("127.0.0.1"), "the log was kept");
    assert!(shown.contains("***"), "something was taken out");
    for (name, text) in [("shown", &shown), ("logged", &logged)] {
        for secret in [KEY, HEADER] {
            assert!(!text.contains(secret), "{secret} is {name}");
        }
    }
}
