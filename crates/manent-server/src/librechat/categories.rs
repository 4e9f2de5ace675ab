//! `GET /api/categories`: what prompts can be filed under. The client has a word and a picture for each value.

use axum::Json as JsonAnswer;
use serde_json::{Value, json};

use crate::access::Reading;

/// The values that the client knows.
const VALUES: [&str; 9] = [
    "idea",
    "travel",
    "teach_or_explain",
    "write",
    "shop",
    "code",
    "misc",
    "roleplay",
    "finance",
];

/// All of them.
pub(super) async fn list(_: Reading) -> JsonAnswer<Value> {
    let categories = VALUES.iter();
    let categories =
        categories.map(|value| json!({"label": format!("com_ui_{value}"), "value": value}));
    JsonAnswer(categories.collect())
}
