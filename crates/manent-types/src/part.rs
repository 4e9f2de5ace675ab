//! The parts of a message's content.

use serde::{Deserialize, Serialize};

/// One part of a message's content.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Part {
    /// Words.
    Text {
        /// Markdown.
        text: String,
    },
    /// What the model thought before it answered.
    #[serde(rename_all = "camelCase")]
    Reasoning {
        /// Markdown.
        text: String,
        /// How long the thinking took, in milliseconds.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        duration_ms: Option<u64>,
        /// The provider's proof that the thinking is its own; sent back to it unchanged.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        signature: Option<String>,
    },
    /// A picture: either `data` with `mediaType`, or `url`.
    #[serde(rename_all = "camelCase")]
    Image {
        /// Such as `image/png`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        media_type: Option<String>,
        /// Base64.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        data: Option<String>,
        /// Where the provider can fetch it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        url: Option<String>,
    },
    /// The model asks for a tool.
    ToolCall {
        /// The call's id, given by the provider.
        id: String,
        /// The tool's name.
        name: String,
        /// The arguments, an object.
        #[cfg_attr(feature = "openapi", schema(value_type = Object))]
        arguments: serde_json::Value,
    },
    /// What the tool answered.
    #[serde(rename_all = "camelCase")]
    ToolResult {
        /// The id of the call that it answers.
        tool_call_id: String,
        /// The answer.
        content: String,
        /// True when the tool failed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        is_error: Option<bool>,
    },
    /// What went wrong while the answer was made.
    Error {
        /// Stable code.
        code: String,
        /// For people.
        detail: String,
    },
}

/// The words of a message for search and titles: its text parts joined by line breaks.
pub fn text_of(parts: &[Part]) -> String {
    let mut whole = String::new();
    for part in parts {
        if let Part::Text { text } = part {
            if !whole.is_empty() {
                whole.push('\n');
            }
            whole.push_str(text);
        }
    }
    whole
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_a_field_that_the_part_does_not_have() {
        let error = serde_json::from_str::<Part>(r#"{"type":"text","text":"a","txet":"b"}"#);
        assert!(error.is_err());
    }

    #[test]
    fn is_written_in_camel_case() {
        let part = Part::ToolResult {
            tool_call_id: "t1".to_owned(),
            content: "42".to_owned(),
            is_error: None,
        };
        assert_eq!(
            serde_json::to_string(&part).unwrap(),
            r#"{"type":"toolResult","toolCallId":"t1","content":"42"}"#
        );
    }
}
