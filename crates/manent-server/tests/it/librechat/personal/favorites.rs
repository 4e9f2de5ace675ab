//! Favourites.

use serde_json::{Value, json};

use super::{read, send, world};
use crate::support::Test;

#[tokio::test]
async fn favorites_are_kept_as_they_were_set() -> Test {
    let server = world().await?;
    let client = server.client();
    let path = "/api/user/settings/favorites";
    assert_eq!(read(client, path).await?, json!([]));
    let list = json!([{"model": "m", "endpoint": "e"}, {"spec": "s"}]);
    let put = send(client, "POST", path, json!({ "favorites": list })).await?;
    assert_eq!(put, (200, list.clone()));
    for (body, words) in [
        (json!({}), "Favorites data is required"),
        (json!({"favorites": "a"}), "Favorites must be an array"),
        (
            json!({"favorites": [{}]}),
            "Each favorite must have either agentId, model+endpoint, or spec",
        ),
        (
            json!({"favorites": [{"model": "m"}]}),
            "model and endpoint must be provided together",
        ),
    ] {
        let refused = send(client, "POST", path, body).await?;
        assert_eq!(refused, (400, json!({"message": words})));
    }
    let many = vec![json!({"spec": "s"}); 51];
    let (status, refused) = send(client, "POST", path, json!({ "favorites": many })).await?;
    assert_eq!(
        (status, &refused["code"]),
        (400, &json!("MAX_FAVORITES_EXCEEDED"))
    );
    assert_eq!(read(client, path).await?, list);
    Ok(())
}

#[tokio::test]
async fn tools_are_added_once_and_removed() -> Test {
    let server = world().await?;
    let client = server.client();
    let tool = json!({"itemType": "mcp", "itemId": "a b"});
    for _ in 0..2 {
        let added = send(
            client,
            "PUT",
            "/api/user/settings/favorites/tools/mcp/a%20b",
            Value::Null,
        )
        .await?;
        assert_eq!(added, (200, tool.clone()));
    }
    let list = "/api/user/settings/favorites/tools";
    assert_eq!(read(client, list).await?, json!([tool]));
    let (status, refused) = send(client, "PUT", &format!("{list}/agent/x"), Value::Null).await?;
    assert_eq!(
        (status, &refused["code"]),
        (400, &json!("INVALID_ITEM_TYPE"))
    );
    for _ in 0..2 {
        let removed = send(client, "DELETE", &format!("{list}/mcp/a%20b"), Value::Null).await?;
        assert_eq!(removed, (200, json!({"ok": true})));
    }
    assert_eq!(read(client, list).await?, json!([]));
    Ok(())
}
