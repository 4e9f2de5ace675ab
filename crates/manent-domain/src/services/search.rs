//! Search.

use std::sync::Arc;

use manent_types::UserId;

use crate::conversation::Page;
use crate::error::DomainError;
use crate::ports::SearchRepository;
use crate::search::{SearchCursor, SearchHit, SearchOrder, SearchQuery};

/// The most words that a search looks for.
const MAX_WORDS: usize = 16;

/// The longest query in characters.
const MAX_CHARACTERS: usize = 300;

/// Turns what a person typed into a search.
#[derive(Clone)]
pub struct SearchService {
    repository: Arc<dyn SearchRepository>,
}

impl SearchService {
    /// A service over this port.
    pub fn new(repository: Arc<dyn SearchRepository>) -> Self {
        Self { repository }
    }

    /// Searches the owner's titles and messages. `limit` is held between 1 and 50.
    ///
    /// # Errors
    /// A query that is too long or has no words, or a failing store.
    pub async fn search(
        &self,
        owner: UserId,
        text: &str,
        order: SearchOrder,
        after: Option<SearchCursor>,
        limit: usize,
    ) -> Result<Page<SearchHit, SearchCursor>, DomainError> {
        if text.chars().count() > MAX_CHARACTERS {
            let reason = format!("has more than {MAX_CHARACTERS} characters");
            return Err(DomainError::Invalid { field: "q", reason });
        }
        let words = words(text);
        if words.is_empty() {
            let reason = "has no letter or digit to search for".to_owned();
            return Err(DomainError::Invalid { field: "q", reason });
        }
        let query = SearchQuery {
            words,
            order,
            limit: limit.clamp(1, 50),
            after,
        };
        Ok(self.repository.search(owner, query).await?)
    }
}

/// ASCII punctuation and spaces separate words. Everything else stays inside, above all marks that combine with the letter before
/// them; what a store's tokeniser splits further, it has to find as a phrase.
fn words(text: &str) -> Vec<String> {
    let separates = |character: char| {
        character.is_whitespace()
            || character.is_control()
            || (character.is_ascii() && !character.is_ascii_alphanumeric())
    };
    text.split(separates)
        .filter(|word| word.chars().any(char::is_alphanumeric))
        .take(MAX_WORDS)
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn query_syntax_is_only_words() {
        assert_eq!(
            words("\"a\" OR b* NEAR(c) -d:e"),
            ["a", "OR", "b", "NEAR", "c", "d", "e"]
        );
        assert!(words("*** \" —").is_empty());
    }

    #[test]
    fn a_combining_mark_stays_with_its_letter() {
        assert_eq!(
            words("cafe\u{301}s à-propos"),
            ["cafe\u{301}s", "à", "propos"]
        );
    }
}
