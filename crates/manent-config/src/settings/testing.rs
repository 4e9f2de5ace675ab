//! What only tests of clients switch on.

use super::setting;
use crate::config::Config;
use crate::setting::{Kind, Presence, Setting};

pub(super) static SETTINGS: &[Setting<Config>] = &[setting(
    "testing.sign_in_switch",
    Presence::Default("false"),
    Kind::Switch(|config, value| config.testing.sign_in_switch = value),
    "Whether POST /testing/sign-in-needed is there, with which a test lets everyone's session expire: the API answers 401 until it is taken back.",
)];
