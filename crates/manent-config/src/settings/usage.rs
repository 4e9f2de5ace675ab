//! How much one person or address may do.

use std::time::Duration;

use super::{seconds, setting};
use crate::config::Config;
use crate::setting::{Kind, Presence, Setting};

/// No number of things in a minute is larger.
const MANY: u64 = 1_000_000;

pub(super) static SETTINGS: &[Setting<Config>] = &[
    setting(
        "limits.messages_per_minute",
        Presence::Optional("600"),
        many("messages", |config, value| {
            config.limits.usage.messages_per_minute = Some(value);
        }),
        "Messages and changes that one person may have stored in a minute; what is stored already counts once. 0: without limit. Without it: 600 in the mode accounts, no limit in the mode local.",
    ),
    setting(
        "limits.messages_per_minute_by_address",
        Presence::Optional("3000"),
        many("messages", |config, value| {
            config.limits.usage.messages_per_minute_by_address = Some(value);
        }),
        "The same for everybody at one address together. 0: without limit. Without it: 3000 in the mode accounts, no limit in the mode local.",
    ),
    setting(
        "limits.generations_per_minute",
        Presence::Optional("60"),
        many("generations", |config, value| {
            config.limits.usage.generations_per_minute = Some(value);
        }),
        "Answers that one person may ask for in a minute; attaching to one that runs does not count. 0: without limit. Without it: 60 in the mode accounts, no limit in the mode local.",
    ),
    setting(
        "limits.generations_per_minute_by_address",
        Presence::Optional("300"),
        many("generations", |config, value| {
            config.limits.usage.generations_per_minute_by_address = Some(value);
        }),
        "The same for everybody at one address together. 0: without limit. Without it: 300 in the mode accounts, no limit in the mode local.",
    ),
    setting(
        "limits.concurrent_generations",
        Presence::Optional("20"),
        many("generations", |config, value| {
            config.limits.usage.concurrent_generations = Some(value);
        }),
        "Answers of one person that a server makes at the same time. 0: without limit. Without it: 20 in the mode accounts, no limit in the mode local.",
    ),
    setting(
        "limits.connections_by_address",
        Presence::Optional("256"),
        many("connections", |config, value| {
            config.limits.usage.connections_by_address = Some(value);
        }),
        "Open connections from one address; further ones are closed at once. Trusted proxies have no such limit. 0: without limit. Without it: 256 in the mode accounts, no limit in the mode local.",
    ),
    setting(
        "limits.budget_period",
        Presence::Default("24h"),
        Kind::Duration {
            least: seconds(10),
            most: Duration::from_hours(24 * 366),
            set: |config, value| config.limits.usage.budget_period = value,
        },
        "How long a period of the budgets is. Periods are counted from 1970 in UTC, so a day's begins at midnight.",
    ),
    setting(
        "limits.budget_generations",
        Presence::Optional("200"),
        Kind::Whole {
            least: 0,
            most: 1_000_000_000,
            unit: "generations",
            set: |config, value| config.limits.usage.budget_generations = Some(value),
        },
        "Answers that each person may have made in a period, on all servers together; in the mode accounts. 0, and without it: no limit.",
    ),
    setting(
        "limits.budget_tokens",
        Presence::Optional("1000000"),
        Kind::Whole {
            least: 0,
            most: 1_000_000_000_000,
            unit: "tokens",
            set: |config, value| config.limits.usage.budget_tokens = Some(value),
        },
        "Tokens, in and out, that each person may use in a period, on all servers together; in the mode accounts. 0, and without it: no limit.",
    ),
    setting(
        "limits.budget_cost",
        Presence::Optional("5.00"),
        Kind::Dollars {
            most: 1_000_000,
            set: |config, value| config.limits.usage.budget_cost = Some(value),
        },
        "US dollars that the answers of each person may cost in a period, on all servers together; in the mode accounts. Every model needs a price then (`input_price`, `output_price`). 0, and without it: no limit.",
    ),
];

/// A number of things in a minute, or at once.
const fn many(unit: &'static str, set: fn(&mut Config, u64)) -> Kind<Config> {
    Kind::Whole {
        least: 0,
        most: MANY,
        unit,
        set,
    }
}
