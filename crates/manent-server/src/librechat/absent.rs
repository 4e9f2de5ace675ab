//! What the client asks for and Manent does not have: truthful answers that are as short as the client takes them, so that nothing fails and
//! nothing dead is shown.

use axum::Json as JsonAnswer;
use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::access::Reading;

/// No list of anything.
pub(super) async fn empty_list(_: Reading) -> JsonAnswer<Value> {
    JsonAnswer(json!([]))
}

/// Nothing by any name.
pub(super) async fn empty_table(_: Reading) -> JsonAnswer<Value> {
    JsonAnswer(json!({}))
}

/// No agents.
pub(super) async fn agents(_: Reading) -> JsonAnswer<Value> {
    JsonAnswer(json!({
        "object": "list", "data": [], "first_id": null, "last_id": null, "has_more": false, "after": null
    }))
}

/// Nobody has set a key for searching the web.
pub(super) async fn web_search(_: Reading) -> JsonAnswer<Value> {
    JsonAnswer(json!({"authenticated": false, "authTypes": []}))
}

/// No servers of tools are connected.
pub(super) async fn tool_connections(_: Reading) -> JsonAnswer<Value> {
    JsonAnswer(json!({"success": true, "connectionStatus": {}}))
}

/// No servers of tools have any.
pub(super) async fn tools_by_server(_: Reading) -> JsonAnswer<Value> {
    JsonAnswer(json!({"servers": {}}))
}

/// No skills.
pub(super) async fn skills(_: Reading) -> JsonAnswer<Value> {
    JsonAnswer(json!({"skills": [], "has_more": false, "after": null}))
}

/// Nothing is remembered across conversations.
pub(super) async fn memories(_: Reading) -> JsonAnswer<Value> {
    JsonAnswer(
        json!({"memories": [], "totalTokens": 0, "tokenLimit": null, "usagePercentage": null}),
    )
}

/// Speech is not configured, in the word that the client takes for that.
pub(super) async fn speech(_: Reading) -> JsonAnswer<Value> {
    JsonAnswer(json!({"message": "not_found"}))
}

/// There are no balances.
pub(super) async fn balance(_: Reading) -> StatusCode {
    StatusCode::NO_CONTENT
}

/// Nothing is announced; strangers may know that too.
pub(super) async fn banner() -> StatusCode {
    StatusCode::OK
}
