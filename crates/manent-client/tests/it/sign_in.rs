//! An expired session costs nothing.

use manent_client::{AnswerStage, AnswerWait, ApiError, WaitReason};
use serde_json::json;

use crate::support::{Test, World, lines, saved, soon};

#[tokio::test]
async fn everything_waits_for_someone_to_sign_in_and_goes_on_then() -> Test {
    let world = World::with("[testing]\nsign_in_switch = true").await?;
    let switch = |needed: bool| {
        let client = world.server().map(|server| server.client().clone());
        async move {
            client?
                .post("/testing/sign-in-needed", &json!({"needed": needed}))
                .await
        }
    };
    switch(true).await?;
    let client = world.client().await?;
    let mut sent = client.messages().send_message("Hello", None).await?;
    let mut status = client.persistence().watch_status();
    soon(status.wait_for(|status| status.wait == Some(WaitReason::SignIn))).await??;
    let is_paused = AnswerStage::Waiting(AnswerWait::SignIn);
    soon(async { while sent.answer.changed().await.stage != is_paused {} }).await?;
    assert_eq!(
        client.conversations().get(sent.conversation_id).await,
        Err(ApiError::SignInNeeded)
    );

    // Nothing goes on by itself, and nothing is lost.
    let status = client.persistence().queue_status();
    assert!(status.is_paused_for_sign_in && status.unsaved() == 1 && status.failed == 0);

    switch(false).await?;
    client.signed_in();
    assert_eq!(soon(sent.answer.end()).await?.text, "You said: Hello");
    saved(&client).await?;
    assert_eq!(
        world.said(sent.conversation_id).await?,
        lines(&[("user", "Hello"), ("assistant", "You said: Hello")])
    );
    Ok(())
}
