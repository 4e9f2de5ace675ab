//! The frames about a turn as a whole: its beginning, its title, its end.

use serde_json::{Value, json};

use super::Frame;

/// The first frame: the person's message as it is stored.
pub fn created(message: &Value, conversation: &str) -> Frame {
    Frame::message(&json!({ "created": true, "message": message, "streamId": conversation }))
}

/// The conversation has a title.
pub fn title(conversation: &str, title: &str) -> Frame {
    Frame::event(
        "title",
        &json!({ "conversationId": conversation, "title": title }),
    )
}

/// The last frame: the conversation, the message and the answer as they are stored. What is absent the client keeps as it has it.
pub fn finished(conversation: &Value, request: Option<&Value>, response: Option<&Value>) -> Frame {
    Frame::message(&json!({
        "final": true,
        "conversation": conversation,
        "title": conversation["title"],
        "requestMessage": request,
        "responseMessage": response,
    }))
}

/// The last frame of an answer that a person stopped.
pub fn aborted(conversation: &Value, request: Option<&Value>, response: Option<&Value>) -> Frame {
    Frame::message(&json!({
        "final": true,
        "aborted": true,
        "earlyAbort": false,
        "conversation": conversation,
        "title": conversation["title"],
        "requestMessage": request,
        "responseMessage": response,
    }))
}
