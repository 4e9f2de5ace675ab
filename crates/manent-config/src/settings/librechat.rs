//! LibreChat's API, for its web client.

use super::setting;
use crate::config::Config;
use crate::setting::{Kind, Presence, Setting};

pub(super) static SETTINGS: &[Setting<Config>] = &[setting(
    "librechat.enabled",
    Presence::Default("false"),
    Kind::Switch(|config, value| config.librechat.enabled = value),
    "Whether LibreChat's paths (/api/…) are served, in the modes accounts and oidc. So far: what is about accounts; its web client needs more than that.",
)];
