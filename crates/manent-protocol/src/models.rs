//! `GET /models`.

use serde::{Deserialize, Serialize};

/// A model that can be asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ModelResource {
    /// For `config.provider`.
    pub provider: String,
    /// For `config.model`.
    pub model: String,
    /// For people.
    pub name: String,
    /// True for the one that answers when nothing is asked for.
    pub default: bool,
    /// Takes pictures; absent when that is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vision: Option<bool>,
    /// Thinks before it answers; absent when that is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reasoning: Option<bool>,
    /// In tokens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context_window: Option<u64>,
}

/// The model that answers when nothing is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DefaultModel {
    /// For `config.provider`.
    pub provider: String,
    /// For `config.model`.
    pub model: String,
}

/// What is configured.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ModelList {
    /// The default first.
    pub models: Vec<ModelResource>,
    /// `null` when there is no model at all.
    pub default: Option<DefaultModel>,
    /// True when only the built-in demonstration answers.
    pub demo: bool,
}
