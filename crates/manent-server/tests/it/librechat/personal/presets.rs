//! Presets.

use serde_json::{Value, json};

use super::{each, read, send, world};
use crate::support::Test;

#[tokio::test]
async fn one_preset_is_the_default_and_all_are_deleted_when_none_is_named() -> Test {
    let server = world().await?;
    let client = server.client();
    let make = async |body: Value| send(client, "POST", "/api/presets", body).await;
    let (status, first) = make(json!({"title": "First", "endpoint": "own", "temperature": 0.5, "top_p": null, "defaultPreset": true})).await?;
    assert_eq!(
        (status, &first["defaultPreset"], &first["order"]),
        (201, &json!(true), &json!(0)),
        "{first}"
    );
    assert_eq!(first.get("top_p"), None);
    let (_, second) =
        make(json!({"presetId": "second", "title": "Second", "endpoint": "own"})).await?;
    assert_eq!(
        each(&read(client, "/api/presets").await?, "title"),
        ["First", "Second"]
    );
    let (_, changed) = make(json!({"presetId": "second", "defaultPreset": true})).await?;
    assert_eq!(
        (&changed["title"], &changed["_id"]),
        (&json!("Second"), &second["_id"])
    );
    let list = read(client, "/api/presets").await?;
    assert_eq!(each(&list, "title"), ["Second", "First"]);
    assert_eq!(each(&list, "defaultPreset"), [&json!(true), &Value::Null]);
    let gone = json!({"acknowledged": true, "deletedCount": 1});
    let delete = async |body: Value| send(client, "POST", "/api/presets/delete", body).await;
    assert_eq!(
        delete(json!({"presetId": "second"})).await?,
        (201, gone.clone())
    );
    assert_eq!(
        delete(json!({"presetId": "second"})).await?.1["deletedCount"],
        0
    );
    assert_eq!(delete(json!({})).await?, (201, gone));
    assert_eq!(read(client, "/api/presets").await?, json!([]));
    Ok(())
}

#[tokio::test]
async fn bad_presets_are_refused() -> Test {
    let server = world().await?;
    let client = server.client();
    for body in [
        json!({"presetId": 1}),
        json!({"defaultPreset": "yes"}),
        json!({"order": []}),
        json!({"title": "x".repeat(70_000)}),
    ] {
        let (status, answer) = send(client, "POST", "/api/presets", body).await?;
        assert_eq!(status, 400, "{answer}");
    }
    let (status, _) = send(
        client,
        "POST",
        "/api/presets/delete",
        json!({"presetId": 1}),
    )
    .await?;
    assert_eq!(status, 400, "a wrong id must not delete everything");
    assert_eq!(read(client, "/api/presets").await?, json!([]));
    Ok(())
}
