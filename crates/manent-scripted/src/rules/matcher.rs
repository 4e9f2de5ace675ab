//! Which requests a rule takes.

use std::ops::RangeInclusive;

use manent_types::Role;
use regex::Regex;

use crate::script::ScriptRequest;

/// A test of the last user text.
#[derive(Debug, Clone)]
pub(crate) enum TextTest {
    /// The trimmed text is one of these.
    Exact(Vec<String>),
    /// One of these stands in the text.
    Contains(Vec<String>),
    /// The pattern is found in the text.
    Pattern(Regex),
}

/// The conditions of a rule; all that are given must hold.
#[derive(Debug, Clone)]
pub struct Matcher {
    pub(crate) text: Option<TextTest>,
    pub(crate) ignores_case: bool,
    pub(crate) models: Vec<String>,
    pub(crate) system_contains: Option<String>,
    pub(crate) turn: RangeInclusive<u64>,
    pub(crate) prompt_chars: RangeInclusive<u64>,
    pub(crate) last_role: Option<Role>,
    pub(crate) has_image: Option<bool>,
}

impl Matcher {
    /// Takes every request.
    pub(crate) const fn everything() -> Self {
        Self {
            text: None,
            ignores_case: false,
            models: Vec::new(),
            system_contains: None,
            turn: 0..=u64::MAX,
            prompt_chars: 0..=u64::MAX,
            last_role: None,
            has_image: None,
        }
    }

    /// Whether this matcher has no condition.
    pub(crate) fn takes_everything(&self) -> bool {
        self.text.is_none()
            && self.models.is_empty()
            && self.system_contains.is_none()
            && self.turn == (0..=u64::MAX)
            && self.prompt_chars == (0..=u64::MAX)
            && self.last_role.is_none()
            && self.has_image.is_none()
    }

    /// The names of the pattern's groups by number; empty without a pattern.
    pub(crate) fn capture_names(&self) -> Vec<Option<String>> {
        match &self.text {
            Some(TextTest::Pattern(pattern)) => pattern
                .capture_names()
                .map(|name| name.map(str::to_owned))
                .collect(),
            _ => Vec::new(),
        }
    }

    /// What the pattern captured (nothing without a pattern) when every condition holds.
    pub(crate) fn matches(&self, request: &ScriptRequest) -> Option<Vec<String>> {
        let others_hold = (self.models.is_empty() || self.models.contains(&request.model))
            && self.turn.contains(&request.turn)
            && self.prompt_chars.contains(&request.prompt_chars)
            && self.last_role.is_none_or(|role| role == request.last_role)
            && self
                .has_image
                .is_none_or(|expected| expected == request.has_image)
            && self
                .system_contains
                .as_deref()
                .is_none_or(|part| self.contains(request.system.as_deref().unwrap_or(""), part));
        if !others_hold {
            return None;
        }
        let text = request.last_user_text.as_str();
        match &self.text {
            None => Some(Vec::new()),
            Some(TextTest::Exact(texts)) => texts
                .iter()
                .any(|wanted| self.equals(text.trim(), wanted.trim()))
                .then(Vec::new),
            Some(TextTest::Contains(parts)) => parts
                .iter()
                .any(|part| self.contains(text, part))
                .then(Vec::new),
            Some(TextTest::Pattern(pattern)) => pattern.captures(text).map(|captures| {
                captures
                    .iter()
                    .map(|group| group.map_or_else(String::new, |found| found.as_str().to_owned()))
                    .collect()
            }),
        }
    }

    fn equals(&self, text: &str, wanted: &str) -> bool {
        if self.ignores_case {
            text.to_lowercase() == wanted.to_lowercase()
        } else {
            text == wanted
        }
    }

    fn contains(&self, text: &str, part: &str) -> bool {
        if self.ignores_case {
            text.to_lowercase().contains(&part.to_lowercase())
        } else {
            text.contains(part)
        }
    }
}
