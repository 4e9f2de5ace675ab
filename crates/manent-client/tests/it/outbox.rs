//! What is queued reaches the server, once and in order, and stays until then.

use manent_testkit::TestServer;
use tempfile::tempdir;

use crate::support::builder;

#[tokio::test]
async fn a_message_and_its_answer_are_kept_on_the_server() -> anyhow::Result<()> {
    let server = TestServer::start().await?;
    let directory = tempdir()?;
    let client = builder(server.address(), directory.path()).open().await?;

    let mut sent = client.messages().send_message("Hello", None).await?;
    let answer = sent.answer.end().await;
    client.persistence().flush().await;

    let stored = server
        .client()
        .all_messages(&sent.conversation_id.to_string())
        .await?;
    let texts: Vec<_> = stored
        .iter()
        .map(|message| {
            (
                message["role"].as_str(),
                message["content"][0]["text"].as_str(),
            )
        })
        .collect();
    assert_eq!(
        texts,
        [
            (Some("user"), Some("Hello")),
            (Some("assistant"), Some(answer.text.as_str()))
        ]
    );
    assert_eq!(client.persistence().queue_status().unsaved(), 0);
    assert!(client.messages().pending_answers().is_empty());
    Ok(())
}
