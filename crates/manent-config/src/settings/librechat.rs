//! LibreChat's API, for its web client.

use super::setting;
use crate::config::Config;
use crate::setting::{Kind, Presence, Setting};

pub(super) static SETTINGS: &[Setting<Config>] = &[
    setting(
        "librechat.enabled",
        Presence::Default("false"),
        Kind::Switch(|config, value| config.librechat.enabled = value),
        "Whether LibreChat's paths (/api/…) are served, for its web client. LibreChat's own configuration (`librechat.yaml`, `.env`, its environment variables) is read then: it holds where this one says nothing.",
    ),
    setting(
        "librechat.config",
        Presence::Optional("librechat.yaml"),
        Kind::Path(|config, value| config.librechat.config = Some(value)),
        "LibreChat's configuration file; `.env` is looked for beside it. Without it: what the variable CONFIG_PATH names, else librechat.yaml in the current directory, if it is there.",
    ),
    setting(
        "librechat.ui",
        Presence::Optional("/srv/librechat/client/dist"),
        Kind::Path(|config, value| config.librechat.ui = Some(value)),
        "The directory with a build of LibreChat's web client (its client/dist), which is served at / then, with LibreChat's paths; Manent's own page is at /manent. `manent serve --ui librechat=DIRECTORY` sets it.",
    ),
];
