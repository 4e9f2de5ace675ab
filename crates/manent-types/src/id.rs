//! Ids are UUIDs with a type of their own each, so that one can never stand for another.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The text is not a UUID.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a UUID")]
pub struct InvalidId;

macro_rules! uuid_newtype {
    ($(#[$meta:meta])* $name:ident) => {
        $(#[$meta])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
        pub struct $name(Uuid);

        impl $name {
            /// Wraps a UUID.
            pub const fn new(uuid: Uuid) -> Self {
                Self(uuid)
            }

            /// The UUID inside.
            pub const fn as_uuid(&self) -> Uuid {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.as_hyphenated().fmt(formatter)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(formatter, concat!(stringify!($name), "({})"), self.0)
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                Uuid::try_parse(text).map(Self).map_err(|_| InvalidId)
            }
        }
    };
}

uuid_newtype! {
    /// Who owns a row.
    UserId
}
uuid_newtype! {
    /// A conversation. Unique for its owner.
    ConversationId
}
uuid_newtype! {
    /// A message. Unique for its owner, over all of the owner's conversations.
    MessageId
}
uuid_newtype! {
    /// A run: one generation. Unique for its owner.
    RunId
}
uuid_newtype! {
    /// One process of the server, from its start to its end.
    NodeId
}
uuid_newtype! {
    /// A session: one sign-in on one client.
    SessionId
}
uuid_newtype! {
    /// An API key.
    ApiKeyId
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_writes() {
        let text = "0199c0de-0000-7000-8000-000000000001";
        let id: ConversationId = text.parse().unwrap();
        assert_eq!(id.to_string(), text);
        assert_eq!(serde_json::to_string(&id).unwrap(), format!("\"{text}\""));
    }

    #[test]
    fn refuses_what_is_no_uuid() {
        assert_eq!("hello".parse::<MessageId>(), Err(InvalidId));
        assert_eq!("".parse::<MessageId>(), Err(InvalidId));
    }
}
