//! The limits that bound every input. They are values, so that configuration can change them.

/// Bounds of what a client may send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The text of one message in bytes, all its text, reasoning, tool and error parts together.
    pub message_text_bytes: usize,
    /// The pictures of one message in bytes of base64, all together.
    pub message_image_bytes: usize,
    /// Parts of one message.
    pub message_parts: usize,
    /// Messages in one append.
    pub batch_items: usize,
    /// Messages in one completion request.
    pub prompt_messages: usize,
    /// A title in characters.
    pub title_characters: usize,
    /// A system prompt in bytes.
    pub system_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            message_text_bytes: 256 * 1024,
            message_image_bytes: 2_900_000,
            message_parts: 1_000,
            batch_items: 200,
            prompt_messages: 10_000,
            title_characters: 200,
            system_bytes: 64 * 1024,
        }
    }
}
